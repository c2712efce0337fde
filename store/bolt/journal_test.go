package bolt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/store"
	"aminobridge/store/bolt"
	"aminobridge/store/storetest"
)

const block = 4096 // where frames of the journal begin

// shopDay is a store with a shop, whose orders are told of.
type shopDay struct {
	*testing.T
	store.Store
	dir   string
	clock *storetest.Clock
	shop  core.Shop
	told  int
}

func newShopDay(t *testing.T) *shopDay {
	d := &shopDay{T: t, dir: t.TempDir(), clock: storetest.NewClock(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC))}
	d.Store = open(t, d.dir, d.clock)
	t.Cleanup(func() { _ = d.Close() })
	_, d.shop = named(t, d.Store, "first", d.clock.Now())
	return d
}

// tell appends the next order, with something in it that takes so many bytes.
func (d *shopDay) tell(size int) {
	d.Helper()
	d.told++
	e := fulfilled(d.shop, strconv.Itoa(d.told), d.clock.Now())
	e.Detail = strings.Repeat("x", size)
	if _, err := d.Append(context.Background(), []core.Event{e}); err != nil {
		d.Fatal(err)
	}
	d.clock.Pass(time.Millisecond)
}

// write writes something, which moves what the journal has.
func (d *shopDay) write() {
	d.Helper()
	if _, err := d.WallChecked(context.Background()); err != nil {
		d.Fatal(err)
	}
}

// killed is a folder with what a kill would leave at this moment; the data file is
// the one given, or as it is.
func (d *shopDay) killed(data []byte) string {
	d.Helper()
	left := d.TempDir()
	journal := read(d.T, file(d.dir)+"-journal")
	for data == nil { // not while it is being written
		if one := read(d.T, file(d.dir)); bytes.Equal(one, read(d.T, file(d.dir))) {
			data = one
		}
	}
	write(d.T, file(left), data)
	write(d.T, file(left)+"-journal", journal)
	return left
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// holds opens a folder and fails unless orders 1 to n wait in it, each once, and
// the store recounts itself.
func (d *shopDay) holds(dir string, n int) {
	d.Helper()
	s := open(d.T, dir, d.clock)
	defer func() { _ = s.Close() }()
	d.waits(s, n)
	if findings, err := s.Check(context.Background()); err != nil || len(findings) > 0 {
		d.Errorf("Check: %v, %v", findings, err)
	}
}

func (d *shopDay) waits(s store.Store, n int) {
	d.Helper()
	events, err := s.Pending(context.Background(), d.clock.Now(), 1000)
	if err != nil {
		d.Fatal(err)
	}
	seen := map[string]int{}
	for _, e := range events {
		seen[e.Order.ID]++
	}
	for i := 1; i <= n; i++ {
		if seen[strconv.Itoa(i)] != 1 {
			d.Errorf("order %d waits %d times, want once", i, seen[strconv.Itoa(i)])
		}
	}
	if len(events) != n {
		d.Errorf("%d events wait, want %d", len(events), n)
	}
}

// TestJournalOutlivesKills: at whatever moment, all that was acknowledged is there
// once, wherever in the ring it lies and how much of it was moved.
func TestJournalOutlivesKills(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			d, random := newShopDay(t), rand.New(rand.NewPCG(seed, 0))
			for range 60 {
				switch random.IntN(8) {
				case 0:
					d.holds(d.killed(nil), d.told)
				case 1:
					d.write()
				case 2:
					if err := d.Close(); err != nil {
						t.Fatal(err)
					}
					d.Store = open(t, d.dir, d.clock)
				case 3:
					d.tell(random.IntN(900_000))
				default:
					d.tell(random.IntN(200_000))
				}
			}
			d.holds(d.killed(nil), d.told)
		})
	}
}

// TestJournalMovesOnce: a kill between the move and whatever follows it, or a data
// file from before the move, tells nothing twice.
func TestJournalMovesOnce(t *testing.T) {
	d := newShopDay(t)
	before := read(t, file(d.dir))
	for range 3 {
		d.tell(0)
	}
	e := fulfilled(d.shop, "4", d.clock.Now())
	e.Test = true // of which nothing tells a repeat
	if _, err := d.Append(context.Background(), []core.Event{e}); err != nil {
		t.Fatal(err)
	}
	d.holds(d.killed(before), 4)
	d.write()
	d.holds(d.killed(before), 4)
	d.holds(d.killed(nil), 4)
	decideAll(t, d, d.clock)
	d.holds(d.killed(nil), 0)
}

