package shopify_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"aminobridge/adapters/shopify"
	"aminobridge/adapters/shopify/shopifytest"
)

// headers are a request's, by their names as given.
type headers map[string]string

func (h headers) get(name string) string { return h[name] }

const (
	oldSign = "X-Shopify-Hmac-Sha256"
	newSign = "Shopify-Hmac-Sha256"
)

func TestSigned(t *testing.T) {
	body := []byte(`{"id":1}`)
	good, bad := shopifytest.Sign("s3cret", body), shopifytest.Sign("other", body)
	one := []string{"s3cret"}
	for _, c := range []struct {
		name    string
		secrets []string
		headers headers
		body    []byte
		want    bool
	}{
		{"older names", one, headers{oldSign: good}, body, true},
		{"newer names", one, headers{newSign: good}, body, true},
		{"newer preferred", one, headers{newSign: good, oldSign: bad}, body, true},
		{"never mixed", one, headers{newSign: bad, oldSign: good}, body, false},
		{"second secret", []string{"x", "s3cret"}, headers{oldSign: good}, body, true},
		{"first of two", []string{"s3cret", "x"}, headers{oldSign: good}, body, true},
		{"a secret of one block", []string{strings.Repeat("k", 64)}, headers{oldSign: shopifytest.Sign(strings.Repeat("k", 64), body)}, body, true},
		{"a longer secret", []string{strings.Repeat("k", 65)}, headers{oldSign: shopifytest.Sign(strings.Repeat("k", 65), body)}, body, true},
		{"other body", one, headers{oldSign: good}, []byte(`{"id":2}`), false},
		{"other secret", []string{"x"}, headers{oldSign: good}, body, false},
		{"no secret", nil, headers{oldSign: shopifytest.Sign("", body)}, body, false},
		{"empty secret", []string{""}, headers{oldSign: shopifytest.Sign("", body)}, body, false},
		{"no signature", one, headers{}, body, false},
		{"not padded", one, headers{oldSign: strings.TrimRight(good, "=")}, body, false},
		{"a line break inside", one, headers{oldSign: good[:20] + "\n" + good[20:]}, body, false},
		{"more after it", one, headers{oldSign: good + "AAAA"}, body, false},
		{"hexadecimal", one, headers{oldSign: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}, body, false},
	} {
		if got := (shopify.Source{}).Signed(c.secrets, c.headers.get, c.body); got != c.want {
			t.Errorf("%s: Signed is %v", c.name, got)
		}
	}
}

func TestMutatedSignatures(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	body := []byte(`{"id":1,"name":"#1001"}`)
	good := shopifytest.Sign("s3cret", body)
	for range 100_000 {
		mutant := []byte(good)
		for range 1 + random.IntN(3) {
			switch i := random.IntN(len(mutant)); random.IntN(3) {
			case 0:
				mutant[i] = byte(random.IntN(256))
			case 1:
				mutant = append(mutant[:i], mutant[i+1:]...)
			case 2:
				mutant = append(mutant[:i], append([]byte{byte(random.IntN(128))}, mutant[i:]...)...)
			}
		}
		h := headers{oldSign: string(mutant)}
		if string(mutant) != good && (shopify.Source{}).Signed([]string{"s3cret"}, h.get, body) {
			t.Fatalf("accepted %q for %q", mutant, good)
		}
	}
}

func FuzzSigned(f *testing.F) {
	body := []byte(`{"id":1}`)
	f.Add("s3cret", shopifytest.Sign("s3cret", body), body)
	f.Add("", "", []byte(nil))
	f.Fuzz(func(t *testing.T, secret, signature string, body []byte) {
		own := shopifytest.Sign(secret, body)
		for _, signature := range []string{signature, own} {
			h := headers{oldSign: signature}
			want := secret != "" && signature == own
			if got := (shopify.Source{}).Signed([]string{secret}, h.get, body); got != want {
				t.Errorf("Signed is %v, want %v", got, want)
			}
		}
	})
}

func TestTopic(t *testing.T) {
	for want, h := range map[string]headers{
		"orders/fulfilled": {oldSign: "x", "X-Shopify-Topic": "orders/fulfilled"},
		"orders/cancelled": {newSign: "x", "Shopify-Topic": "orders/cancelled", "X-Shopify-Topic": "orders/fulfilled"},
	} {
		if got := (shopify.Source{}).Topic(h.get); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, h := range []headers{
		{},
		{newSign: "x", "X-Shopify-Topic": "orders/fulfilled"},
		{oldSign: "x", "Shopify-Topic": "orders/fulfilled"},
		{"X-Shopify-Topic": "orders fulfilled"},
		{"X-Shopify-Topic": "orders/fulfilled\n"},
		{"X-Shopify-Topic": strings.Repeat("a", 101)},
	} {
		if got := (shopify.Source{}).Topic(h.get); got != "" {
			t.Errorf("got %q of %q, want none", got, h)
		}
	}
}
