package bolt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	bbolt "go.etcd.io/bbolt"

	"aminobridge/core"
	"aminobridge/core/pace"
)

// Check implements store.Upkeep. It looks at a copy made in one reading
// transaction: bbolt's own check is not safe beside a writer, and a recount that
// held the transaction would keep the file growing.
func (s *Store) Check(ctx context.Context) ([]core.Finding, error) {
	f, err := os.CreateTemp(filepath.Dir(s.db.Path()), filepath.Base(s.db.Path())+copies)
	if err != nil {
		return nil, fmt.Errorf("a copy to check: %w", err)
	}
	path := f.Name()
	defer func() { _ = os.Remove(path) }()
	defer func() { _ = f.Close() }()
	err = s.view(ctx, func(t *txn) error {
		_, err := t.tx.WriteTo(copying{f, func() error { return errors.Join(ctx.Err(), s.ending()) }})
		return err
	})
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return nil, fmt.Errorf("a copy to check needs as much room as the file: %w", core.ErrFull)
	case err != nil:
		return nil, fmt.Errorf("a copy to check: %w", cmp.Or(s.ending(), err)) // bbolt tells no errors apart
	}
	db, err := openFile(path, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	copied := &Store{db: db, keys: s.keys, clock: s.clock, fenced: make(chan struct{})}
	c := check{found: map[core.VendorID]*ledger{}}
	err = copied.view(ctx, func(t *txn) error {
		c.t = t
		return c.run(ctx)
	})
	return c.findings, err
}

// copying is a copy that may be given up: a store that closes waits for its readers.
type copying struct {
	to    *os.File
	ended func() error
}

func (c copying) Write(p []byte) (int, error) {
	if err := c.ended(); err != nil {
		return 0, err
	}
	return c.to.Write(p)
}

// check is a recount.
type check struct {
	t        *txn
	found    map[core.VendorID]*ledger
	findings []core.Finding
}

// ledger is what a recount finds of one vendor.
type ledger struct {
	counters core.Counters
	slots    [3]int64
	waiting  map[core.Lane]int64
	letters  int64
}

func (c *check) of(v core.VendorID) *ledger {
	l := c.found[v]
	if l == nil {
		l = &ledger{counters: core.Counters{ByState: map[core.State]int64{}}, waiting: map[core.Lane]int64{}}
		c.found[v] = l
	}
	return l
}

func (c *check) run(ctx context.Context) error {
	c.invitations(ctx)
	c.desks(ctx)
	c.pending()
	if err := ctx.Err(); err != nil {
		return err
	}
	c.vendors()
	for range c.t.tx.Check() { // what it says may hold bytes of a record
		c.findings = append(c.findings, core.Finding{What: "fault of the file's pages", Found: 1})
	}
	return c.t.err
}

func (c *check) invitations(ctx context.Context) {
	c.t.each("invitation", nil, func(key, value []byte) bool {
		var r invitationRec
		if decode(key, value, &r) != nil {
			c.findings = append(c.findings, core.Finding{What: "invitation that cannot be read", Found: 1})
			return true
		}
		inv := r.bare(core.InvitationID(key))
		l := c.of(r.Vendor)
		l.counters.Accepted++
		l.counters.ByState[inv.State]++
		l.counters.Visits += int64(inv.Visits)
		t := tallyOf(inv)
		for _, one := range []struct {
			counted bool
			total   *int64
		}{
			{!t.sent.IsZero(), &l.counters.Sent}, {!t.opened.IsZero(), &l.counters.Opened},
			{!t.completed.IsZero(), &l.counters.Completed}, {!t.expired.IsZero(), &l.counters.Expired},
		} {
			if one.counted {
				*one.total++
			}
		}
		return ctx.Err() == nil
	})
}

// desks counts the members of the books and the letters of the queues.
func (c *check) desks(ctx context.Context) {
	c.t.each("desk", nil, func(key, _ []byte) bool {
		l := c.of(core.VendorID(key[:16]))
		switch rest := key[17:]; key[16] {
		case 'g':
			l.slots[rest[0]]++
		case 'd':
			l.waiting[core.Lane(rest[0])]++
			l.letters--
		case 'e':
			l.letters--
		case 'q':
			l.letters++
		}
		return ctx.Err() == nil
	})
}

func (c *check) pending() {
	n := int64(0)
	c.t.each("event", nil, func(_, _ []byte) bool { n++; return true })
	c.compare(core.VendorID{}, "events without a verdict", c.t.waiting().n, n)
}

func (c *check) compare(v core.VendorID, what string, kept, found int64) {
	if kept != found {
		c.findings = append(c.findings, core.Finding{Vendor: v, What: what, Kept: kept, Found: found})
	}
}

func (c *check) vendors() {
	c.t.each("vendor", []byte{'i'}, func(id, _ []byte) bool {
		v := core.VendorID(id)
		d, err := c.t.desk(v)
		if err != nil {
			c.findings = append(c.findings, core.Finding{Vendor: v, What: "vendor that cannot be read", Found: 1})
			return true
		}
		c.vendor(d, c.of(v))
		return true
	})
}

func (c *check) vendor(d *desk, l *ledger) {
	v, kept, found := d.vendor.ID, d.counters, l.counters
	c.compare(v, "sent", kept.Sent, found.Sent)
	c.compare(v, "opened", kept.Opened, found.Opened)
	c.compare(v, "completed", kept.Completed, found.Completed)
	c.compare(v, "expired", kept.Expired, found.Expired)
	c.compare(v, "visits", kept.Visits, found.Visits)
	c.compare(v, "accepted", kept.Accepted, found.Accepted)
	for s := core.Scheduled; s <= core.Unknown; s++ {
		c.compare(v, s.String(), kept.ByState[s], found.ByState[s])
	}
	state := d.pace.State
	for set, n := range []int{pace.DirectSlots: state.Direct, pace.PacedSlots: state.Paced, pace.Admissions: state.Admitted} {
		c.compare(v, fmt.Sprintf("members of set %d", set), int64(n), l.slots[set])
	}
	for _, lane := range []core.Lane{core.Direct, core.Orders, core.Bulk} {
		c.compare(v, "letters waiting, "+lane.String(), int64(d.waiting[int(lane)]), l.waiting[lane])
	}
	c.compare(v, "letters without a place in line", 0, l.letters)
	c.order(v, kept)
}

// order holds the counters to what must be true of them whatever happened (I5).
func (c *check) order(v core.VendorID, k core.Counters) {
	broken := map[string]bool{
		"more opened than sent":                k.Opened > k.Sent,
		"more completed than opened":           k.Completed > k.Opened,
		"more completed and expired than sent": k.Completed+k.Expired > k.Sent,
	}
	names := make([]string, 0, len(broken))
	for what, is := range broken {
		if is {
			names = append(names, what)
		}
	}
	slices.Sort(names)
	for _, what := range names {
		c.findings = append(c.findings, core.Finding{Vendor: v, What: what, Found: 1})
	}
}
