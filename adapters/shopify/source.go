// Package shopify speaks Shopify's side of the wire. It hides how a webhook is
// signed, which headers carry its topic, and the shape of Shopify's bodies; out
// come core.Events.
package shopify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Source reads Shopify's webhooks. Its methods take the request's headers as a
// function that returns "" for a header that is missing or repeated.
type Source struct{}

// Platform is the name in the webhook's URL and of the shop's platform.
func (Source) Platform() string { return "shopify" }

// Signed reports whether one of the secrets signed the body. There are two while
// a secret is rotated: Shopify signs with the old one for up to an hour. No
// secret, no signature: an HMAC under an empty key can be made by anyone.
func (Source) Signed(secrets []string, header func(string) string, body []byte) bool {
	claimed := header(familyOf(header).signature)
	signed := false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		sum := sign(secret, body)
		// A sum has one text only, so that nothing but the very same will do.
		want := base64.StdEncoding.AppendEncode(make([]byte, 0, 44), sum[:])
		// Every secret is tried, so that the time taken does not tell which one fits.
		signed = hmac.Equal(want, []byte(claimed)) || signed
	}
	return signed
}

// sign is HMAC-SHA256, to the letter of RFC 2104. It is written out because what
// hmac.New makes is for one key and has six parts on the heap, and here the key
// changes with the shop; all of this stays on the stack.
func sign(secret string, body []byte) (sum [sha256.Size]byte) {
	var pad [sha256.BlockSize]byte
	if len(secret) > len(pad) {
		sum = sha256.Sum256([]byte(secret))
		copy(pad[:], sum[:])
	} else {
		copy(pad[:], secret)
	}
	for i := range pad {
		pad[i] ^= 0x36
	}
	h := sha256.New()
	h.Write(pad[:])
	h.Write(body)
	h.Sum(sum[:0])
	for i := range pad {
		pad[i] ^= 0x36 ^ 0x5c
	}
	h.Reset()
	h.Write(pad[:])
	h.Write(sum[:])
	h.Sum(sum[:0])
	return sum
}

// Topic is the topic the headers claim, or "" if it cannot be one. The signature
// covers the body alone, so that a topic is a claim.
func (Source) Topic(header func(string) string) string {
	topic := header(familyOf(header).topic)
	if len(topic) > 100 || strings.ContainsFunc(topic, notInTopic) {
		return ""
	}
	return topic
}

func notInTopic(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/_.-", r)
}

// family is one of Shopify's two sets of header names.
type family struct{ signature, topic, test, triggeredAt string }

var (
	newer = family{"Shopify-Hmac-Sha256", "Shopify-Topic", "Shopify-Test", "Shopify-Triggered-At"}
	older = family{"X-Shopify-Hmac-Sha256", "X-Shopify-Topic", "X-Shopify-Test", "X-Shopify-Triggered-At"}
)

// familyOf is the newer family if the signature came under it. One request's
// headers are never read from both, or a header of one would be believed for the
// signature of the other.
func familyOf(header func(string) string) family {
	if header(newer.signature) != "" {
		return newer
	}
	return older
}
