package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/store"
)

const (
	sender = "resend"
	window = 23 * time.Hour // of the sender
	hour   = time.Hour
	day    = 24 * time.Hour

	// lease and charge are numbers of DESIGN section 6, written down again so
	// that a change of core/pace does not change what is expected of it.
	lease  = 60 * time.Second
	charge = time.Hour + 2*time.Second
	tick   = time.Microsecond // the least that a store tells apart
)

// process is what the running program knows of a letter's inputs.
var process = core.Frozen{Renderer: 1, Template: "words", From: "Amino <mail@amino.example>", PublicURL: "https://amino.example", TokenKey: 1}

// world is a store with one vendor and one shop of it, and the time.
type world struct {
	store.Store
	t      *testing.T
	ctx    context.Context
	clock  *Clock
	vendor core.Vendor
	shop   core.Shop
	key    core.KeyID
	people int
	again  func() store.Store
}

// newWorld opens a store whose vendor has few rules, so that the one under test
// is the only one that can refuse. settings is "key=value …".
func newWorld(t *testing.T, open Opener, settings string) *world {
	clock := NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))
	dir := t.TempDir()
	w := &world{t: t, ctx: context.Background(), clock: clock, key: core.NewKeyID(clock.Now())}
	w.again = func() store.Store { return open(t, dir, clock) }
	w.Store = w.again()
	t.Cleanup(w.end)
	w.vendor = w.newVendor("first", settings)
	w.shop = w.newShop(w.vendor.ID, "first.example")
	return w
}

// end holds whatever the story was to what is true of every store (I5).
func (w *world) end() {
	w.t.Helper()
	findings, err := w.Check(w.ctx)
	if err != nil {
		w.t.Errorf("Check: %v", err)
	}
	for _, f := range findings {
		w.t.Errorf("Check: %s of %s: kept %d, found %d", f.What, f.Vendor, f.Kept, f.Found)
	}
	if c := w.counters(); c.Completed > c.Opened || c.Opened > c.Sent || c.Completed+c.Expired > c.Sent {
		w.t.Errorf("counters out of order: %+v", c)
	}
	if err := w.Close(); err != nil {
		w.t.Errorf("Close: %v", err)
	}
}

