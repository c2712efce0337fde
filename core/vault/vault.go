// Package vault holds the secrets of a store and hides how they are used: which
// key does what, how personal fields are sealed, how addresses are looked up
// without being kept, and how a link proves that we made it.
//
// The data keys are random, made once and kept in the store's file, wrapped by a
// key derived from the master. Losing the master loses every name and address;
// changing it re-wraps a few hundred bytes. The keys of seals and tokens have
// versions that are never deleted, because a sealed field and a mailed link
// outlive any rotation. The key of the address hashes has none: a no must be
// found for ever.
package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"io"
)

// Keys are the data keys, ready for use by many goroutines.
type Keys struct {
	seals   []cipher.AEAD // version n lies at n-1, as in every list here
	reviews []*mac
	optOuts []*mac
	address *mac
	lookup  *mac
}

// New makes data keys out of random, and the wrapped form that Open reads.
func New(master []byte, random io.Reader) (*Keys, []byte, error) {
	var r ring
	err := r.grow(random)
	if err != nil {
		return nil, nil, err
	}
	wrapped, err := r.wrap(master)
	if err != nil {
		return nil, nil, err
	}
	keys, err := r.keys()
	return keys, wrapped, err
}

// Open reads data keys that New, Rotate or Rewrap wrapped. It returns
// ErrMasterKey if master is not the one they were wrapped with.
func Open(master, wrapped []byte) (*Keys, error) {
	r, err := unwrap(master, wrapped)
	if err != nil {
		return nil, err
	}
	return r.keys()
}

func (r ring) keys() (*Keys, error) {
	k := new(Keys)
	for _, key := range r.Seals {
		aead, err := newAEAD(key)
		if err != nil {
			return nil, err
		}
		k.seals = append(k.seals, aead)
	}
	for _, key := range r.Reviews {
		k.reviews = append(k.reviews, newMAC(key))
	}
	for _, key := range r.OptOuts {
		k.optOuts = append(k.optOuts, newMAC(key))
	}
	var err error
	if k.address, err = derivedMAC(r.Hashes, "address hash"); err != nil {
		return nil, err
	}
	k.lookup, err = derivedMAC(r.Hashes, "look-up hash")
	return k, err
}

// newAEAD is AES-256-GCM with a random nonce in front of each box. One key is
// good for 2³² boxes; Rotate makes the next.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
