package review_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"aminobridge/core"
	"aminobridge/core/review"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// good is a form that nothing is wrong with.
func good() review.Form {
	return review.Form{Rating: "4", Title: "Good", Text: "Came soon.", DisplayName: "Kim", ShownAt: now.Add(-2 * time.Second), Now: now}
}

func TestCheckKeepsWhatWasWritten(t *testing.T) {
	got, err := review.Check(good())
	want := core.Review{Rating: 4, Title: "Good", Text: "Came soon.", DisplayName: "Kim"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestARatingAloneIsAReview(t *testing.T) {
	for _, rating := range []string{"1", "2", "3", "4", "5"} {
		got, err := review.Check(review.Form{Rating: rating, ShownAt: now.Add(-time.Hour), Now: now})
		if err != nil || got.Rating != int(rating[0]-'0') {
			t.Errorf("rating %s: got %d, %v", rating, got.Rating, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	cases := []struct {
		name, field, code string
		change            func(*review.Form)
	}{
		{"no rating pressed", "rating", "missing", func(f *review.Form) { f.Rating = "" }},
		{"no star", "rating", "missing", func(f *review.Form) { f.Rating = "0" }},
		{"a sixth star", "rating", "missing", func(f *review.Form) { f.Rating = "6" }},
		{"a sign", "rating", "missing", func(f *review.Form) { f.Rating = "+4" }},
		{"other digits", "rating", "missing", func(f *review.Form) { f.Rating = "٤" }},
		{"title of 201", "title", "too_long", func(f *review.Form) { f.Title = strings.Repeat("ä", 201) }},
		{"text of 5001", "text", "too_long", func(f *review.Form) { f.Text = strings.Repeat("😀", 5001) }},
		{"name of 81", "display_name", "too_long", func(f *review.Form) { f.DisplayName = strings.Repeat("x", 81) }},
		{"honeypot", "form", "trap", func(f *review.Form) { f.Honeypot = "http://buy.example" }},
		{"no stamp", "form", "stamp", func(f *review.Form) { f.ShownAt = time.Time{} }},
		{"under 2 s", "form", "too_fast", func(f *review.Form) { f.ShownAt = now.Add(-2*time.Second + time.Microsecond) }},
		{"stamp of tomorrow", "form", "too_fast", func(f *review.Form) { f.ShownAt = now.Add(24 * time.Hour) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := good()
			c.change(&f)
			got, err := review.Check(f)
			fault, ok := errors.AsType[*core.FieldError](err)
			if !ok || fault.Field != c.field || fault.Code != c.code || !errors.Is(err, core.ErrInvalid) {
				t.Fatalf("got %v, want %s at %s", err, c.code, c.field)
			}
			if got != (core.Review{}) {
				t.Errorf("a refused form made a review: %+v", got)
			}
		})
	}
}

func TestCheckNamesEveryFault(t *testing.T) {
	_, err := review.Check(review.Form{
		Title: strings.Repeat("x", 201), Text: strings.Repeat("x", 5001), DisplayName: strings.Repeat("x", 81),
		Honeypot: "x", Now: now,
	})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 5 {
		t.Errorf("got %v, want one fault each of rating, title, text, display_name and form", err)
	}
}

func TestLimitsCountCharacters(t *testing.T) {
	f := good()
	f.Title, f.Text, f.DisplayName = strings.Repeat("ä", 200), strings.Repeat("😀", 5000), strings.Repeat("ß", 80)
	got, err := review.Check(f)
	if err != nil || got.Title != f.Title || got.Text != f.Text || got.DisplayName != f.DisplayName {
		t.Errorf("got %v, want all of it kept", err)
	}
}

func TestCleanText(t *testing.T) {
	cases := []struct{ name, typed, want string }{
		{"a browser's line ends", "one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"},
		{"space around", " \n two \n ", "two"},
		{"tab", "a\tb", "a b"},
		{"controls", "a\x00b\x1b[31mc\u0085d", "ab[31mcd"},
		{"bidi overrides", "\u202eevil\u202c \u2066x\u2069", "evil x"},
		{"marks that Hebrew needs", "\u200fשלום\u200e!", "\u200fשלום\u200e!"},
		{"joined emoji", "👩\u200d🚀", "👩\u200d🚀"},
		{"joiners that Persian needs", "می\u200cخواهم", "می\u200cخواهم"},
		{"byte order mark", "\ufeffa", "a"},
		{"bad UTF-8", "a\xffb", "a\ufffdb"},
		{"markup is text", "<script>alert(1)</script>", "<script>alert(1)</script>"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := good()
			f.Text = c.typed
			if got, err := review.Check(f); err != nil || got.Text != c.want {
				t.Errorf("got %q, %v, want %q", got.Text, err, c.want)
			}
		})
	}
}

func TestTitleAndNameAreOneLine(t *testing.T) {
	f := good()
	f.Title, f.DisplayName = "a\r\nb", "\nKim\n\u202e"
	if got, err := review.Check(f); err != nil || got.Title != "a b" || got.DisplayName != "Kim" {
		t.Errorf("got %q by %q, %v", got.Title, got.DisplayName, err)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("5", "title", "text\r\nmore", "name", "", int64(2_000_000))
	f.Add("x", "\u202e\xff", strings.Repeat("😀", 5001), "\x00", "x", int64(-1))
	f.Fuzz(func(t *testing.T, rating, title, text, name, trap string, micros int64) {
		form := review.Form{Rating: rating, Title: title, Text: text, DisplayName: name, Honeypot: trap,
			ShownAt: now.Add(-time.Duration(micros%1e12) * time.Microsecond), Now: now}
		r, err := review.Check(form)
		if err != nil {
			if !errors.Is(err, core.ErrInvalid) {
				t.Fatalf("%v is not a fault of the input", err)
			}
			return
		}
		if r.Rating < 1 || r.Rating > 5 || trap != "" || now.Sub(form.ShownAt) < 2*time.Second {
			t.Fatalf("taken: %+v of %+v", r, form)
		}
		for limit, s := range map[int]string{200: r.Title, 5000: r.Text, 80: r.DisplayName} {
			if utf8.RuneCountInString(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, unfit) {
				t.Fatalf("kept %q", s)
			}
		}
		form.Title, form.Text, form.DisplayName = r.Title, r.Text, r.DisplayName
		if again, err := review.Check(form); err != nil || again != r {
			t.Fatalf("an edit that changes nothing changed %+v to %+v, %v", r, again, err)
		}
	})
}

func unfit(r rune) bool {
	return unicode.IsControl(r) && r != '\n' || r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}
