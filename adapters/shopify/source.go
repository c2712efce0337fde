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

var signature = base64.StdEncoding.Strict()

// Signed reports whether one of the secrets signed the body. There are two while
// a secret is rotated: Shopify signs with the old one for up to an hour. No
// secret, no signature: an HMAC under an empty key can be made by anyone.
func (Source) Signed(secrets []string, header func(string) string, body []byte) bool {
	text := header(family(header) + "Hmac-Sha256")
	// The decoder passes over line breaks, so that the length tells what is exact.
	if len(text) != signature.EncodedLen(sha256.Size) {
		return false
	}
	claimed, err := signature.DecodeString(text)
	if err != nil || len(claimed) != sha256.Size {
		return false
	}
	signed := false
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		// Every secret is tried, so that the time taken does not tell which one fits.
		signed = hmac.Equal(mac.Sum(nil), claimed) || signed
	}
	return signed
}

// Topic is the topic the headers claim, or "" if it cannot be one. The signature
// covers the body alone, so that a topic is a claim.
func (Source) Topic(header func(string) string) string {
	topic := header(family(header) + "Topic")
	if len(topic) > 100 || strings.ContainsFunc(topic, notInTopic) {
		return ""
	}
	return topic
}

func notInTopic(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/_.-", r)
}

// family is the prefix of the header names: the newer "Shopify-" if the signature
// came under it, else "X-Shopify-". One request's headers are never read from
// both, or a header of one would be believed for the signature of the other.
func family(header func(string) string) string {
	if header("Shopify-Hmac-Sha256") != "" {
		return "Shopify-"
	}
	return "X-Shopify-"
}
