package vault_test

import (
	"crypto/sha256"
	"regexp"
	"strings"
	"testing"

	"aminobridge/core/vault"
)

func TestAPIKeyForm(t *testing.T) {
	form := regexp.MustCompile(`^amino_[0-9A-Za-z]{49}$`)
	seen := map[string]bool{}
	for range 1000 {
		key, hash := vault.NewAPIKey()
		if !form.MatchString(key) || seen[key] {
			t.Fatalf("a key of %d characters, seen before: %v", len(key), seen[key])
		}
		seen[key] = true
		if got, ok := vault.HashAPIKey(key); !ok || got != hash || hash != sha256.Sum256([]byte(key)) {
			t.Fatalf("HashAPIKey of a new key: %v", ok)
		}
	}
}

func TestHashAPIKeyRefuses(t *testing.T) {
	key, _ := vault.NewAPIKey()
	other := map[byte]string{'0': "1"}
	change := func(at int) string {
		c, ok := other[key[at]]
		if !ok {
			c = "0"
		}
		return key[:at] + c + key[at+1:]
	}
	cases := map[string]string{
		"empty":                 "",
		"prefix only":           "amino_",
		"no prefix":             key[6:],
		"another prefix":        "Amino_" + key[6:],
		"a letter of the key":   change(20),
		"a letter of the sum":   change(54),
		"short":                 key[:54],
		"long":                  key + "0",
		"space":                 key + " ",
		"foreign, with its sum": "amino_" + strings.Repeat("-", 43) + "0v1wLG",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			if hash, ok := vault.HashAPIKey(text); ok || hash != [32]byte{} {
				t.Error("accepted")
			}
		})
	}
}

func TestShopToken(t *testing.T) {
	form := regexp.MustCompile(`^[0-9A-Za-z]{22}$`)
	seen := map[string]bool{}
	for range 1000 {
		token := vault.NewShopToken()
		if !form.MatchString(token) || seen[token] {
			t.Fatalf("%q, seen before: %v", token, seen[token])
		}
		seen[token] = true
	}
}

func FuzzHashAPIKey(f *testing.F) {
	key, _ := vault.NewAPIKey()
	for _, seed := range []string{"", "amino_", key, key[:54], "amino_" + strings.Repeat("0", 49)} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^amino_[0-9A-Za-z]{49}$`)
	f.Fuzz(func(t *testing.T, text string) {
		hash, ok := vault.HashAPIKey(text)
		if ok && !form.MatchString(text) {
			t.Errorf("accepted %q", text)
		}
		if ok != (hash != [32]byte{}) {
			t.Errorf("%v with hash %x", ok, hash)
		}
	})
}
