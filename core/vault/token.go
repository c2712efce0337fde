package vault

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"

	"aminobridge/core"
)

// A token is version | vendor | invitation | MAC of what stands before it. It
// leads to the invitation without a search and says nothing about a person.
const (
	signedSize = 1 + 16 + 16
	tokenSize  = signedSize + macSize
	tokenChars = (tokenSize*8 + 5) / 6 // 66
)

// tokenText is strict: of the spare bits in the last character, only zero is
// ours, so that an invitation has one link for each version.
var tokenText = base64.RawURLEncoding.Strict()

// TokenVersion is the version of the token keys that a new letter uses.
func (k *Keys) TokenVersion() int { return len(k.reviews) }

// ReviewToken is the last part of the link to the review page: 66 characters. A
// version that was never made is a bug of the caller.
func (k *Keys) ReviewToken(version int, v core.VendorID, i core.InvitationID) string {
	return newToken(k.reviews, version, v, i)
}

// ParseReview reads a review token of any version. Every other text is refused
// alike, with core.ErrRefusedLink.
func (k *Keys) ParseReview(token string) (core.VendorID, core.InvitationID, error) {
	return parseToken(k.reviews, token)
}

// OptOutToken is the last part of the link by which a customer says no. It has a
// key of its own, so that neither link can be made from the other.
func (k *Keys) OptOutToken(version int, v core.VendorID, i core.InvitationID) string {
	return newToken(k.optOuts, version, v, i)
}

// ParseOptOut reads an opt-out token, as ParseReview does.
func (k *Keys) ParseOptOut(token string) (core.VendorID, core.InvitationID, error) {
	return parseToken(k.optOuts, token)
}

func newToken(macs []*mac, version int, v core.VendorID, i core.InvitationID) string {
	if version < 1 || version > len(macs) {
		panic(fmt.Sprintf("vault: token key version %d of %d", version, len(macs)))
	}
	var t [tokenSize]byte
	t[0] = byte(version)
	copy(t[1:], v[:])
	copy(t[17:], i[:])
	sum := macs[version-1].sign(t[:signedSize])
	copy(t[signedSize:], sum[:])
	return tokenText.EncodeToString(t[:])
}

func parseToken(macs []*mac, token string) (v core.VendorID, i core.InvitationID, err error) {
	var t [tokenSize]byte
	if len(token) != tokenChars {
		return v, i, core.ErrRefusedLink
	}
	// The decoder skips line ends, so a text with one comes out too short.
	n, err := tokenText.Decode(t[:], []byte(token))
	if err != nil || n != tokenSize || t[0] == 0 || int(t[0]) > len(macs) {
		return v, i, core.ErrRefusedLink
	}
	sum := macs[t[0]-1].sign(t[:signedSize])
	if subtle.ConstantTimeCompare(sum[:], t[signedSize:]) != 1 {
		return v, i, core.ErrRefusedLink
	}
	copy(v[:], t[1:])
	copy(i[:], t[17:])
	return v, i, nil
}

func (m *mac) sign(message []byte) [macSize]byte {
	s := m.begin()
	s.message = append(s.message, message...)
	return m.end(s)
}
