package vault

import (
	"errors"
	"sync"

	"aminobridge/core"
)

var errSealed = errors.New("a sealed field does not open: it is damaged, or belongs elsewhere")

// scratch is where plain text and context lie during a call. It is pooled since
// both escape through cipher.AEAD, once per field of every record.
type scratch struct{ text, context []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// Seal encrypts a personal field under the newest key. The box opens only for
// the same vendor, owner and field, so that boxes cannot be swapped between
// records. It begins with the key's version.
func (k *Keys) Seal(v core.VendorID, owner [16]byte, field, plain string) []byte {
	s := newScratch(v, owner, field)
	defer s.free()
	s.text = append(s.text, plain...)
	aead := k.seals[len(k.seals)-1]
	box := make([]byte, 1, 1+aead.Overhead()+len(plain))
	box[0] = byte(len(k.seals))
	return aead.Seal(box, nil, s.text, s.context)
}

// Unseal opens what Seal made, under whichever version of the key.
func (k *Keys) Unseal(v core.VendorID, owner [16]byte, field string, sealed []byte) (string, error) {
	if len(sealed) == 0 || sealed[0] == 0 || int(sealed[0]) > len(k.seals) {
		return "", errSealed
	}
	s := newScratch(v, owner, field)
	defer s.free()
	plain, err := k.seals[sealed[0]-1].Open(s.text, nil, sealed[1:], s.context)
	if err != nil {
		return "", errSealed
	}
	s.text = plain
	return string(plain), nil
}

func newScratch(v core.VendorID, owner [16]byte, field string) *scratch {
	s := scratches.Get().(*scratch)
	s.text = s.text[:0]
	s.context = append(s.context[:0], v[:]...)
	s.context = append(s.context, owner[:]...)
	s.context = append(s.context, field...)
	return s
}

// free wipes the plain text before the buffer serves somebody else.
func (s *scratch) free() {
	clear(s.text)
	scratches.Put(s)
}