// TestCloseMovesAll: what was closed in order is whole without its journal.
func TestCloseMovesAll(t *testing.T) {
	d := newShopDay(t)
	d.tell(0)
	if err := errors.Join(d.Close(), os.Remove(file(d.dir)+"-journal")); err != nil {
		t.Fatal(err)
	}
	d.holds(d.dir, 1)
}

// TestOpenKnowsItsBacklog: what waited too long before a stop refuses more after it.
func TestOpenKnowsItsBacklog(t *testing.T) {
	d := newShopDay(t)
	d.tell(0)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d.clock.Pass(11 * time.Minute)
	d.Store = open(t, d.dir, d.clock)
	if _, err := d.Append(t.Context(), []core.Event{fulfilled(d.shop, "2", d.clock.Now())}); !errors.Is(err, core.ErrBusy) {
		t.Errorf("got %v, want core.ErrBusy", err)
	}
}

// TestJournalTornTail: the last frame may be half on disk, since nobody was told.
// What follows is kept behind the one before it.
func TestJournalTornTail(t *testing.T) {
	d := newShopDay(t)
	before := read(t, file(d.dir))
	d.tell(0)
	d.tell(3 * block)
	left := d.killed(before)
	journal := read(t, file(left)+"-journal")
	clear(journal[3*block : 4*block])
	write(t, file(left)+"-journal", journal)

	d.Store, d.dir, d.told = open(t, left, d.clock), left, 1
	d.waits(d, 1)
	d.tell(0)
	d.holds(d.killed(nil), 2)
}

// TestJournalDamaged: a frame that is missing before others was acknowledged. The
// store does not open as if nothing had been lost.
func TestJournalDamaged(t *testing.T) {
	d := newShopDay(t)
	before := read(t, file(d.dir))
	d.tell(0)
	d.tell(0)
	left := d.killed(before)
	journal := read(t, file(left)+"-journal")
	journal[block+100] ^= 1 // the first one tells nothing
	write(t, file(left)+"-journal", journal)
	refused(t, left, d.clock)
}

// TestJournalOfLater: beside an older copy of the data file the journal may have
// forgotten what the copy has not.
func TestJournalOfLater(t *testing.T) {
	d := newShopDay(t)
	before := read(t, file(d.dir))
	for range 12 { // more than once around
		d.tell(500_000)
		d.write()
	}
	left := d.killed(before)
	refused(t, left, d.clock)
	if err := os.Remove(file(left) + "-journal"); err != nil {
		t.Fatal(err)
	}
	d.holds(left, 0)
}

func refused(t *testing.T, dir string, clock core.Clock) {
	t.Helper()
	s, err := bolt.Open(file(dir), bytes.Clone(master), clock)
	if err == nil {
		_ = s.Close()
		t.Fatal("opened, and what was acknowledged is not there")
	}
	if !strings.Contains(err.Error(), "journal") {
		t.Errorf("refused with %q, want words about the journal", err)
	}
}

// TestJournalOfOlder: so may one whose events are all there still, since the copy
// does not know what else happened.
func TestJournalOfOlder(t *testing.T) {
	d := newShopDay(t)
	before := read(t, file(d.dir))
	d.tell(0)
	d.write()
	d.tell(0)
	refused(t, d.killed(before), d.clock)
}

// TestJournalOfNone: a journal of another data file, a short one and an empty one are
// none of this file's, whether it has had one that kept something or not.
func TestJournalOfNone(t *testing.T) {
	d, other := newShopDay(t), newShopDay(t)
	other.tell(0)
	theirs := read(t, file(other.dir)+"-journal")
	for range 2 {
		for name, journal := range map[string][]byte{"another's": theirs, "short": read(t, file(d.dir)+"-journal")[:len(theirs)/2], "empty": make([]byte, len(theirs))} {
			t.Run(name, func(t *testing.T) {
				left := d.killed(nil)
				write(t, file(left)+"-journal", journal)
				refused(t, left, d.clock)
			})
		}
		d.tell(0)
		d.write()
	}
}

