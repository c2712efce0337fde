package bolt

import (
	"aminobridge/core"
)

type momentRec struct {
	Pace int64  `cbor:"1,keyasint"`
	Wall int64  `cbor:"2,keyasint"`
	Boot string `cbor:"3,keyasint"`
}

func momentRecOf(m core.Moment) *momentRec {
	if m == (core.Moment{}) {
		return nil
	}
	return &momentRec{micros(m.Pace), micros(m.Wall), m.Boot}
}

func (r *momentRec) moment() core.Moment {
	if r == nil {
		return core.Moment{}
	}
	return core.Moment{Pace: moment(r.Pace), Wall: moment(r.Wall), Boot: r.Boot}
}

type invitationRec struct {
	Vendor      core.VendorID `cbor:"1,keyasint"`
	Shop        *core.ShopID  `cbor:"2,keyasint,omitempty"`
	Namespace   string        `cbor:"3,keyasint,omitempty"`
	OrderID     string        `cbor:"4,keyasint,omitempty"`
	OrderRef    string        `cbor:"5,keyasint,omitempty"`
	Lane        uint8         `cbor:"6,keyasint"`
	State       uint8         `cbor:"7,keyasint"`
	Reason      string        `cbor:"8,keyasint,omitempty"`
	Email       []byte        `cbor:"9,keyasint,omitempty"`  // sealed
	Name        []byte        `cbor:"10,keyasint,omitempty"` // sealed
	AddressHash []byte        `cbor:"11,keyasint"`
	Locale      string        `cbor:"12,keyasint,omitempty"`
	CreatedAt   int64         `cbor:"13,keyasint"`
	DueAt       int64         `cbor:"14,keyasint,omitempty"`
	FulfilledAt int64         `cbor:"15,keyasint,omitempty"`
	SentAt      int64         `cbor:"16,keyasint,omitempty"`
	OpenedAt    int64         `cbor:"17,keyasint,omitempty"`
	CompletedAt int64         `cbor:"18,keyasint,omitempty"`
	ExpiresAt   int64         `cbor:"19,keyasint,omitempty"`
	ExpiredAt   int64         `cbor:"20,keyasint,omitempty"`
	RestedAt    int64         `cbor:"21,keyasint,omitempty"`
	RevokedAt   int64         `cbor:"22,keyasint,omitempty"`
	ForgetAt    int64         `cbor:"23,keyasint,omitempty"`
	Maybe       bool          `cbor:"24,keyasint,omitempty"`
	ByLink      bool          `cbor:"25,keyasint,omitempty"`
	Visits      int           `cbor:"26,keyasint,omitempty"`
	ProviderID  string        `cbor:"27,keyasint,omitempty"`
	Attempts    int           `cbor:"28,keyasint,omitempty"`
	Detail      string        `cbor:"29,keyasint,omitempty"`
	Round       int           `cbor:"30,keyasint,omitempty"`
}

func (s *Store) invitationRec(i core.Invitation) invitationRec {
	r := invitationRec{
		Vendor: i.Vendor, Namespace: i.Order.Namespace, OrderID: i.Order.ID, OrderRef: i.OrderRef,
		Lane: uint8(i.Lane), State: uint8(i.State), Reason: string(i.Reason),
		Email: s.seal(i.Vendor, i.ID, "email", i.Email), Name: s.seal(i.Vendor, i.ID, "name", i.Name),
		AddressHash: i.AddressHash, Locale: i.Locale,
		CreatedAt: micros(i.CreatedAt), DueAt: micros(i.DueAt), FulfilledAt: micros(i.FulfilledAt),
		SentAt: micros(i.SentAt), OpenedAt: micros(i.OpenedAt), CompletedAt: micros(i.CompletedAt),
		ExpiresAt: micros(i.ExpiresAt), ExpiredAt: micros(i.ExpiredAt), RestedAt: micros(i.RestedAt),
		RevokedAt: micros(i.RevokedAt), ForgetAt: micros(i.ForgetAt),
		Maybe: i.Maybe, ByLink: i.ByLink, Visits: i.Visits, ProviderID: i.ProviderID, Attempts: i.Attempts, Detail: i.Detail, Round: i.Round,
	}
	if !i.Shop.IsZero() {
		r.Shop = &i.Shop
	}
	return r
}

func (r invitationRec) bare(id core.InvitationID) core.Invitation {
	i := core.Invitation{
		ID: id, Vendor: r.Vendor, Order: core.OrderKey{Namespace: r.Namespace, ID: r.OrderID}, OrderRef: r.OrderRef,
		Lane: core.Lane(r.Lane), State: core.State(r.State), Reason: core.Reason(r.Reason),
		AddressHash: r.AddressHash, Locale: r.Locale,
		CreatedAt: moment(r.CreatedAt), DueAt: moment(r.DueAt), FulfilledAt: moment(r.FulfilledAt),
		SentAt: moment(r.SentAt), OpenedAt: moment(r.OpenedAt), CompletedAt: moment(r.CompletedAt),
		ExpiresAt: moment(r.ExpiresAt), ExpiredAt: moment(r.ExpiredAt), RestedAt: moment(r.RestedAt),
		RevokedAt: moment(r.RevokedAt), ForgetAt: moment(r.ForgetAt),
		Maybe: r.Maybe, ByLink: r.ByLink, Visits: r.Visits, ProviderID: r.ProviderID, Attempts: r.Attempts, Detail: r.Detail, Round: r.Round,
	}
	if r.Shop != nil {
		i.Shop = *r.Shop
	}
	return i
}

