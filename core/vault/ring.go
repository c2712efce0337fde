package vault

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
)

// ErrMasterKey: the master is not the one that the data keys were wrapped with,
// or the wrapped keys were damaged; the two cannot be told apart.
var ErrMasterKey = errors.New("the master key does not open this store's data keys")

const (
	keySize     = 32
	formVersion = 1
	maxVersions = 255 // a version is one byte, and 0 is none
)

// envelope is the wrapped form on disk.
type envelope struct {
	Version int    `cbor:"1,keyasint"`
	Box     []byte `cbor:"2,keyasint"`
}

// ring is what lies in the box: the data keys themselves. Lists only ever grow.
type ring struct {
	Hashes  []byte   `cbor:"1,keyasint"` // for ever
	Seals   [][]byte `cbor:"2,keyasint"`
	Reviews [][]byte `cbor:"3,keyasint"`
	OptOuts [][]byte `cbor:"4,keyasint"`
}

// Rotate adds the next version of the seal and token keys, which everything made
// from then on uses, and returns the new wrapped form. What older versions
// sealed and signed stays good.
func Rotate(master, wrapped []byte, random io.Reader) ([]byte, error) {
	r, err := unwrap(master, wrapped)
	if err != nil {
		return nil, err
	}
	if err := r.grow(random); err != nil {
		return nil, err
	}
	return r.wrap(master)
}

// Rewrap returns the same data keys wrapped by another master.
func Rewrap(master, newMaster, wrapped []byte) ([]byte, error) {
	r, err := unwrap(master, wrapped)
	if err != nil {
		return nil, err
	}
	return r.wrap(newMaster)
}

func (r *ring) grow(random io.Reader) error {
	if len(r.Seals) >= maxVersions {
		return fmt.Errorf("the data keys were rotated %d times already, which is the most there is room for", len(r.Seals)-1)
	}
	fresh := make([]byte, 4*keySize)
	if _, err := io.ReadFull(random, fresh); err != nil {
		return fmt.Errorf("making data keys: %w", err)
	}
	if r.Hashes == nil {
		r.Hashes = fresh[:keySize]
	}
	r.Seals = append(r.Seals, fresh[keySize:2*keySize])
	r.Reviews = append(r.Reviews, fresh[2*keySize:3*keySize])
	r.OptOuts = append(r.OptOuts, fresh[3*keySize:])
	return nil
}

func (r ring) wrap(master []byte) ([]byte, error) {
	if err := checkMaster(master); err != nil {
		return nil, err
	}
	key, err := derive(master, "wrap data keys")
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	plain, err := cbor.Marshal(r)
	if err != nil {
		return nil, err
	}
	return cbor.Marshal(envelope{Version: formVersion, Box: aead.Seal(nil, nil, plain, nil)})
}

func unwrap(master, wrapped []byte) (ring, error) {
	var e envelope
	if err := cbor.Unmarshal(wrapped, &e); err != nil {
		return ring{}, fmt.Errorf("the wrapped data keys cannot be read: %w", err)
	}
	if e.Version != formVersion {
		return ring{}, fmt.Errorf("the data keys are wrapped in form %d, and this program knows %d", e.Version, formVersion)
	}
	key, err := derive(master, "wrap data keys")
	if err != nil {
		return ring{}, err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return ring{}, err
	}
	plain, err := aead.Open(nil, nil, e.Box, nil)
	if err != nil {
		return ring{}, ErrMasterKey
	}
	var r ring
	if err := cbor.Unmarshal(plain, &r); err != nil {
		return ring{}, fmt.Errorf("the data keys cannot be read: %w", err)
	}
	return r, nil
}

// derive makes the key of one purpose, so that what one key signs or opens means
// nothing to another.
func derive(secret []byte, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, secret, nil, "aminobridge/v1/"+purpose, keySize)
}
