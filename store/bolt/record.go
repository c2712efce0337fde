package bolt

import (
	"time"

	"aminobridge/core"
	"aminobridge/core/pace"
)

// The records as they lie on disk. Numbers of fields are never used again.

type schemaRec struct {
	Version int `cbor:"1,keyasint"`
}

type paceRec struct {
	Pace int64  `cbor:"1,keyasint"` // microseconds
	Boot string `cbor:"2,keyasint"`
	Up   int64  `cbor:"3,keyasint"` // nanoseconds since that boot
}

type wallRec struct {
	Wall   int64  `cbor:"1,keyasint"`
	Boot   string `cbor:"2,keyasint"`
	Up     int64  `cbor:"3,keyasint"`
	Jumped int64  `cbor:"4,keyasint,omitempty"` // pace time of the last jump
}

type countRec struct {
	N int64 `cbor:"1,keyasint"`
}

// deskRec is a vendor's pace state and its place in the ready index.
type deskRec struct {
	Direct   int         `cbor:"1,keyasint,omitempty"`
	Paced    int         `cbor:"2,keyasint,omitempty"`
	Admitted int         `cbor:"3,keyasint,omitempty"`
	VT       int64       `cbor:"4,keyasint,omitempty"`
	Turn     int         `cbor:"5,keyasint,omitempty"`
	Route    string      `cbor:"6,keyasint,omitempty"`
	Next     [2]int64    `cbor:"7,keyasint"` // by clock; 0: not in the index
	Waiting  map[int]int `cbor:"8,keyasint,omitempty"`
}

func (r deskRec) state() pace.State {
	return pace.State{Direct: r.Direct, Paced: r.Paced, Admitted: r.Admitted, VT: moment(r.VT), Turn: r.Turn}
}

type countersRec struct {
	Sent      int64            `cbor:"1,keyasint,omitempty"`
	Opened    int64            `cbor:"2,keyasint,omitempty"`
	Completed int64            `cbor:"3,keyasint,omitempty"`
	Expired   int64            `cbor:"4,keyasint,omitempty"`
	Visits    int64            `cbor:"5,keyasint,omitempty"`
	Accepted  int64            `cbor:"6,keyasint,omitempty"`
	ByState   map[uint8]int64  `cbor:"7,keyasint,omitempty"`
	Verdicts  map[string]int64 `cbor:"8,keyasint,omitempty"`
}

// seal leaves nothing as nothing, so that a forgotten field can be told.
func (s *Store) seal(v core.VendorID, owner [16]byte, field, plain string) []byte {
	if plain == "" {
		return nil
	}
	return s.keys.Seal(v, owner, field, plain)
}

func (s *Store) unseal(v core.VendorID, owner [16]byte, field string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	return s.keys.Unseal(v, owner, field, sealed)
}

type dayRec struct {
	Sent      int64 `cbor:"1,keyasint,omitempty"`
	Opened    int64 `cbor:"2,keyasint,omitempty"`
	Completed int64 `cbor:"3,keyasint,omitempty"`
	Expired   int64 `cbor:"4,keyasint,omitempty"`
}

type senderRec struct {
	Until   int64             `cbor:"1,keyasint,omitempty"`
	Cause   string            `cbor:"2,keyasint,omitempty"`
	Domains map[string]string `cbor:"3,keyasint,omitempty"`
}

type vendorRec struct {
	Slug      string      `cbor:"1,keyasint"`
	Name      string      `cbor:"2,keyasint"`
	CreatedAt int64       `cbor:"3,keyasint"`
	Version   int         `cbor:"4,keyasint"`
	Settings  settingsRec `cbor:"5,keyasint"`
}

// settingsRec is read over the defaults, so that a setting younger than the
// record has one. No omitempty: a zero is a choice.
type settingsRec struct {
	Paused    bool          `cbor:"1,keyasint"`
	Delay     time.Duration `cbor:"2,keyasint"`
	Cap       int           `cbor:"3,keyasint"`
	Reserve   int           `cbor:"4,keyasint"`
	Pacing    string        `cbor:"5,keyasint"`
	OverCap   string        `cbor:"6,keyasint"`
	Hours     core.Hours    `cbor:"7,keyasint"`
	Zone      string        `cbor:"8,keyasint"`
	Cooldown  time.Duration `cbor:"9,keyasint"`
	MaxAge    time.Duration `cbor:"10,keyasint"`
	Expiry    time.Duration `cbor:"11,keyasint"`
	Retention time.Duration `cbor:"12,keyasint"`
	Sender    string        `cbor:"13,keyasint"`
	From      string        `cbor:"14,keyasint"`
	ReplyTo   string        `cbor:"15,keyasint"`
	Locale    string        `cbor:"16,keyasint"`
	Address   string        `cbor:"17,keyasint"`
	Website   string        `cbor:"18,keyasint"`
	Trigger   string        `cbor:"19,keyasint"`
	Basis     string        `cbor:"20,keyasint"`
	Reminder  string        `cbor:"21,keyasint"`
}

func (r vendorRec) vendor(id core.VendorID) core.Vendor {
	return core.Vendor{ID: id, Slug: r.Slug, Name: r.Name, CreatedAt: moment(r.CreatedAt), Version: r.Version, Settings: core.Settings(r.Settings)}
}

type keyRec struct {
	ID        core.KeyID    `cbor:"1,keyasint"`
	Vendor    core.VendorID `cbor:"2,keyasint"`
	Name      string        `cbor:"3,keyasint"`
	Scope     string        `cbor:"4,keyasint"`
	CreatedAt int64         `cbor:"5,keyasint"`
	RevokedAt int64         `cbor:"6,keyasint,omitempty"`
}

type shopRec struct {
	Vendor        core.VendorID `cbor:"1,keyasint"`
	Platform      string        `cbor:"2,keyasint"`
	Domain        string        `cbor:"3,keyasint"`
	Token         string        `cbor:"4,keyasint"`
	Secrets       [][]byte      `cbor:"5,keyasint,omitempty"` // sealed
	CreatedAt     int64         `cbor:"6,keyasint"`
	Since         int64         `cbor:"10,keyasint"`
	ConnectedAt   int64         `cbor:"7,keyasint,omitempty"`
	UninstalledAt int64         `cbor:"8,keyasint,omitempty"`
	Version       int           `cbor:"9,keyasint"`
}