func (s *Store) invitation(id core.InvitationID, r invitationRec) (i core.Invitation, err error) {
	i = r.bare(id)
	if i.Email, err = s.unseal(r.Vendor, id, "email", r.Email); err != nil {
		return i, err
	}
	i.Name, err = s.unseal(r.Vendor, id, "name", r.Name)
	return i, err
}

type frozenRec struct {
	Sender     string `cbor:"11,keyasint,omitempty"`
	Renderer   int    `cbor:"1,keyasint"`
	Template   string `cbor:"2,keyasint"`
	VendorName string `cbor:"3,keyasint"`
	Website    string `cbor:"4,keyasint,omitempty"`
	Postal     string `cbor:"5,keyasint,omitempty"`
	From       string `cbor:"6,keyasint"`
	ReplyTo    string `cbor:"7,keyasint,omitempty"`
	PublicURL  string `cbor:"8,keyasint"`
	TokenKey   int    `cbor:"9,keyasint"`
	Locale     string `cbor:"10,keyasint,omitempty"`
}

type entryRec struct {
	Lane        uint8      `cbor:"1,keyasint"`
	Due         int64      `cbor:"2,keyasint"`
	RetryAt     int64      `cbor:"3,keyasint,omitempty"`
	Attempt     int        `cbor:"4,keyasint,omitempty"`
	Round       int        `cbor:"5,keyasint,omitempty"`
	LeaseToken  []byte     `cbor:"6,keyasint,omitempty"`
	LeaseUntil  int64      `cbor:"7,keyasint,omitempty"`
	FreeAt      int64      `cbor:"8,keyasint,omitempty"`
	MaybeFreeAt int64      `cbor:"9,keyasint,omitempty"`
	FirstTry    *momentRec `cbor:"10,keyasint,omitempty"`
	FirstMaybe  *momentRec `cbor:"11,keyasint,omitempty"`
	Frozen      *frozenRec `cbor:"12,keyasint,omitempty"`
	Stop        uint8      `cbor:"13,keyasint,omitempty"`
	StopCause   string     `cbor:"14,keyasint,omitempty"`
}

func entryRecOf(e core.Entry) entryRec {
	r := entryRec{
		Lane: uint8(e.Lane), Due: micros(e.Due), RetryAt: micros(e.RetryAt), Attempt: e.Attempt, Round: e.Round,
		LeaseUntil: micros(e.LeaseUntil), FreeAt: micros(e.FreeAt), MaybeFreeAt: micros(e.MaybeFreeAt),
		FirstTry: momentRecOf(e.FirstTry), FirstMaybe: momentRecOf(e.FirstMaybe), Stop: uint8(e.Stop), StopCause: string(e.StopCause),
	}
	if e.LeaseToken != ([16]byte{}) {
		r.LeaseToken = e.LeaseToken[:]
	}
	if e.Frozen != (core.Frozen{}) {
		r.Frozen = (*frozenRec)(&e.Frozen)
	}
	return r
}

func (r entryRec) entry(id core.InvitationID, k core.Kind) core.Entry {
	e := core.Entry{
		Invitation: id, Kind: k, Lane: core.Lane(r.Lane), Due: moment(r.Due), RetryAt: moment(r.RetryAt),
		Attempt: r.Attempt, Round: r.Round, LeaseUntil: moment(r.LeaseUntil), FreeAt: moment(r.FreeAt), MaybeFreeAt: moment(r.MaybeFreeAt),
		FirstTry: r.FirstTry.moment(), FirstMaybe: r.FirstMaybe.moment(), Stop: core.State(r.Stop), StopCause: core.Reason(r.StopCause),
	}
	copy(e.LeaseToken[:], r.LeaseToken)
	if r.Frozen != nil {
		e.Frozen = core.Frozen(*r.Frozen)
	}
	return e
}

type answerRec struct {
	Body       []byte            `cbor:"1,keyasint,omitempty"`
	Invitation core.InvitationID `cbor:"2,keyasint"`
	Duplicate  bool              `cbor:"3,keyasint,omitempty"`
	State      uint8             `cbor:"4,keyasint"`
	Until      int64             `cbor:"5,keyasint"` // civil
	ExpectedAt int64             `cbor:"6,keyasint,omitempty"`
	Reason     string            `cbor:"7,keyasint,omitempty"`
}

type reviewRec struct {
	Vendor      core.VendorID `cbor:"1,keyasint"`
	Rating      int           `cbor:"2,keyasint"`
	Title       []byte        `cbor:"3,keyasint,omitempty"` // sealed
	Text        []byte        `cbor:"4,keyasint,omitempty"` // sealed
	DisplayName []byte        `cbor:"5,keyasint,omitempty"` // sealed
	Moderation  string        `cbor:"6,keyasint"`
	CreatedAt   int64         `cbor:"7,keyasint"`
	EditedAt    int64         `cbor:"8,keyasint,omitempty"`
}
