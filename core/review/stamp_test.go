package review_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"testing"
	"time"

	"aminobridge/core/review"
)

func stamps(key string) review.Stamps {
	return review.Stamps{MAC: func(parts ...[]byte) []byte {
		h := hmac.New(sha256.New, []byte(key))
		for _, p := range parts {
			h.Write(append([]byte{byte(len(p))}, p...))
		}
		return h.Sum(nil)
	}}
}

func TestStampTellsItsTime(t *testing.T) {
	s := stamps("k")
	if got := s.Read(s.Make("token", now), "token"); !got.Equal(now) {
		t.Errorf("got %v, want %v", got, now)
	}
}

func TestStampIsBoundToLinkKeyAndTime(t *testing.T) {
	s := stamps("k")
	of := s.Make("token", now)
	older := s.Make("token", now.Add(-time.Hour))
	cases := map[string]time.Time{
		"another link":             s.Read(of, "other"),
		"another key":              stamps("l").Read(of, "token"),
		"an older time, same MAC":  s.Read(older[:8]+of[8:], "token"),
		"cut":                      s.Read(of[:len(of)-1], "token"),
		"nothing":                  s.Read("", "token"),
		"a time without a MAC":     s.Read("AAAAAAAAAAA", "token"),
		"no base64url":             s.Read(of+"=", "token"),
		"a line end in the middle": s.Read(of[:9]+"\n"+of[9:]+"x", "token"),
	}
	for name, got := range cases {
		if !got.IsZero() {
			t.Errorf("%s: got %v, want it refused", name, got)
		}
	}
}

func FuzzStampRead(f *testing.F) {
	s := stamps("k")
	real := s.Make("token", now)
	f.Add(real)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if at := s.Read(text, "token"); !at.IsZero() && s.Make("token", at) != text {
			// The decoder passes over line ends, which change nothing.
			if at != now {
				t.Fatalf("%q was read as %v", text, at)
			}
		}
	})
}
