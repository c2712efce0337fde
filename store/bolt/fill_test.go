package bolt

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

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
	// mostInOne is how many vendors, or invitations, one transaction makes at most.
	mostInOne = 2000
	// known is how many shops, at most, are written down beside the file, and
	// samples how many of the invitations of each.
	known, samples = 1000, 10
	// firstFilled begins the ids of the orders, below those of the bench's own.
	firstFilled = 4_000_000_000_000
	fillDelay   = 7 * 24 * time.Hour
)

// state is what has become of a file's invitations. They are made one after the
// other over a span of time, which ended some time ago.
type state struct {
	settings    [][2]string
	ended, span time.Duration
	sent        bool // or they wait in the queue
	// whole says that each goes the whole way of an order, and the vendor's next letter
	// leaves after it if there is a slot. All others are laid down as that would leave them.
	whole bool
}

var states = map[string]state{
	// All sent in the last two months, and nothing to do.
	"sent": {settings: [][2]string{{"cap", "1000000"}, {"hours", "always"}}, ended: time.Hour, span: 60 * 24 * time.Hour, sent: true},
	// All due at once in a week, with nothing in their way.
	"waiting": {settings: [][2]string{{"pacing", "burst"}, {"reserve", "0"}, {"hours", "always"}}, span: time.Minute},
	// All sent, and expired by the calendar.
	"stale": {settings: [][2]string{{"cap", "1000000"}, {"expiry", "7d"}, {"hours", "always"}}, ended: 8 * 24 * time.Hour, span: time.Hour, sent: true},
	// A full hour of slots a vendor, and then letters that wait for one.
	"full": {settings: [][2]string{{"pacing", "burst"}, {"reserve", "0"}, {"delay", "0s"}, {"hours", "always"}}, span: time.Minute, whole: true},
}

// provided is what a provider calls a letter.
const provided = "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"

// filled is a shop of a filled folder, and an API key of its vendor.
type filled struct {
	Vendor string `json:"vendor"`
	ID     string `json:"id"`
	Domain string `json:"domain"`
	Token  string `json:"token"`
	Secret string `json:"secret"`
	Key    string `json:"key"`
	// Invitations are some of the vendor's, from the oldest to the newest.
	Invitations []core.InvitationID `json:"invitations"`
	// Slots are the bytes that the vendor's slots take in the file.
	Slots int `json:"slots"`
}

// filler makes the vendors, and then their invitations.
type filler struct {
	*Store
	what     state
	settings core.Settings
	now      time.Time
	shops    []core.Shop
	n        int // invitations
	ids      []core.InvitationID
}

// vendors makes them in the order of their ids, and of their tokens too: what is
// stored in order is stored fast.
func (f *filler) vendors(ctx context.Context, n int) error {
	since := f.now.Add(-f.what.ended - f.what.span - 2*fillDelay)
	f.settings = core.DefaultSettings()
	for _, s := range f.what.settings {
		if err := f.settings.Set(s[0], s[1]); err != nil {
			return err
		}
	}
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = vault.NewShopToken()
	}
	slices.Sort(tokens)
	f.shops = make([]core.Shop, n)
	return f.inTurn(ctx, n, mostInOne, func(t *txn, i int) error {
		at := since.Add(time.Duration(i) * time.Millisecond)
		id, slug := core.NewVendorID(at), fmt.Sprintf("shop-%07d", i)
		f.shops[i] = core.Shop{
			ID: core.NewShopID(at), Vendor: id, Platform: "shopify", Domain: slug + ".myshopify.com",
			Token: tokens[i], Secrets: []string{"filled"}, CreatedAt: since, Since: since, ConnectedAt: since,
		}
		t.put("vendor", under('i', id[:]), vendorRec{slug, "Shop", micros(since), 1, settingsRec(f.settings)})
		t.putRaw("vendor", under('s', []byte(slug)), clone(id[:]))
		t.putShop(f.shops[i])
		return t.err
	})
}

