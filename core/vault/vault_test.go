package vault_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/vault"
)

var (
	vendor     = core.NewVendorID(time.Now())
	invitation = core.NewInvitationID(time.Now())
)

func fresh(t testing.TB) *vault.Keys {
	t.Helper()
	keys, _ := freshWith(t, vault.NewMaster())
	return keys
}

func freshWith(t testing.TB, master []byte) (*vault.Keys, []byte) {
	t.Helper()
	keys, wrapped, err := vault.New(master, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return keys, wrapped
}

func reopen(t *testing.T, master, wrapped []byte) *vault.Keys {
	t.Helper()
	keys, err := vault.Open(master, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// traces is one of everything that data keys make, to be understood later.
type traces struct {
	sealed        []byte
	review, no    string
	address, look []byte
}

func leave(k *vault.Keys) traces {
	n := k.TokenVersion()
	return traces{
		sealed:  k.Seal(vendor, invitation, "email", "ada@example.com"),
		review:  k.ReviewToken(n, vendor, invitation),
		no:      k.OptOutToken(n, vendor, invitation),
		address: k.AddressHash(vendor, "ada@example.com"),
		look:    k.Hash("ref", []byte("1001")),
	}
}

func (tr traces) mustBeUnderstood(t *testing.T, k *vault.Keys) {
	t.Helper()
	if plain, err := k.Unseal(vendor, invitation, "email", tr.sealed); err != nil || plain != "ada@example.com" {
		t.Errorf("Unseal = %q, %v", plain, err)
	}
	if v, i, err := k.ParseReview(tr.review); err != nil || v != vendor || i != invitation {
		t.Errorf("ParseReview = %v, %v, %v", v, i, err)
	}
	if v, i, err := k.ParseOptOut(tr.no); err != nil || v != vendor || i != invitation {
		t.Errorf("ParseOptOut = %v, %v, %v", v, i, err)
	}
	if !bytes.Equal(k.AddressHash(vendor, "ada@example.com"), tr.address) {
		t.Error("the address hash changed")
	}
	if !bytes.Equal(k.Hash("ref", []byte("1001")), tr.look) {
		t.Error("the look-up hash changed")
	}
}

func TestOpenReadsWhatNewWrapped(t *testing.T) {
	master := vault.NewMaster()
	keys, wrapped := freshWith(t, master)
	leave(keys).mustBeUnderstood(t, reopen(t, master, wrapped))
}

func TestOpenWithAnotherMaster(t *testing.T) {
	_, wrapped := freshWith(t, vault.NewMaster())
	if _, err := vault.Open(vault.NewMaster(), wrapped); !errors.Is(err, vault.ErrMasterKey) {
		t.Errorf("got %v, want ErrMasterKey", err)
	}
}

func TestOpenDamaged(t *testing.T) {
	master := vault.NewMaster()
	_, wrapped := freshWith(t, master)
	for i := range wrapped {
		damaged := bytes.Clone(wrapped)
		damaged[i] ^= 0x04
		if _, err := vault.Open(master, damaged); err == nil {
			t.Fatalf("opened with byte %d of %d changed", i, len(wrapped))
		}
		if _, err := vault.Open(master, wrapped[:i]); err == nil {
			t.Fatalf("opened with %d bytes of %d", i, len(wrapped))
		}
	}
}

func TestRotateKeepsOldVersionsGood(t *testing.T) {
	master := vault.NewMaster()
	keys, wrapped := freshWith(t, master)
	rotated, err := vault.Rotate(master, wrapped, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	next := reopen(t, master, rotated)
	leave(keys).mustBeUnderstood(t, next)
	leave(next).mustBeUnderstood(t, next)
	if keys.TokenVersion() != 1 || next.TokenVersion() != 2 {
		t.Errorf("token versions %d and %d, want 1 and 2", keys.TokenVersion(), next.TokenVersion())
	}
	if v := next.Seal(vendor, invitation, "email", "x")[0]; v != 2 {
		t.Errorf("sealed under version %d, want 2", v)
	}
	if _, _, err := keys.ParseReview(next.ReviewToken(2, vendor, invitation)); !errors.Is(err, core.ErrRefusedLink) {
		t.Errorf("a token of a version not known yet: %v, want ErrRefusedLink", err)
	}
	if _, err := keys.Unseal(vendor, invitation, "email", next.Seal(vendor, invitation, "email", "x")); err == nil {
		t.Error("unsealed a version not known yet")
	}
}

func TestRotateStopsWhenVersionsRunOut(t *testing.T) {
	master := vault.NewMaster()
	_, wrapped := freshWith(t, master)
	var err error
	for range 254 {
		if wrapped, err = vault.Rotate(master, wrapped, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	keys := reopen(t, master, wrapped)
	leave(keys).mustBeUnderstood(t, keys)
	if _, err = vault.Rotate(master, wrapped, rand.Reader); err == nil {
		t.Error("made a 256th version, which does not fit a byte")
	}
}

func TestRewrapChangesTheMasterOnly(t *testing.T) {
	old, next := vault.NewMaster(), vault.NewMaster()
	keys, wrapped := freshWith(t, old)
	rewrapped, err := vault.Rewrap(old, next, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	leave(keys).mustBeUnderstood(t, reopen(t, next, rewrapped))
	if _, err := vault.Open(old, rewrapped); !errors.Is(err, vault.ErrMasterKey) {
		t.Errorf("the old master: %v, want ErrMasterKey", err)
	}
	if _, err := vault.Rewrap(next, old, wrapped); !errors.Is(err, vault.ErrMasterKey) {
		t.Errorf("Rewrap from a wrong master: %v, want ErrMasterKey", err)
	}
}

func TestNewRefuses(t *testing.T) {
	cases := map[string]struct {
		master []byte
		random io.Reader
	}{
		"no master":          {nil, rand.Reader},
		"short master":       {vault.NewMaster()[:31], rand.Reader},
		"long master":        {append(vault.NewMaster(), 1), rand.Reader},
		"zero master":        {make([]byte, 32), rand.Reader},
		"repeated master":    {bytes.Repeat([]byte{'x'}, 32), rand.Reader},
		"not enough entropy": {vault.NewMaster(), bytes.NewReader(make([]byte, 127))},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, _, err := vault.New(c.master, c.random); err == nil {
				t.Error("made keys")
			}
		})
	}
}

func TestMasterText(t *testing.T) {
	master := vault.NewMaster()
	got, err := vault.ParseMaster(" " + vault.FormatMaster(master) + "\n")
	if err != nil || !bytes.Equal(got, master) {
		t.Errorf("read back %v, want the same key", err)
	}
	refused := map[string]string{
		"empty":      "",
		"short":      vault.FormatMaster(master[:31]),
		"long":       vault.FormatMaster(append(master, 7)),
		"not base64": strings.Repeat("!", 44),
		"zeros":      vault.FormatMaster(make([]byte, 32)),
		"one byte":   vault.FormatMaster(bytes.Repeat([]byte("a"), 32)),
		"a password": "correct horse battery staple",
	}
	for name, text := range refused {
		t.Run(name, func(t *testing.T) {
			_, err := vault.ParseMaster(text)
			if !errors.Is(err, core.ErrInvalid) {
				t.Fatalf("got %v, want ErrInvalid", err)
			}
			if text != "" && strings.Contains(err.Error(), text) {
				t.Error("the error tells the secret")
			}
		})
	}
}

func TestKeysServeManyGoroutines(t *testing.T) {
	keys := fresh(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				leave(keys).mustBeUnderstood(t, keys)
			}
		})
	}
	all.Wait()
}
