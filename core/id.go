package core

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// ID is a UUIDv7: 48 bits of milliseconds, 12 bits of a millisecond's fraction,
// then chance, so that ids sort by the time of their making (RFC 9562, 6.2). The
// kind keeps ids of different things apart for the compiler, and names them in
// their written form: inv_06bqk….
type ID[K kind] [16]byte

type (
	VendorID     = ID[vendorKind]
	InvitationID = ID[invitationKind]
	ShopID       = ID[shopKind]
	KeyID        = ID[keyKind]
	EventID      = ID[eventKind]
)

type kind interface{ prefix() string }

type (
	vendorKind     struct{}
	invitationKind struct{}
	shopKind       struct{}
	keyKind        struct{}
	eventKind      struct{}
)

func (vendorKind) prefix() string     { return "ven_" }
func (invitationKind) prefix() string { return "inv_" }
func (shopKind) prefix() string       { return "shop_" }
func (keyKind) prefix() string        { return "key_" }
func (eventKind) prefix() string      { return "evt_" }

// crockford is Douglas Crockford's base32 alphabet, in lower case: no i, l, o, u.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an id of the moment now.
func NewID[K kind](now time.Time) ID[K] {
	var id ID[K]
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	fraction := now.Nanosecond() % 1e6 * 4096 / 1e6
	id[6], id[7] = byte(fraction>>8)|0x70, byte(fraction)
	id[8] = id[8]&0x3f | 0x80
	return id
}

// NewVendorID, NewInvitationID and their siblings save callers the type argument.
func NewVendorID(now time.Time) VendorID         { return NewID[vendorKind](now) }
func NewInvitationID(now time.Time) InvitationID { return NewID[invitationKind](now) }
func NewShopID(now time.Time) ShopID             { return NewID[shopKind](now) }
func NewKeyID(now time.Time) KeyID               { return NewID[keyKind](now) }
func NewEventID(now time.Time) EventID           { return NewID[eventKind](now) }

// IsZero reports whether the id names nothing.
func (id ID[K]) IsZero() bool { return id == ID[K]{} }

// String is the prefix of the kind and 26 characters of base32; "" for the zero id.
func (id ID[K]) String() string {
	if id.IsZero() {
		return ""
	}
	var k K
	return k.prefix() + crockford.EncodeToString(id[:])
}

func (id ID[K]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what String writes. It returns ErrInvalid for anything else.
func (id *ID[K]) UnmarshalText(text []byte) error {
	var k K
	digits, ok := strings.CutPrefix(string(text), k.prefix())
	b, err := crockford.DecodeString(digits)
	if !ok || err != nil || len(b) != len(id) || crockford.EncodeToString(b) != digits {
		return &FieldError{Field: "id", Code: "invalid", Reason: "must be one that begins with " + k.prefix()}
	}
	copy(id[:], b)
	return nil
}

// ParseInvitationID and its siblings read the written form of an id.
func ParseInvitationID(s string) (id InvitationID, err error) {
	return id, id.UnmarshalText([]byte(s))
}
func ParseShopID(s string) (id ShopID, err error) { return id, id.UnmarshalText([]byte(s)) }
func ParseKeyID(s string) (id KeyID, err error)   { return id, id.UnmarshalText([]byte(s)) }
