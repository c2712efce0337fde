package bolt

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	bbolt "go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"aminobridge/core"
	"aminobridge/core/vault"
)

// The bench fills large folders with these, each in the state that a row of its
// table begins with; see states.
var (
	fillInvitations = flag.Int("fill", 0, "invitations to make")
	fillVendors     = flag.Int("vendors", 1000, "vendors to spread them over")
	fillState       = flag.String("state", "sent", "what has become of them: sent, waiting, stale or full")
	fillFolder      = flag.String("folder", "", "the data folder to make; without it, the test fills small ones")
)

const (
	// leastInOne and mostInOne are how many invitations one transaction makes. It
	// grows with the file: bbolt splits pages only at the end, and before that moves
	// all that is in one for each key that comes into its middle.
	leastInOne, mostInOne = 1000, 20_000
	// known is how many shops, at most, are written down beside the file.
	known = 1000
	// firstFilled begins the ids of the orders, below those of the bench's own.
	firstFilled = 4_000_000_000_000
	fillDelay   = 7 * 24 * time.Hour
)

// state is what has become of a file's invitations. They are made one after the
// other over a span of time, which ended some time ago.
type state struct {
	settings    [][2]string
	ended, span time.Duration
	// make makes an invitation of an order that was fulfilled, and what comes of it.
	make func(t *txn, e core.Event) error
}

var states = map[string]state{
	// All sent in the last two months, and nothing to do.
	"sent": {[][2]string{{"cap", "1000000"}, {"hours", "always"}}, time.Hour, 60 * 24 * time.Hour, letterSent},
	// All due at once in a week, with nothing in their way.
	"waiting": {[][2]string{{"pacing", "burst"}, {"reserve", "0"}, {"hours", "always"}}, 0, time.Minute, letterWaits},
	// All sent, and expired by the calendar.
	"stale": {[][2]string{{"expiry", "7d"}, {"hours", "always"}}, 8 * 24 * time.Hour, time.Hour, letterSent},
	// A full hour of slots a vendor, and then letters that wait for one.
	"full": {[][2]string{{"pacing", "burst"}, {"reserve", "0"}, {"delay", "0s"}, {"hours", "always"}}, 0, time.Minute, letterLeft},
}

// letterSent is what an order leaves behind it when its letter has been sent and its
// slot is free again, written at once: the whole way, with the queue, takes thrice
// as long. TestFillIsAsItWouldBe holds it to that.
func letterSent(t *txn, e core.Event) error {
	d, m, err := t.open(e.Vendor, e.ReceivedAt)
	if err != nil {
		return err
	}
	inv := core.Invitation{
		ID: core.NewInvitationID(m.Wall), Vendor: e.Vendor, Shop: e.Shop, Order: e.Order, OrderRef: e.OrderName, Lane: core.Orders, State: core.Sent,
		Email: e.Email, Name: e.Name, AddressHash: t.s.keys.AddressHash(e.Vendor, e.Email), Locale: e.Locale,
		CreatedAt: m.Wall, DueAt: m.Wall, FulfilledAt: e.At, SentAt: m.Wall, ProviderID: provided, Attempts: 1,
	}
	d.save(inv)
	d.mailed(inv.AddressHash, m.Wall)
	t.mark("ref", join(d.refKey('s', e.OrderName), inv.ID[:]))
	t.put("order", orderKey(e.Vendor, e.Order), orderRecOf(core.Order{Invitation: inv.ID, Name: e.OrderName, FulfilledAt: e.At, Total: e.Total}))
	d.counters.Verdicts[core.Invited]++
	t.log(core.Verdict{
		Event: e.ID, Vendor: e.Vendor, Shop: e.Shop, Topic: e.Topic, ReceivedAt: m.Wall, DecidedAt: m.Wall,
		Order: e.Order, OrderName: e.OrderName, Reason: core.Invited, Invitation: inv.ID,
	}, d.vendor.Settings.Retention)
	return t.err
}

// provided is what a provider calls a letter.
const provided = "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"

// letterWaits is an order with its verdict, and its letter in the queue.
func letterWaits(t *txn, e core.Event) error {
	v, _, err := t.decide(e, e.ReceivedAt)
	if err == nil && v.Reason != core.Invited {
		err = fmt.Errorf("order %s: %s", e.Order.ID, v.Reason)
	}
	return err
}

// letterLeft goes on with it, and sends the vendor's next letter if there is a slot
// for it.
func letterLeft(t *txn, e core.Event) error {
	if err := letterWaits(t, e); err != nil {
		return err
	}
	d, m, err := t.open(e.Vendor, e.ReceivedAt)
	if err != nil {
		return err
	}
	claimed, _, err := d.claim(m, core.ClaimAsk{Vendor: e.Vendor, N: 1, Window: time.Hour, Now: m.Wall})
	for _, c := range claimed {
		d.settle(c.Entry, c.Invitation, core.Outcome{Begun: true, ProviderID: provided}, m)
	}
	return err
}