// TestJournalMovedAway: whoever moves it away goes on with a new one, in which a
// start that ends at once leaves nothing behind that the next one stumbles over.
func TestJournalMovedAway(t *testing.T) {
	d := newShopDay(t)
	d.tell(0)
	d.write()
	left := d.killed(nil)
	for range 2 {
		if err := os.Remove(file(left) + "-journal"); err != nil {
			t.Fatal(err)
		}
		for _, remade := range []bool{true, false} {
			s := open(t, left, d.clock)
			if got := s.(*bolt.Store).JournalRemade(); got != remade {
				t.Errorf("it says that its journal was remade: %t, want %t", got, remade)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			d.holds(left, 1)
		}
	}
}

// TestJournalGoesAround: a frame that does not fit before the ring's end lies at its
// start, and is found there.
func TestJournalGoesAround(t *testing.T) {
	d := newShopDay(t)
	for range 4 {
		d.tell(900_000)
		d.write()
	}
	before := read(t, file(d.dir))
	d.tell(900_000)
	d.holds(d.killed(before), 5)
}

// TestJournalLength: whatever length a frame claims to have, it is read within the
// ring.
func TestJournalLength(t *testing.T) {
	d := newShopDay(t)
	before := read(t, file(d.dir))
	d.tell(0)
	left := d.killed(before)
	journal := read(t, file(left)+"-journal")
	for _, n := range []uint32{0, 5, 1 << 22, 1<<32 - 1} {
		binary.BigEndian.PutUint32(journal[block+8:], n)
		write(t, file(left)+"-journal", journal)
		d.holds(left, 0)
	}
}

// TestJournalHasNoRoom: more than the ring holds, from many at once, waits until
// there is room and is all kept; so is an event that no frame has room for.
func TestJournalHasNoRoom(t *testing.T) {
	d := newShopDay(t)
	var all sync.WaitGroup
	const hands, each = 8, 4
	for hand := range hands {
		all.Go(func() {
			for i := range each {
				e := fulfilled(d.shop, strconv.Itoa(1+hand*each+i), d.clock.Now())
				e.Detail = strings.Repeat("x", 400_000)
				if _, err := d.Append(context.Background(), []core.Event{e}); err != nil {
					t.Errorf("order %s: %v", e.Order.ID, err)
				}
			}
		})
	}
	all.Wait()
	d.told = hands * each
	d.tell(5 << 20)
	d.holds(d.killed(nil), d.told)
}

// TestToldTwiceAtOnce: tellings that are both on their way to the journal are one
// event.
func TestToldTwiceAtOnce(t *testing.T) {
	d := newShopDay(t)
	var all sync.WaitGroup
	for range 16 {
		e := fulfilled(d.shop, "1", d.clock.Now())
		all.Go(func() {
			if _, err := d.Append(context.Background(), []core.Event{e}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	d.waits(d, 1)
	d.holds(d.killed(nil), 1)
	decideAll(t, d, d.clock)
	verdicts, _, err := d.Verdicts(context.Background(), d.shop.Vendor, "", 10)
	if err != nil || len(verdicts) != 1 {
		t.Errorf("%d verdicts, %v, want 1", len(verdicts), err)
	}
}

// TestWithdrawnFromTheJournal: a withdrawal finds the fulfilment before it, though
// that had no time to be moved.
func TestWithdrawnFromTheJournal(t *testing.T) {
	d := newShopDay(t)
	d.tell(0)
	no := fulfilled(d.shop, "1", d.clock.Now())
	no.Kind, no.CancelledAt = core.Cancellation, d.clock.Now()
	if _, err := d.Append(context.Background(), []core.Event{no}); err != nil {
		t.Fatal(err)
	}
	decideAll(t, d, d.clock)
	verdicts, _, err := d.Verdicts(context.Background(), d.shop.Vendor, "", 10)
	if err != nil || len(verdicts) != 2 || verdicts[0].Reason != core.WithdrawnBefore {
		t.Errorf("got %v, %v, want withdrawn before", verdicts, err)
	}
}
