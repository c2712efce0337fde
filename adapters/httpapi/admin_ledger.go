package httpapi

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
	"aminobridge/core/queue"
)

type adminLedger interface {
	Letters(ctx context.Context, vendor core.VendorID, n int) ([]core.Entry, error)
	Invitation(ctx context.Context, vendor core.VendorID, id core.InvitationID) (core.Invitation, error)
	Forecast(ctx context.Context, vendor core.VendorID, id core.InvitationID, now time.Time) (time.Time, error)
	Verdicts(ctx context.Context, vendor core.VendorID, cursor string, n int) ([]core.Verdict, string, error)
	Counters(ctx context.Context, vendor core.VendorID) (core.Counters, error)
	Budget(ctx context.Context, vendor core.VendorID) (core.Budget, error)
	Check(ctx context.Context) ([]core.Finding, error)
}

// AdminLetter is one letter in the queue. No address: the order names it.
type AdminLetter struct {
	Invitation     core.InvitationID `json:"invitation"`
	OrderRef       string            `json:"order_ref,omitempty"`
	Kind           string            `json:"kind"`
	Lane           core.Lane         `json:"lane"`
	DueAt          time.Time         `json:"due_at"`
	ExpectedSendAt *time.Time        `json:"expected_send_at"`
	Attempts       int               `json:"attempts"`
	Leased         bool              `json:"leased"` // a worker has it, or had it when the program ended
	MaybeSent      bool              `json:"maybe_sent"`
}

// AdminQueue is the head of a vendor's queue.
type AdminQueue struct {
	Letters []AdminLetter `json:"letters"`
	Budget  AdminBudget   `json:"budget"`
	Closed  string        `json:"closed,omitempty"` // why no mail leaves
}

// AdminBudget is where a vendor stands under its cap.
type AdminBudget struct {
	Cap     int               `json:"cap"`
	Live    int               `json:"live"` // mails that count against it now
	Left    int               `json:"left"` // direct calls that would be admitted now
	ResetS  int64             `json:"reset_s"`
	Waiting map[core.Lane]int `json:"waiting"`
}

func (d desk) queue(c *fiber.Ctx) error {
	v, err := d.vendorOf(c)
	if err != nil {
		return err
	}
	entries, err := d.Store.Letters(c.UserContext(), v.ID, listed(c))
	if err != nil {
		return err
	}
	out := AdminQueue{Letters: []AdminLetter{}}
	for _, e := range entries {
		l, err := d.viewLetter(c.UserContext(), v.ID, e)
		if err != nil {
			return err
		}
		out.Letters = append(out.Letters, l)
	}
	if out.Budget, err = d.budget(c.UserContext(), v.ID); err != nil {
		return err
	}
	if out.Closed, err = d.closed(c.UserContext(), v); err != nil {
		return err
	}
	return c.JSON(out)
}

// closed is why no mail of the vendor leaves; "" if it does.
func (d desk) closed(ctx context.Context, v core.Vendor) (string, error) {
	s, err := d.Store.Sender(ctx, v.Settings.Sender)
	if err != nil || s.Closed(d.Now()) {
		return s.Cause, err
	}
	own := queue.Domain(v.Settings.From)
	for _, domain := range slices.Sorted(maps.Keys(s.Domains)) {
		if own == "" || own == domain {
			return domain + ": " + s.Domains[domain], nil
		}
	}
	return "", nil
}

func (d desk) viewLetter(ctx context.Context, v core.VendorID, e core.Entry) (AdminLetter, error) {
	inv, err := d.Store.Invitation(ctx, v, e.Invitation)
	if err != nil {
		return AdminLetter{}, err
	}
	at, err := d.Store.Forecast(ctx, v, e.Invitation, core.Micro(d.Now()))
	if err != nil {
		return AdminLetter{}, err
	}
	return AdminLetter{
		Invitation: e.Invitation, OrderRef: inv.OrderRef, Kind: e.Kind.String(), Lane: e.Lane, DueAt: e.Due, ExpectedSendAt: orNull(at),
		Attempts: e.Attempt, Leased: e.LeaseToken != [16]byte{}, MaybeSent: e.MaybeSent(),
	}, nil
}