// filled is a shop of a filled folder, and an API key of its vendor.
type filled struct {
	Vendor string `json:"vendor"`
	ID     string `json:"id"`
	Domain string `json:"domain"`
	Token  string `json:"token"`
	Secret string `json:"secret"`
	Key    string `json:"key"`
}

// filler makes the vendors, and then their invitations.
type filler struct {
	*Store
	what  state
	now   time.Time
	shops []core.Shop
	n     int // invitations
}

func (f *filler) vendors(ctx context.Context, n int) error {
	f.shops = make([]core.Shop, n)
	return f.all(ctx, n, func(ctx context.Context, i int) error {
		since := f.now.Add(-f.what.ended - f.what.span - 2*fillDelay)
		v := core.Vendor{ID: core.NewVendorID(since.Add(time.Duration(i) * time.Millisecond)), Slug: fmt.Sprintf("shop-%07d", i), Name: "Shop", CreatedAt: since, Settings: core.DefaultSettings()}
		for _, s := range f.what.settings {
			if err := v.Settings.Set(s[0], s[1]); err != nil {
				return err
			}
		}
		if _, err := f.PutVendor(ctx, v); err != nil {
			return err
		}
		f.shops[i] = core.Shop{
			ID: core.NewShopID(since.Add(time.Duration(i) * time.Millisecond)), Vendor: v.ID, Platform: "shopify", Domain: v.Slug + ".myshopify.com",
			Token: vault.NewShopToken(), Secrets: []string{"filled"}, CreatedAt: since, Since: since, ConnectedAt: since,
		}
		_, err := f.PutShop(ctx, f.shops[i])
		return err
	})
}

