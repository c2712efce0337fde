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

// bare is the invitation without its sealed fields.
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

type frozenRec struct {
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

type eventRec struct {
	Vendor        core.VendorID    `cbor:"1,keyasint"`
	Shop          core.ShopID      `cbor:"2,keyasint"`
	Topic         string           `cbor:"3,keyasint"`
	Kind          uint8            `cbor:"4,keyasint"`
	ReceivedAt    int64            `cbor:"5,keyasint"`
	At            int64            `cbor:"6,keyasint,omitempty"`
	Test          bool             `cbor:"7,keyasint,omitempty"`
	Namespace     string           `cbor:"8,keyasint,omitempty"`
	OrderID       string           `cbor:"9,keyasint,omitempty"`
	OrderName     string           `cbor:"10,keyasint,omitempty"`
	Email         []byte           `cbor:"11,keyasint,omitempty"` // sealed
	Name          []byte           `cbor:"12,keyasint,omitempty"` // sealed
	Locale        string           `cbor:"13,keyasint,omitempty"`
	IsFulfilled   bool             `cbor:"14,keyasint,omitempty"`
	CancelledAt   int64            `cbor:"15,keyasint,omitempty"`
	FullyRefunded bool             `cbor:"16,keyasint,omitempty"`
	Total         int64            `cbor:"17,keyasint,omitempty"`
	Refunds       map[string]int64 `cbor:"18,keyasint,omitempty"`
	Detail        string           `cbor:"19,keyasint,omitempty"`
}

func (s *Store) eventRec(e core.Event) eventRec {
	return eventRec{
		Vendor: e.Vendor, Shop: e.Shop, Topic: e.Topic, Kind: uint8(e.Kind), ReceivedAt: micros(e.ReceivedAt), At: micros(e.At), Test: e.Test,
		Namespace: e.Order.Namespace, OrderID: e.Order.ID, OrderName: e.OrderName,
		Email: s.seal(e.Vendor, e.ID, "email", e.Email), Name: s.seal(e.Vendor, e.ID, "name", e.Name), Locale: e.Locale,
		IsFulfilled: e.IsFulfilled, CancelledAt: micros(e.CancelledAt), FullyRefunded: e.FullyRefunded,
		Total: int64(e.Total), Refunds: amounts[int64](e.Refunds), Detail: e.Detail,
	}
}

func (s *Store) event(id core.EventID, notBefore time.Time, r eventRec) (core.Event, error) {
	e := core.Event{
		ID: id, Vendor: r.Vendor, Shop: r.Shop, Topic: r.Topic, Kind: core.EventKind(r.Kind), ReceivedAt: moment(r.ReceivedAt), NotBefore: notBefore,
		At: moment(r.At), Test: r.Test, Order: core.OrderKey{Namespace: r.Namespace, ID: r.OrderID}, OrderName: r.OrderName, Locale: r.Locale,
		IsFulfilled: r.IsFulfilled, CancelledAt: moment(r.CancelledAt), FullyRefunded: r.FullyRefunded,
		Total: core.Amount(r.Total), Refunds: amounts[core.Amount](r.Refunds), Detail: r.Detail,
	}
	var err error
	if e.Email, err = s.unseal(r.Vendor, id, "email", r.Email); err != nil {
		return e, err
	}
	e.Name, err = s.unseal(r.Vendor, id, "name", r.Name)
	return e, err
}

func amounts[To, From ~int64](in map[string]From) map[string]To {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]To, len(in))
	for id, a := range in {
		out[id] = To(a)
	}
	return out
}

type orderRec struct {
	Invitation  core.InvitationID `cbor:"1,keyasint"`
	Name        string            `cbor:"2,keyasint,omitempty"`
	FulfilledAt int64             `cbor:"3,keyasint,omitempty"`
	WithdrawnAt int64             `cbor:"4,keyasint,omitempty"`
	WithdrawnBy string            `cbor:"5,keyasint,omitempty"`
	Total       int64             `cbor:"6,keyasint,omitempty"`
	Refunds     map[string]int64  `cbor:"7,keyasint,omitempty"`
	RefundedAt  int64             `cbor:"8,keyasint,omitempty"`
}

func orderRecOf(o core.Order) orderRec {
	return orderRec{o.Invitation, o.Name, micros(o.FulfilledAt), micros(o.WithdrawnAt), string(o.WithdrawnBy), int64(o.Total), amounts[int64](o.Refunds), micros(o.RefundedAt)}
}

func (r orderRec) order() core.Order {
	return core.Order{Invitation: r.Invitation, Name: r.Name, FulfilledAt: moment(r.FulfilledAt), WithdrawnAt: moment(r.WithdrawnAt),
		WithdrawnBy: core.Reason(r.WithdrawnBy), Total: core.Amount(r.Total), Refunds: amounts[core.Amount](r.Refunds), RefundedAt: moment(r.RefundedAt)}
}

type verdictRec struct {
	Shop       core.ShopID       `cbor:"1,keyasint"`
	Topic      string            `cbor:"2,keyasint"`
	ReceivedAt int64             `cbor:"3,keyasint"`
	DecidedAt  int64             `cbor:"4,keyasint"`
	Namespace  string            `cbor:"5,keyasint,omitempty"`
	OrderID    string            `cbor:"6,keyasint,omitempty"`
	OrderName  string            `cbor:"7,keyasint,omitempty"`
	Reason     string            `cbor:"8,keyasint"`
	Would      string            `cbor:"9,keyasint,omitempty"`
	Detail     string            `cbor:"10,keyasint,omitempty"`
	Invitation core.InvitationID `cbor:"11,keyasint"`
	Event      core.EventID      `cbor:"12,keyasint"`
}

func verdictRecOf(v core.Verdict) verdictRec {
	return verdictRec{v.Shop, v.Topic, micros(v.ReceivedAt), micros(v.DecidedAt), v.Order.Namespace, v.Order.ID, v.OrderName, string(v.Reason), string(v.Would), v.Detail, v.Invitation, v.Event}
}

func (r verdictRec) verdict(v core.VendorID) core.Verdict {
	return core.Verdict{Event: r.Event, Vendor: v, Shop: r.Shop, Topic: r.Topic, ReceivedAt: moment(r.ReceivedAt), DecidedAt: moment(r.DecidedAt),
		Order: core.OrderKey{Namespace: r.Namespace, ID: r.OrderID}, OrderName: r.OrderName, Reason: core.Reason(r.Reason), Would: core.Reason(r.Would), Detail: r.Detail, Invitation: r.Invitation}
}

type recipientRec struct {
	Scheduled int   `cbor:"1,keyasint,omitempty"`
	LastSent  int64 `cbor:"2,keyasint,omitempty"`
}

type stopRec struct {
	Reason string `cbor:"1,keyasint"`
	At     int64  `cbor:"2,keyasint"`
}

// answerRec is what a call was answered, for its Idempotency-Key, or for the
// same call again within ten minutes.
type answerRec struct {
	Body       []byte            `cbor:"1,keyasint,omitempty"`
	Invitation core.InvitationID `cbor:"2,keyasint"`
	Duplicate  bool              `cbor:"3,keyasint,omitempty"`
	State      uint8             `cbor:"4,keyasint"`
	Until      int64             `cbor:"5,keyasint"` // civil
	ExpectedAt int64             `cbor:"6,keyasint,omitempty"`
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
	ConnectedAt   int64         `cbor:"7,keyasint,omitempty"`
	UninstalledAt int64         `cbor:"8,keyasint,omitempty"`
	Version       int           `cbor:"9,keyasint"`
}
