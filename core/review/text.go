package review

import (
	"strings"
	"unicode"
)

// line is clean for a field of one line.
func line(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(clean(s), "\n", " "))
}

// clean keeps every word a customer wrote and drops what is no text: controls,
// and the characters that reorder whatever stands around them (U+202A to U+202E,
// U+2066 to U+2069). Marks and joiners that scripts and emoji need stay;
// bytes that are no UTF-8 become U+FFFD.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case r == '\t':
			return ' '
		case r == '\n':
			return r
		case unicode.IsControl(r), r == '\uFEFF', reorders(r):
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

func reorders(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}
