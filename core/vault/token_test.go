package vault_test

import (
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/vault"
)

const urlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func TestTokenForm(t *testing.T) {
	keys := fresh(t)
	form := regexp.MustCompile(`^[A-Za-z0-9_-]{66}$`)
	for _, token := range []string{keys.ReviewToken(1, vendor, invitation), keys.OptOutToken(1, vendor, invitation)} {
		if !form.MatchString(token) {
			t.Errorf("%d characters, want 66 of base64url", len(token))
		}
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(b) != 49 || b[0] != 1 || [16]byte(b[1:17]) != vendor || [16]byte(b[17:33]) != invitation {
			t.Errorf("%x is not version, vendor, invitation, MAC", b)
		}
	}
}

func TestTokenIsTheSameEveryTime(t *testing.T) {
	keys := fresh(t)
	if a, b := keys.ReviewToken(1, vendor, invitation), keys.ReviewToken(1, vendor, invitation); a != b {
		t.Errorf("two links for one invitation: the mail's and the answer's would differ")
	}
}

func TestTokensOfOneKindAreNotTheOther(t *testing.T) {
	keys := fresh(t)
	if _, _, err := keys.ParseOptOut(keys.ReviewToken(1, vendor, invitation)); !errors.Is(err, core.ErrRefusedLink) {
		t.Errorf("a review token opts out: %v", err)
	}
	if _, _, err := keys.ParseReview(keys.OptOutToken(1, vendor, invitation)); !errors.Is(err, core.ErrRefusedLink) {
		t.Errorf("an opt-out token opens the review page: %v", err)
	}
}

func TestEveryBadLinkLooksAlike(t *testing.T) {
	keys := fresh(t)
	good := keys.ReviewToken(1, vendor, invitation)
	bad := map[string]string{
		"empty":            "",
		"short":            good[:65],
		"long":             good + "A",
		"another store's":  fresh(t).ReviewToken(1, vendor, invitation),
		"version 0":        "A" + "A" + good[2:],
		"version unknown":  "Ag" + good[2:],
		"line ends":        lineEnds(keys),
		"not base64url":    strings.Repeat("+", 66),
		"spare bits":       good[:65] + string(urlAlphabet[strings.IndexByte(urlAlphabet, good[65])+1]),
		"MAC of nothing":   good[:44] + strings.Repeat("A", 22),
		"other invitation": swap(keys, good),
	}
	for name, token := range bad {
		t.Run(name, func(t *testing.T) {
			v, i, err := keys.ParseReview(token)
			if !errors.Is(err, core.ErrRefusedLink) || !v.IsZero() || !i.IsZero() {
				t.Errorf("got %v, %v, %v, want nothing and ErrRefusedLink itself", v, i, err)
			}
		})
	}
}

// lineEnds is a token whose last byte, a zero, is written as two line ends, which
// a decoder of base64 skips.
func lineEnds(keys *vault.Keys) string {
	for {
		token := keys.ReviewToken(1, vendor, core.NewInvitationID(time.Now()))
		if short, ok := strings.CutSuffix(token, "AA"); ok {
			return short + "\n\n"
		}
	}
}

// swap puts the MAC of good behind the ids of another invitation.
func swap(keys *vault.Keys, good string) string {
	b, _ := base64.RawURLEncoding.DecodeString(keys.ReviewToken(1, vendor, core.NewInvitationID(time.Now())))
	g, _ := base64.RawURLEncoding.DecodeString(good)
	return base64.RawURLEncoding.EncodeToString(append(b[:33], g[33:]...))
}

func TestMutatedTokensAreRefused(t *testing.T) {
	keys := fresh(t)
	good := keys.ReviewToken(1, vendor, invitation)
	dice := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		token := mutate(dice, good)
		if token == good {
			continue
		}
		if _, _, err := keys.ParseReview(token); err == nil {
			t.Fatalf("accepted %q for %q", token, good)
		}
	}
}

func mutate(dice *rand.Rand, token string) string {
	b := []byte(token)
	for range 1 + dice.IntN(3) {
		at := dice.IntN(len(b))
		switch dice.IntN(4) {
		case 0:
			b[at] = urlAlphabet[dice.IntN(len(urlAlphabet))]
		case 1:
			b[at] ^= 1 << dice.IntN(8)
		case 2:
			other := dice.IntN(len(b))
			b[at], b[other] = b[other], b[at]
		case 3:
			b = append(b[:at], b[at+1:]...)
			b = append(b, urlAlphabet[dice.IntN(len(urlAlphabet))])
		}
	}
	return string(b)
}

func TestTokenOfNoVersionIsABug(t *testing.T) {
	for _, version := range []int{-1, 0, 2} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("made a token of version %d", version)
				}
			}()
			fresh(t).ReviewToken(version, vendor, invitation)
		}()
	}
}

func FuzzParseReview(f *testing.F) {
	fuzzToken(f, (*vault.Keys).ReviewToken, (*vault.Keys).ParseReview)
}
func FuzzParseOptOut(f *testing.F) {
	fuzzToken(f, (*vault.Keys).OptOutToken, (*vault.Keys).ParseOptOut)
}

// fuzzToken holds that a token that is accepted is one that was made.
func fuzzToken(f *testing.F,
	create func(*vault.Keys, int, core.VendorID, core.InvitationID) string,
	parse func(*vault.Keys, string) (core.VendorID, core.InvitationID, error),
) {
	keys := fresh(f)
	for _, seed := range []string{"", "A", strings.Repeat("A", 66), create(keys, 1, vendor, invitation)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		v, i, err := parse(keys, token)
		if err == nil && create(keys, 1, v, i) != token {
			t.Errorf("accepted %q", token)
		}
		if err != nil && !errors.Is(err, core.ErrRefusedLink) {
			t.Errorf("refused with %v", err)
		}
	})
}