func (d desk) budget(ctx context.Context, v core.VendorID) (AdminBudget, error) {
	b, err := d.Store.Budget(ctx, v)
	seconds := int64((b.Reset + time.Second - 1) / time.Second)
	return AdminBudget{b.Cap, b.Live, b.Left, seconds, b.Queue}, err
}

// AdminEvent is one line of the webhook log.
type AdminEvent struct {
	ID         core.EventID `json:"id"`
	Shop       string       `json:"shop"`
	Topic      string       `json:"topic"`
	Order      string       `json:"order"`
	ReceivedAt time.Time    `json:"received_at"`
	DecidedAt  time.Time    `json:"decided_at"`
	Verdict    core.Reason  `json:"verdict"`
	Sentence   string       `json:"sentence"`
	Would      core.Reason  `json:"would,omitempty"`
	Detail     string       `json:"detail,omitempty"`
	Invitation string       `json:"invitation,omitempty"`
}

// AdminEvents is one page of the webhook log, newest first.
type AdminEvents struct {
	Events []AdminEvent `json:"events"`
	Next   string       `json:"next,omitempty"`
}

func (d desk) events(c *fiber.Ctx) error {
	v, err := d.vendorOf(c)
	if err != nil {
		return err
	}
	verdicts, next, err := d.Store.Verdicts(c.UserContext(), v.ID, c.Query("cursor"), listed(c))
	if err != nil {
		return err
	}
	out := AdminEvents{Events: []AdminEvent{}, Next: next}
	for _, e := range verdicts {
		out.Events = append(out.Events, viewEvent(e))
	}
	return c.JSON(out)
}

func viewEvent(v core.Verdict) AdminEvent {
	order := v.OrderName
	if order == "" {
		order = v.Order.ID
	}
	return AdminEvent{
		ID: v.Event, Shop: v.Shop.String(), Topic: v.Topic, Order: order, ReceivedAt: v.ReceivedAt, DecidedAt: v.DecidedAt,
		Verdict: v.Reason, Sentence: v.Reason.Sentence(), Would: v.Would, Detail: v.Detail, Invitation: v.Invitation.String(),
	}
}

// AdminStats are a vendor's counters: the contract's four first.
type AdminStats struct {
	Sent      int64                 `json:"sent"`
	Opened    int64                 `json:"opened"`
	Completed int64                 `json:"completed"`
	Expired   int64                 `json:"expired"`
	Accepted  int64                 `json:"accepted"`
	Visits    int64                 `json:"visits"`
	ByState   map[core.State]int64  `json:"by_state"`
	Verdicts  map[core.Reason]int64 `json:"verdicts"`
	Budget    AdminBudget           `json:"budget"`
}

func (d desk) stats(c *fiber.Ctx) error {
	v, err := d.vendorOf(c)
	if err != nil {
		return err
	}
	n, err := d.Store.Counters(c.UserContext(), v.ID)
	if err != nil {
		return err
	}
	budget, err := d.budget(c.UserContext(), v.ID)
	if err != nil {
		return err
	}
	return c.JSON(AdminStats{n.Sent, n.Opened, n.Completed, n.Expired, n.Accepted, n.Visits, n.ByState, n.Verdicts, budget})
}

// AdminFinding is one difference between what is kept and what a recount says.
type AdminFinding struct {
	Vendor string `json:"vendor,omitempty"` // absent for a fault of the file itself
	What   string `json:"what"`
	Kept   int64  `json:"kept"`
	Found  int64  `json:"found"`
}

// AdminCheck is the result of a recount.
type AdminCheck struct {
	OK       bool           `json:"ok"`
	Findings []AdminFinding `json:"findings"`
}

func (d desk) check(c *fiber.Ctx) error {
	// Minutes, for millions of invitations; an hour ends what would never end.
	ctx, stop := context.WithTimeout(context.WithoutCancel(c.UserContext()), time.Hour)
	defer stop()
	found, err := d.Store.Check(ctx)
	if err != nil {
		return err
	}
	out := AdminCheck{OK: len(found) == 0, Findings: []AdminFinding{}}
	for _, f := range found {
		out.Findings = append(out.Findings, AdminFinding{f.Vendor.String(), f.What, f.Kept, f.Found})
	}
	return c.JSON(out)
}
