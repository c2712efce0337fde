package vault

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"math/big"
	"strings"
)

// An API key is its prefix, by which secret scanners know it, 32 random bytes in
// base62, and a checksum, by which a mistyped key is refused without a look-up.
const (
	keyPrefix   = "amino_"
	secretChars = 43 // 62⁴³ > 2²⁵⁶
	sumChars    = 6  // 62⁶ > 2³²
	tokenBytes  = 16
	shopChars   = 22 // 62²² > 2¹²⁸
)

const base62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// NewAPIKey makes a key, to be shown once, and the hash by which it is kept.
func NewAPIKey() (key string, hash [32]byte) {
	secret := randomText(32, secretChars)
	key = keyPrefix + secret + checksum(secret)
	return key, sha256.Sum256([]byte(key))
}

// HashAPIKey is the hash of a key that somebody shows. It reports false for a
// text that has not the form of a key, or whose checksum is wrong.
func HashAPIKey(key string) (hash [32]byte, ok bool) {
	secret, prefixed := strings.CutPrefix(key, keyPrefix)
	if !prefixed || len(secret) != secretChars+sumChars || strings.Trim(secret, base62) != "" {
		return hash, false
	}
	if checksum(secret[:secretChars]) != secret[secretChars:] {
		return hash, false
	}
	return sha256.Sum256([]byte(key)), true
}

// NewShopToken is the last part of a shop's webhook URL: 128 random bits.
func NewShopToken() string { return randomText(tokenBytes, shopChars) }

// randomText is n random bytes in base62, filled to a fixed width.
func randomText(n, chars int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	text := new(big.Int).SetBytes(b).Text(len(base62))
	return strings.Repeat("0", chars-len(text)) + text
}

// checksum is the CRC-32 of the text in six characters of the same alphabet.
func checksum(text string) string {
	n := crc32.ChecksumIEEE([]byte(text))
	var out [sumChars]byte
	for i := range out {
		out[sumChars-1-i] = base62[n%62]
		n /= 62
	}
	return string(out[:])
}
