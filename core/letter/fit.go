package letter

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// linkLike is what mail programs turn into a link by themselves.
var linkLike = regexp.MustCompile(`(?i)@|://|www\.|\pL\.\pL{2,}`)

// courtesies stand before a name; with one of them the whole name is used.
var courtesies = []string{"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "frau"}

// greetingName is the customer's first name, or "" if the name is not fit for a
// letter: it comes from whoever filled in a form, and must not be able to say
// anything, or lead anywhere, in the vendor's name.
func greetingName(name string) string {
	name = strings.TrimSpace(name)
	if utf8.RuneCountInString(name) > 60 || linkLike.MatchString(name) || !allRunes(name, inName) || digits(name) > 2 {
		return ""
	}
	words := strings.Fields(name)
	// "Lindner, Anna" is written the other way round; which way is not ours to guess.
	if len(words) == 0 || strings.Contains(name, ",") || !strings.ContainsFunc(name, unicode.IsLetter) {
		return ""
	}
	first := strings.ToLower(strings.TrimSuffix(words[0], "."))
	if strings.HasSuffix(words[0], ".") || slices.Contains(courtesies, first) {
		return strings.Join(words, " ")
	}
	return words[0]
}

func inName(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || strings.ContainsRune(" ,.'’`´·-‐", r)
}

func digits(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}

// orderName is what the order is called in the letter, or "" if its reference is
// not fit to be shown.
func orderName(ref string) string {
	ref = strings.TrimSpace(ref)
	if utf8.RuneCountInString(ref) > 40 || linkLike.MatchString(ref) || !allRunes(ref, inOrder) {
		return ""
	}
	return ref
}

func inOrder(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" #№._/-", r)
}

func allRunes(s string, fit func(rune) bool) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !fit(r) })
}

// tidy makes one line of a vendor's own text: whatever cannot be seen, or turns
// the direction of what follows, becomes a space.
func tidy(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, " "), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
}

func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// cut shortens s to n characters, the last of which then says that it was longer.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:n-1])) + "…"
}