// inTurn does n things, some in one transaction.
func (f *filler) inTurn(ctx context.Context, n, inOne int, do func(t *txn, i int) error) error {
	for from := 0; from < n; from += inOne {
		err := f.write(ctx, f.later, func(t *txn) error {
			for i := from; i < min(n, from+inOne); i++ {
				if err := do(t, i); err != nil {
					return fault(err)
				}
			}
			return t.err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// event is the fulfilment of order i.
func (f *filler) event(i int) core.Event {
	at := f.at(i)
	shop, id := f.shops[i%len(f.shops)], strconv.Itoa(firstFilled+i)
	return core.Event{
		ID: core.NewEventID(at), Vendor: shop.Vendor, Shop: shop.ID, Topic: "orders/fulfilled", Kind: core.Fulfilled,
		ReceivedAt: at, NotBefore: at, At: at, Order: core.OrderKey{Namespace: "shopify", ID: id},
		OrderName: "#" + id, Email: "buyer" + id + "@customer.example", Name: "Kim Doe", Locale: "en", IsFulfilled: true, Total: 300_000,
	}
}

// at is when order i was fulfilled.
func (f *filler) at(i int) time.Time {
	return core.Micro(f.now.Add(-f.what.ended - f.what.span + time.Duration(float64(i)/float64(f.n)*float64(f.what.span))))
}

// goWhole is an order's whole way but for the event's own record, which lasts only
// until the verdict; and then the vendor's next letter leaves, if it may.
func (f *filler) goWhole(t *txn, i int) error {
	e := f.event(i)
	t.mark("order", repeatKey(e))
	v, _, err := t.decide(e, e.ReceivedAt)
	if err != nil || v.Reason != core.Invited {
		return errors.Join(err, fmt.Errorf("order %s: %s", e.Order.ID, v.Reason))
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
	store.db.NoSync, store.db.NoGrowSync = true, true // a file that breaks is made again
	f := &filler{Store: store, what: s, now: clock.Now(), n: n}
	must(f.vendors(t.Context(), vendors))
	must(f.invitations(t.Context()))
	must(store.db.Sync())
	store.db.NoSync, store.db.NoGrowSync = false, false
	list, err := f.list(t.Context())
	must(err)
	text, err := json.Marshal(list)
	must(err)
	must(os.WriteFile(filepath.Join(dir, "shops.json"), text, 0o600))
	return f
}

// list gives the vendors of the first shops a key each.
func (f *filler) list(ctx context.Context) (list []filled, err error) {
	for v, shop := range f.shops[:min(known, len(f.shops))] {
		key, hash := vault.NewAPIKey()
		err := f.AddKey(ctx, core.Key{ID: core.NewKeyID(f.now), Vendor: shop.Vendor, Name: "bench", Scope: core.ScopeManage, CreatedAt: f.now}, hash)
		if err != nil {
			return nil, err
		}
		one := filled{fmt.Sprintf("shop-%07d", v), shop.ID.String(), shop.Domain, shop.Token, shop.Secrets[0], key, nil, f.slots(ctx, shop.Vendor)}
		for k := 0; k < samples && len(f.ids) > 0; k++ {
			if i := f.n*k/samples/len(f.shops)*len(f.shops) + v; i < f.n {
				one.Invitations = append(one.Invitations, f.ids[i])
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// slots is what a vendor's slots take: a key each, and its place in the page.
func (f *filler) slots(ctx context.Context, v core.VendorID) (n int) {
	const place = 16
	err := f.view(ctx, func(t *txn) error {
		prefix := (&desk{vendor: core.Vendor{ID: v}}).key('g')
		t.each("desk", prefix, func(rest, _ []byte) bool {
			n += place + len(prefix) + len(rest)
			return true
		})
		return nil
	})
	return must(n, err)
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
		debug.SetGCPercent(400) // nearly all there is in memory goes to the file
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
	for _, name := range []string{"sent", "waiting"} {
		t.Run(name, func(t *testing.T) {
			clock := &handClock{time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}
			f := fillTo(t, t.TempDir(), clock, states[name], 1, n)
			real := fillTo(t, t.TempDir(), clock, states[name], 1, 0)
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
				if !f.what.sent {
					continue
				}
				letters, err := real.Claim(t.Context(), core.ClaimAsk{Vendor: e.Vendor, N: 1, Window: time.Hour, Now: e.ReceivedAt.Add(fillDelay)})
				must(err)
				must(real.Settle(t.Context(), letters[0].Ref, core.Outcome{Begun: true, ProviderID: provided}, e.ReceivedAt.Add(fillDelay)))
				clock.Pass(time.Second) // they leave one by one
			}
			clock.Pass(2 * time.Hour) // the slots are free
			for _, one := range []*filler{f, real} {
				must(one.Touch(t.Context()))
			}
			got, want := f.size(t), real.size(t)
			for bucket := range want {
				if got[bucket] != want[bucket] {
					t.Errorf("%s has %v, and of orders that went the whole way %v", bucket, got[bucket], want[bucket])
				}
			}
		})
	}
}

// size is what a bucket holds.
type size struct{ keys, bytes int }

// size is what each bucket holds, but for the one of single records: the count of
// events is kept once there has been one. What pace last did is left out too: it
// may be long ago.
func (f *filler) size(t *testing.T) map[string]size {
	t.Helper()
	sizes := map[string]size{}
	err := f.view(t.Context(), func(tx *txn) error {
		for _, name := range buckets {
			n := sizes[name]
			tx.each(name, nil, func(key, value []byte) bool {
				n.keys++
				if n.bytes += len(key); name != "desk" || key[16] != 'a' {
					n.bytes += len(value)
				}
				return true
			})
			sizes[name] = n
		}
		return nil
	})
	delete(sizes, "meta")
	if err != nil {
		t.Fatal(err)
	}
	return sizes
}

// Touch opens the first vendor's desk for writing.
func (f *filler) Touch(ctx context.Context) error {
	v, err := f.Vendor(ctx, f.shops[0].Vendor)
	if err == nil {
		_, err = f.PutVendor(ctx, v)
	}
	return err
}