// restart closes the store and opens it again.
func (w *world) restart() {
	w.t.Helper()
	w.must(w.Close())
	w.Store = w.again()
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// wants fails the story unless err is want.
func (w *world) wants(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
}

func equal[T comparable](w *world, what string, got, want T) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func (w *world) now() time.Time       { return w.clock.Now() }
func (w *world) pass(d time.Duration) { w.clock.Pass(d) }

func (w *world) newVendor(slug, settings string) core.Vendor {
	w.t.Helper()
	v := core.Vendor{ID: core.NewVendorID(w.now()), Slug: slug, Name: "Shop " + slug, CreatedAt: w.now(), Settings: core.DefaultSettings()}
	set(w, &v, "sender="+sender+" delay=0s hours=always cooldown=0s pacing=burst reserve=0 "+settings)
	v, err := w.PutVendor(w.ctx, v)
	w.must(err)
	return v
}

// change changes settings of the vendor in the store.
func (w *world) change(settings string) {
	w.t.Helper()
	set(w, &w.vendor, settings)
	v, err := w.PutVendor(w.ctx, w.vendor)
	w.must(err)
	w.vendor = v
}

func set(w *world, v *core.Vendor, settings string) {
	w.t.Helper()
	for _, pair := range strings.Fields(settings) {
		key, value, _ := strings.Cut(pair, "=")
		w.must(v.Settings.Set(key, value))
	}
	w.must(v.Settings.Check())
}

func (w *world) newShop(v core.VendorID, domain string) core.Shop {
	w.t.Helper()
	s, err := w.PutShop(w.ctx, core.Shop{
		ID: core.NewShopID(w.now()), Vendor: v, Platform: "shopify", Domain: domain,
		Token: "token of " + domain, Secrets: []string{"secret of " + domain}, CreatedAt: w.now(),
	})
	w.must(err)
	return s
}

// ask is a call that wants an invitation for somebody new.
func (w *world) ask() core.Ask {
	w.people++
	return core.Ask{
		Vendor: w.vendor.ID, Key: w.key, Email: fmt.Sprintf("p%d@example.com", w.people), Name: fmt.Sprintf("Person %d", w.people),
		Lane: core.Direct, Delay: -1, Now: w.now(),
	}
}

// asks is a call with an order_ref.
func (w *world) asks(ref string) core.Ask {
	ask := w.ask()
	ask.OrderRef = ref
	return ask
}

// paced is a call for a letter in a paced lane, due at once.
func (w *world) paced(lane core.Lane) core.Ask {
	ask := w.ask()
	ask.Lane, ask.Delay = lane, 0
	return ask
}

func (w *world) accept(ask core.Ask) core.Accepted {
	w.t.Helper()
	ask.Now = w.now()
	a, err := w.Accept(w.ctx, ask)
	if err != nil {
		w.t.Fatalf("Accept: %v", err)
	}
	return a
}

// overCap makes a call that must be refused for the cap.
func (w *world) overCap(ask core.Ask) time.Duration {
	w.t.Helper()
	ask.Now = w.now()
	a, err := w.Accept(w.ctx, ask)
	full, ok := errors.AsType[*core.CapError](err)
	if !ok {
		w.t.Fatalf("Accept: got %v, %v, want a CapError", a.Invitation.State, err)
	}
	return full.RetryAfter
}

// invite accepts a plain call for somebody new.
func (w *world) invite() core.InvitationID {
	w.t.Helper()
	return w.accept(w.ask()).Invitation.ID
}

func hash(text string) [32]byte { return sha256.Sum256([]byte(text)) }

func (w *world) invitation(id core.InvitationID) core.Invitation {
	w.t.Helper()
	inv, err := w.Invitation(w.ctx, w.vendor.ID, id)
	w.must(err)
	return inv
}

// is fails the story unless the invitation is in the state, for the reason.
func (w *world) is(id core.InvitationID, state core.State, reason core.Reason) {
	w.t.Helper()
	if inv := w.invitation(id); inv.State != state || inv.Reason != reason {
		w.t.Errorf("the invitation is %v (%s), want %v (%s)", inv.State, inv.Reason, state, reason)
	}
}

func (w *world) letters() []core.Entry {
	w.t.Helper()
	entries, err := w.Letters(w.ctx, w.vendor.ID, 1000)
	w.must(err)
	return entries
}

// letter is the invitation's entry in the queue, which must be there.
func (w *world) letter(id core.InvitationID) core.Entry {
	w.t.Helper()
	for _, e := range w.letters() {
		if e.Invitation == id {
			return e
		}
	}
	w.t.Fatalf("no letter of %s in the queue", id)
	return core.Entry{}
}

// gone fails the story if the queue has a letter of the invitation.
func (w *world) gone(id core.InvitationID) {
	w.t.Helper()
	for _, e := range w.letters() {
		if e.Invitation == id {
			w.t.Errorf("the letter is in the queue still: %+v", e)
		}
	}
}

func (w *world) counters() core.Counters {
	w.t.Helper()
	c, err := w.Counters(w.ctx, w.vendor.ID)
	w.must(err)
	return c
}

// counts fails the story unless the contract's four numbers are these.
func (w *world) counts(sent, opened, completed, expired int64) {
	w.t.Helper()
	c := w.counters()
	got := [4]int64{c.Sent, c.Opened, c.Completed, c.Expired}
	if want := [4]int64{sent, opened, completed, expired}; got != want {
		w.t.Errorf("sent, opened, completed, expired: got %v, want %v", got, want)
	}
}

func (w *world) budget() core.Budget {
	w.t.Helper()
	b, err := w.Budget(w.ctx, w.vendor.ID)
	w.must(err)
	return b
}

func (w *world) seen(id core.InvitationID) core.Seen {
	return core.Seen{Vendor: w.vendor.ID, Invitation: id, Now: w.now()}
}
