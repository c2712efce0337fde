package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"
	"sync"

	"aminobridge/core"
)

const macSize = 16

// AddressHash is by what an address is found without being kept: a keyed hash of
// 16 bytes, of the address in lower case without space around it, and another
// one for each vendor.
func (k *Keys) AddressHash(v core.VendorID, email string) []byte {
	s := k.address.begin()
	s.message = append(s.message, v[:]...)
	s.message = append(s.message, strings.ToLower(strings.TrimSpace(email))...)
	sum := k.address.end(s)
	return sum[:]
}

// Hash is a keyed hash of 16 bytes for look-ups by other texts of a person's
// order. Parts are kept apart: "a", "bc" is not "ab", "c".
func (k *Keys) Hash(purpose string, parts ...[]byte) []byte {
	s := k.lookup.begin()
	s.message = binary.AppendUvarint(s.message, uint64(len(purpose)))
	s.message = append(s.message, purpose...)
	for _, p := range parts {
		s.message = binary.AppendUvarint(s.message, uint64(len(p)))
		s.message = append(s.message, p...)
	}
	sum := k.lookup.end(s)
	return sum[:]
}

// mac makes MACs of HMAC-SHA-256, cut to 128 bits, under one key. Hashes are
// pooled: a reset one has its key schedule ready and allocates nothing.
type mac struct{ pool sync.Pool }

type macState struct {
	hmac    hash.Hash
	message []byte
	sum     []byte
}

func newMAC(key []byte) *mac {
	return &mac{sync.Pool{New: func() any { return &macState{hmac: hmac.New(sha256.New, key)} }}}
}

func derivedMAC(secret []byte, purpose string) (*mac, error) {
	key, err := derive(secret, purpose)
	return newMAC(key), err
}

func (m *mac) begin() *macState {
	s := m.pool.Get().(*macState)
	s.message = s.message[:0]
	return s
}

func (m *mac) end(s *macState) (sum [macSize]byte) {
	s.hmac.Reset()
	_, _ = s.hmac.Write(s.message) // a hash never returns an error
	s.sum = s.hmac.Sum(s.sum[:0])
	copy(sum[:], s.sum)
	clear(s.message)
	m.pool.Put(s)
	return sum
}
