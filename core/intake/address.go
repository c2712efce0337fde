package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"aminobridge/core"
)

// maxAddress is the longest path that SMTP carries (RFC 5321), without its
// angle brackets; maxLocal is the most before the @.
const (
	maxAddress = 254
	maxLocal   = 64
)

// Address returns text as the one bare address that mail is sent to: trimmed, in
// NFC, its domain in ASCII and lower case. Anything else, also a quoted local
// part, which hardly a provider takes, is a *core.FieldError of the field email.
func Address(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", fault("required", "must not be empty")
	}
	// Decomposed letters and a domain in other script may be longer than what they
	// come to, but not more than so; beyond it the work below is not worth doing.
	if len(text) > 4*maxAddress {
		return "", fault("too_long", "must be at most 254 bytes")
	}
	if !utf8.ValidString(text) {
		return "", fault("invalid", "must be text in UTF-8")
	}
	local, domain, ok := cutLast(norm.NFC.String(text), "@")
	if !ok || !dotAtom(local) || len(local) > maxLocal {
		return "", fault("invalid", "must be one bare e-mail address like name@shop.example")
	}
	domain, err := idna.Lookup.ToASCII(domain)
	if err != nil || !hostName(domain) {
		return "", fault("invalid", "must end in the name of a mail domain, like shop.example")
	}
	address := local + "@" + domain
	if len(address) > maxAddress {
		return "", fault("too_long", "must be at most 254 bytes")
	}
	return address, nil
}

func fault(code, reason string) error {
	return &core.FieldError{Field: "email", Code: code, Reason: reason}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// dotAtom reports whether s is atoms joined by single dots, beyond ASCII with
// every visible character (RFC 6531).
func dotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, notInAtom) {
			return false
		}
	}
	return true
}

func notInAtom(r rune) bool {
	if r < utf8.RuneSelf {
		alnum := '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !alnum && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return !unicode.IsGraphic(r) || unicode.IsSpace(r)
}

// hostName asks for two labels and a last one that is no number: a bare host and
// an IP address take no mail.
func hostName(domain string) bool {
	before, last, ok := cutLast(domain, ".")
	if !ok || before == "" || last == "" || last[0] >= '0' && last[0] <= '9' {
		return false
	}
	for label := range strings.SplitSeq(before, ".") {
		if label == "" {
			return false
		}
	}
	return len(domain) <= 253
}
