package vault_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"aminobridge/core"
)

func TestSealRoundTrip(t *testing.T) {
	keys := fresh(t)
	for _, plain := range []string{"", "a", "ada@example.com", "Ada Lovelace", strings.Repeat("ж", 5000)} {
		sealed := keys.Seal(vendor, invitation, "name", plain)
		got, err := keys.Unseal(vendor, invitation, "name", sealed)
		if err != nil || got != plain {
			t.Errorf("got %q, %v, want %q", got, err, plain)
		}
		if plain != "" && bytes.Contains(sealed, []byte(plain)) && len(plain) > 1 {
			t.Errorf("%q lies open in its seal", plain)
		}
	}
}

func TestSealIsNeverTheSameTwice(t *testing.T) {
	keys := fresh(t)
	a := keys.Seal(vendor, invitation, "name", "Ada")
	b := keys.Seal(vendor, invitation, "name", "Ada")
	if bytes.Equal(a, b) {
		t.Error("two seals of one text are equal, so they tell that two customers share a name")
	}
}

func TestUnsealRefusesElsewhere(t *testing.T) {
	keys := fresh(t)
	sealed := keys.Seal(vendor, invitation, "email", "ada@example.com")
	cases := map[string]struct {
		v     core.VendorID
		owner [16]byte
		field string
	}{
		"another vendor": {core.NewVendorID(time.Now()), invitation, "email"},
		"another owner":  {vendor, core.NewInvitationID(time.Now()), "email"},
		"another field":  {vendor, invitation, "name"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got, err := keys.Unseal(c.v, c.owner, c.field, sealed); err == nil || got != "" {
				t.Errorf("opened as %q", got)
			}
		})
	}
	if _, err := fresh(t).Unseal(vendor, invitation, "email", sealed); err == nil {
		t.Error("another store's keys opened it")
	}
}

func TestUnsealRefusesDamage(t *testing.T) {
	keys := fresh(t)
	sealed := keys.Seal(vendor, invitation, "email", "ada@example.com")
	for i := range sealed {
		for bit := range 8 {
			damaged := bytes.Clone(sealed)
			damaged[i] ^= 1 << bit
			if got, err := keys.Unseal(vendor, invitation, "email", damaged); err == nil || got != "" {
				t.Fatalf("opened as %q with bit %d of byte %d changed", got, bit, i)
			}
		}
		if _, err := keys.Unseal(vendor, invitation, "email", sealed[:i]); err == nil {
			t.Fatalf("opened %d bytes of %d", i, len(sealed))
		}
	}
}

func TestAddressHash(t *testing.T) {
	keys := fresh(t)
	ada := keys.AddressHash(vendor, "ada@example.com")
	if len(ada) != 16 {
		t.Errorf("%d bytes, want 16", len(ada))
	}
	if !bytes.Equal(keys.AddressHash(vendor, " Ada@Example.COM\n"), ada) {
		t.Error("case or space around it changed the hash")
	}
	others := map[string][]byte{
		"another address": keys.AddressHash(vendor, "bob@example.com"),
		"another vendor":  keys.AddressHash(core.NewVendorID(time.Now()), "ada@example.com"),
		"another store":   fresh(t).AddressHash(vendor, "ada@example.com"),
		"a look-up":       keys.Hash("", vendor[:], []byte("ada@example.com")),
	}
	for name, h := range others {
		if bytes.Equal(h, ada) {
			t.Errorf("%s has the same hash", name)
		}
	}
}

func TestHashKeepsItsPartsApart(t *testing.T) {
	keys := fresh(t)
	ways := [][]byte{
		keys.Hash("ref", []byte("a"), []byte("bc")),
		keys.Hash("ref", []byte("ab"), []byte("c")),
		keys.Hash("ref", []byte("abc")),
		keys.Hash("ref", []byte("abc"), nil),
		keys.Hash("re", []byte("fabc")),
		keys.Hash("refabc"),
		fresh(t).Hash("ref", []byte("abc")),
	}
	seen := map[string]int{}
	for i, h := range ways {
		if len(h) != 16 {
			t.Errorf("%d bytes, want 16", len(h))
		}
		if j, ok := seen[string(h)]; ok {
			t.Errorf("hashes %d and %d are the same", j, i)
		}
		seen[string(h)] = i
	}
}

func TestAllocations(t *testing.T) {
	keys := fresh(t)
	sealed := keys.Seal(vendor, invitation, "email", "ada@example.com")
	token := keys.ReviewToken(1, vendor, invitation)
	// A pool may be emptied at any time, hence the half.
	most := map[string]struct {
		want float64
		run  func()
	}{
		"Seal":        {1.5, func() { keys.Seal(vendor, invitation, "email", "ada@example.com") }},
		"Unseal":      {1.5, func() { _, _ = keys.Unseal(vendor, invitation, "email", sealed) }},
		"AddressHash": {1.5, func() { keys.AddressHash(vendor, "ada@example.com") }},
		"ReviewToken": {2.5, func() { keys.ReviewToken(1, vendor, invitation) }},
		"ParseReview": {1.5, func() { _, _, _ = keys.ParseReview(token) }},
	}
	for name, m := range most {
		if got := testing.AllocsPerRun(200, m.run); got > m.want && !raceEnabled {
			t.Errorf("%s allocates %v times, want at most %v", name, got, m.want)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	keys := fresh(b)
	b.ReportAllocs()
	for b.Loop() {
		keys.Seal(vendor, invitation, "email", "ada@example.com")
	}
}

func BenchmarkUnseal(b *testing.B) {
	keys := fresh(b)
	sealed := keys.Seal(vendor, invitation, "email", "ada@example.com")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = keys.Unseal(vendor, invitation, "email", sealed)
	}
}

func BenchmarkAddressHash(b *testing.B) {
	keys := fresh(b)
	b.ReportAllocs()
	for b.Loop() {
		keys.AddressHash(vendor, "ada@example.com")
	}
}

func BenchmarkReviewToken(b *testing.B) {
	keys := fresh(b)
	b.ReportAllocs()
	for b.Loop() {
		keys.ReviewToken(1, vendor, invitation)
	}
}