// all does n things, so many at once that the store writes them in large groups.
func (f *filler) all(ctx context.Context, n int, do func(context.Context, int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	const hands = 2 * mostUrgent
	for hand := range hands {
		g.Go(func() error {
			for i := hand; i < n; i += hands {
				if err := do(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// invitations makes them in the order of their times, and so for the vendors in
// turn: what is stored by time then lies as it would.
func (f *filler) invitations(ctx context.Context) error {
	for from := 0; from < f.n; {
		next := min(f.n, from+min(max(from/20, leastInOne), mostInOne))
		err := f.write(ctx, f.later, func(t *txn) error {
			for i := from; i < next; i++ {
				if err := f.invite(t, i); err != nil {
					return fault(err)
				}
			}
			return t.err
		})
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

// event is the fulfilment of order i.
func (f *filler) event(i int) core.Event {
	at := core.Micro(f.now.Add(-f.what.ended - f.what.span + time.Duration(float64(i)/float64(f.n)*float64(f.what.span))))
	shop, id := f.shops[i%len(f.shops)], strconv.Itoa(firstFilled+i)
	return core.Event{
		ID: core.NewEventID(at), Vendor: shop.Vendor, Shop: shop.ID, Topic: "orders/fulfilled", Kind: core.Fulfilled,
		ReceivedAt: at, NotBefore: at, At: at, Order: core.OrderKey{Namespace: "shopify", ID: id},
		OrderName: "#" + id, Email: "buyer" + id + "@customer.example", Name: "Kim Doe", Locale: "en", IsFulfilled: true, Total: 300_000,
	}
}

// invite is an order's way without the event's own record, which lasts only until
// the verdict.
func (f *filler) invite(t *txn, i int) error {
	e := f.event(i)
	t.mark("order", repeatKey(e))
	return f.what.make(t, e)
}

// fillTo makes a data folder as the program has it.
func fillTo(t *testing.T, dir string, clock core.Clock, s state, vendors, n int) *filler {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	master := vault.NewMaster()
	must(os.MkdirAll(dir, 0o700))
	must(os.WriteFile(filepath.Join(dir, "amino.key"), []byte(vault.FormatMaster(master)+"\n"), 0o600))
	store, err := Open(filepath.Join(dir, "amino.db"), master, clock)
	must(err)
	t.Cleanup(func() { must(store.Close()) })
	store.db.NoSync = true // a file that breaks is made again
	f := &filler{Store: store, what: s, now: clock.Now(), n: n}
	must(f.vendors(t.Context(), vendors))
	must(f.invitations(t.Context()))
	store.db.NoSync = false
	list, err := f.list(t.Context())
	must(err)
	text, err := json.Marshal(list)
	must(err)
	must(os.WriteFile(filepath.Join(dir, "shops.json"), text, 0o600))
	return f
}

// list gives the vendors of the first shops a key each.
func (f *filler) list(ctx context.Context) (list []filled, err error) {
	for i, shop := range f.shops[:min(known, len(f.shops))] {
		key, hash := vault.NewAPIKey()
		err := f.AddKey(ctx, core.Key{ID: core.NewKeyID(f.now), Vendor: shop.Vendor, Name: "bench", Scope: core.ScopeManage, CreatedAt: f.now}, hash)
		if err != nil {
			return nil, err
		}
		list = append(list, filled{fmt.Sprintf("shop-%07d", i), shop.ID.String(), shop.Domain, shop.Token, shop.Secrets[0], key})
	}
	return list, nil
}

// machineClock is the machine's; every start counts as a boot of its own.
type machineClock struct{ begun time.Time }

func (machineClock) Now() time.Time { return time.Now().UTC() }

func (c machineClock) Boot() (string, time.Duration) {
	return "fill-" + c.begun.Format(time.RFC3339Nano), time.Since(c.begun)
}

// TestFill makes a file of each kind and holds it to a recount, or makes the large
// one that the flags ask for.
func TestFill(t *testing.T) {
	if *fillFolder != "" {
		s, ok := states[*fillState]
		if !ok {
			t.Fatalf("there is no state %q", *fillState)
		}
		begun := time.Now()
		f := fillTo(t, *fillFolder, machineClock{begun}, s, *fillVendors, *fillInvitations)
		t.Logf("%d invitations %s in %s", f.n, *fillState, time.Since(begun).Round(time.Millisecond))
		return
	}
	for name, want := range map[string]core.Counters{
		"sent":    {Accepted: 36, Sent: 36, ByState: map[core.State]int64{core.Sent: 36}},
		"waiting": {Accepted: 36, ByState: map[core.State]int64{core.Scheduled: 36}},
		"stale":   {Accepted: 36, Sent: 36, ByState: map[core.State]int64{core.Sent: 36}},
		"full":    {Accepted: 303, Sent: 300, ByState: map[core.State]int64{core.Scheduled: 3, core.Sent: 300}},
	} {
		t.Run(name, func(t *testing.T) {
			f := fillTo(t, t.TempDir(), machineClock{time.Now()}, states[name], 3, int(want.Accepted))
			findings, err := f.Check(t.Context())
			if err != nil || len(findings) > 0 {
				t.Errorf("a recount finds %v, %v", findings, err)
			}
			got := core.Counters{ByState: map[core.State]int64{}}
			for _, shop := range f.shops {
				c, err := f.Counters(t.Context(), shop.Vendor)
				if err != nil {
					t.Fatal(err)
				}
				got.Accepted += c.Accepted
				got.Sent += c.Sent
				for s, n := range c.ByState {
					got.ByState[s] += n
				}
			}
			maps.DeleteFunc(got.ByState, func(_ core.State, n int64) bool { return n == 0 })
			if got.Accepted != want.Accepted || got.Sent != want.Sent || !maps.Equal(got.ByState, want.ByState) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// handClock stands still until it is told to go on.
type handClock struct{ now time.Time }

func (c *handClock) Now() time.Time { return c.now }

func (c *handClock) Boot() (string, time.Duration) { return "boot", c.now.Sub(time.Unix(0, 0)) }

func (c *handClock) Pass(d time.Duration) { c.now = c.now.Add(d) }

// TestFillIsAsItWouldBe holds a filled file to one in which as many orders went
// the whole way.
func TestFillIsAsItWouldBe(t *testing.T) {
	const n = 5
	clock := &handClock{time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
	f := fillTo(t, t.TempDir(), clock, states["sent"], 1, n)
	real := fillTo(t, t.TempDir(), clock, states["sent"], 1, 0)
	real.n = n
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		e := real.event(i)
		_, err := real.Append(t.Context(), []core.Event{e})
		must(err)
		_, err = real.Decide(t.Context(), []core.Event{e}, e.ReceivedAt)
		must(err)
		letters, err := real.Claim(t.Context(), core.ClaimAsk{Vendor: e.Vendor, N: 1, Window: time.Hour, Now: e.ReceivedAt.Add(fillDelay)})
		must(err)
		must(real.Settle(t.Context(), letters[0].Ref, core.Outcome{Begun: true}, e.ReceivedAt.Add(fillDelay)))
		clock.Pass(time.Second) // they leave one by one
	}
	clock.Pass(2 * time.Hour) // the slots are free
	for _, one := range []*filler{f, real} {
		must(one.Touch(t.Context()))
	}
	if got, want := f.size(t), real.size(t); !maps.Equal(got, want) {
		t.Errorf("keys by bucket are %v, and of orders that went the whole way %v", got, want)
	}
}

// size is how many keys each bucket has, but for the one of single records: the
// count of events is kept once there has been one.
func (f *filler) size(t *testing.T) map[string]int {
	t.Helper()
	keys := map[string]int{}
	err := f.db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			keys[string(name)] = b.Stats().KeyN
			return nil
		})
	})
	delete(keys, "meta")
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Touch opens the first vendor's desk for writing.
func (f *filler) Touch(ctx context.Context) error {
	v, err := f.Vendor(ctx, f.shops[0].Vendor)
	if err == nil {
		_, err = f.PutVendor(ctx, v)
	}
	return err
}
