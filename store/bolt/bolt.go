// Package bolt is the store of one process in one file, and a journal beside it. It
// hides bbolt: the keys and records, the group commit, what is durable before it is
// in the file, and pace time out of a clock that stops when the machine does.
//
// Times in keys are 8 bytes, big-endian microseconds; ids are 16 bytes and sort
// by time. Buckets and their keys:
//
//	meta       schema · keys (wrapped data keys) · pace · wall · moved · pending · journal (place)
//	event      not before|event → order event, without a verdict yet
//	log        vendor|number → verdict, in the order they were given
//	invitation invitation → row
//	bytes      invitation|kind → what a maybe end may have sent
//	desk       all of a vendor's hot state, together so that it shares pages:
//	           vendor|a → pace state   vendor|c → counters
//	           vendor|q|invitation|kind → entry of the queue, found in order by
//	           vendor|d|lane|class|time|invitation|kind (class 0 retry, 1 fresh) or
//	           vendor|e|lease until|invitation|kind
//	           vendor|g|set|time|invitation|kind → member of a pace.Book
//	           vendor|h|lane|hour → letters waiting that are due in it
//	           vendor|l|invitation, vendor|s|state|invitation → lists
//	ready      route|clock|time|vendor → when to look at a vendor; clock 0 is pace, 1 civil
//	order      order id|namespace|vendor → record; …|repeat key → seen before
//	ref        vendor|r|order_ref → invitation of a REST call
//	           vendor|s|order_ref, or the name of a shop's order|invitation
//	recipient  vendor|address hash → last mail; …|0|invitation; …|1|invitation that waits
//	stop       vendor|address hash → suppression
//	expiry     expires at|invitation → vendor
//	forget     time|what|key → to forget then
//	answer     vendor|hash → kept answer of a call
//	review     invitation → review
//	series     vendor|day → counts of the day
//	sender     route → state
//	vendor     i|vendor → record   s|slug → vendor
//	key        h|sha256 → record   i|key → sha256   v|vendor|key → nothing
//	shop       i|shop → record   t|token → shop   d|platform|domain → shop   v|vendor|shop
//
// A record is a version byte, a CRC-32C over key and body, and the body in CBOR
// with small whole numbers for names, so that fields can be added for ever.
// Addresses, names, reviews and secrets are sealed by core/vault.
package bolt

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	bbolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"aminobridge/core"
	"aminobridge/core/vault"
)

// schema is the version of layout and records that this program writes.
const schema = 1

var buckets = []string{
	"meta", "event", "log", "invitation", "bytes", "desk", "ready", "order", "ref", "recipient", "stop",
	"expiry", "forget", "answer", "review", "series", "sender", "vendor", "key", "shop",
}

// Store is one open file.
type Store struct {
	db    *bbolt.DB
	keys  *vault.Keys
	clock core.Clock

	inviting chan *op // events for the journal
	urgent   chan *op // what else a request waits for, which goes first
	later    chan *op // what loops and cron do
	journal  *journal
	remade   bool                    // it was missing
	last     atomic.Int64            // transaction of the data file
	backlog  atomic.Pointer[backlog] // as of it
	vendors  recall[core.Vendor]
	shops    recall[core.Shop]
	aside    sync.Map // ids of vendors that cron could not read
	stop     chan struct{}
	kept     chan struct{} // closed when the journal's writer has stopped
	ended    chan struct{} // and then the data file's

	fenceOnce sync.Once
	fenced    chan struct{}
	cause     error // once fenced
}

// Open opens the file at path, or makes it. It returns vault.ErrMasterKey if the
// master does not open the file's data keys, and an error that says so if
// another process holds the file or the file's schema is newer than this program.
func Open(path string, master []byte, clock core.Clock) (*Store, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path, master, clock); err != nil {
			return nil, fmt.Errorf("create %s: %w", filepath.Base(path), err)
		}
	}
	// A growing map waits for readers, so it begins large; it is address space,
	// not memory.
	db, err := openFile(path, &bbolt.Options{Timeout: 2 * time.Second, FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30, NoStatistics: true})
	if err != nil {
		return nil, err
	}
	dropLeft(path) // under the lock: nobody else is at work beside the file
	s := &Store{
		db: db, clock: clock,
		inviting: make(chan *op, 1024), urgent: make(chan *op, 1024), later: make(chan *op, 1024),
		stop: make(chan struct{}), kept: make(chan struct{}), ended: make(chan struct{}), fenced: make(chan struct{}),
	}
	if err = s.unlock(master); err == nil {
		err = s.openJournal(path + "-journal")
	}
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	go s.journalLoop()
	go s.commitLoop()
	// Pace time begins to run with the opening, not with the first write.
	err = s.write(context.Background(), s.later, func(t *txn) error {
		t.now(time.Time{})
		t.wrote = true
		if !t.has("meta", []byte("journal")) {
			t.put("meta", []byte("journal"), countRec{}) // there is one now
		}
		return t.err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", filepath.Base(path), err), s.Close())
	}
	return s, nil
}

// openFile says what is the matter with a file that does not open. Over damaged
// pages bbolt panics.
func openFile(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("open %s: the file is damaged: %v", filepath.Base(path), r)
		}
	}()
	db, err = bbolt.Open(path, 0o600, o)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%s is held by another process; stop it, or give this one another --data", filepath.Base(path))
	case err != nil:
		return nil, fmt.Errorf("open %s: %w", filepath.Base(path), err)
	}
	return db, nil
}

// ClockMoved reads from a file that nobody holds by how much its clock was moved:
// whoever opens it needs a clock that is.
func ClockMoved(path string) (time.Duration, error) {
	db, err := openFile(path, &bbolt.Options{ReadOnly: true, Timeout: 2 * time.Second})
	if err != nil {
		return 0, err
	}
	s := &Store{db: db, fenced: make(chan struct{})}
	moved, err := s.ClockMoved(context.Background())
	return moved, errors.Join(err, db.Close())
}

// Names of files that are only beside ours while something is being done.
const (
	halves = ".new-*"
	copies = ".check-*"
)

// dropLeft removes what was left by a program that was killed meanwhile.
func dropLeft(path string) {
	for _, name := range []string{halves, copies, "-journal.new"} {
		left, _ := filepath.Glob(path + name)
		for _, p := range left {
			_ = os.Remove(p)
		}
	}
}

// create writes a new file beside path and then gives it that name, because bbolt
// may leave a broken file if the power goes while it makes its first pages. Of two
// that create at once the first gives the name; the other's file is dropped.
func create(path string, master []byte, clock core.Clock) error {
	_, wrapped, err := vault.New(master, rand.Reader)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+halves)
	if err != nil {
		return err
	}
	half := f.Name()
	defer func() { _ = os.Remove(half) }()
	if err := f.Close(); err != nil {
		return err
	}
	db, err := bbolt.Open(half, 0o600, &bbolt.Options{Timeout: 2 * time.Second})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error { return lay(tx, wrapped, clock) })
	if err = errors.Join(err, db.Sync(), db.Close()); err != nil {
		return err
	}
	switch err := os.Link(half, path); {
	case err == nil, errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
	default: // a file system without links; two that start at once are not told apart there
		if err := os.Rename(half, path); err != nil {
			return err
		}
	}
	return syncDir(filepath.Dir(path))
}

// lay makes the buckets and begins pace time at the wall, for the only time.
func lay(tx *bbolt.Tx, wrapped []byte, clock core.Clock) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	boot, up := clock.Boot()
	t := &txn{tx: tx}
	t.put("meta", []byte("schema"), schemaRec{Version: schema})
	t.put("meta", []byte("pace"), paceRec{Pace: micros(core.Micro(clock.Now())), Boot: boot, Up: int64(up)})
	t.putRaw("meta", []byte("keys"), wrapped)
	return t.err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// unlock checks the schema and opens the data keys.
func (s *Store) unlock(master []byte) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file is damaged: %v", r)
		}
	}()
	return s.db.View(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if tx.Bucket([]byte(name)) == nil {
				return fmt.Errorf("the file has no bucket %q; it is not one of ours, or damaged", name)
			}
		}
		t := &txn{tx: tx}
		var have schemaRec
		if !t.get("meta", []byte("schema"), &have) || t.err != nil {
			return fmt.Errorf("the schema cannot be read: %w", t.err)
		}
		if have.Version > schema {
			return fmt.Errorf("the file has schema %d and this program knows %d: use the newer program", have.Version, schema)
		}
		keys, err := vault.Open(master, t.getRaw("meta", []byte("keys")))
		s.keys = keys
		return err
	})
}

// openJournal opens the journal beside the file.
func (s *Store) openJournal(path string) error {
	var moved countRec
	var had bool
	err := s.view(context.Background(), func(t *txn) error {
		had = t.get("meta", []byte("journal"), &moved)
		s.backlog.Store(t.waiting())
		s.last.Store(int64(t.tx.ID()))
		return nil
	})
	if err != nil {
		return err
	}
	s.journal = newJournal(s.keys.Hash("journal"), moved.N)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		s.remade = had
		if err := s.db.Sync(); err != nil { // the new one says which transaction it follows
			return err
		}
		if err := s.journal.create(path, s.last.Load()); err != nil {
			return err
		}
	}
	return s.journal.open(path, s.last.Load())
}

// JournalRemade tells whether the file's journal was missing at the opening, so that
// webhooks which it alone had are lost. After a Close there are none.
func (s *Store) JournalRemade() bool { return s.remade }

// Keys are the data keys of the file.
func (s *Store) Keys() *vault.Keys { return s.keys }

// Fenced is closed when a write failed with its outcome unknown.
func (s *Store) Fenced() <-chan struct{} { return s.fenced }

// Cause is why the store is fenced; nil while it is not.
func (s *Store) Cause() error {
	if !s.isFenced() {
		return nil
	}
	return s.cause
}

// Close waits for what is being written and closes the file.
func (s *Store) Close() error {
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	<-s.ended
	_ = s.journal.file.Close() // each write to it was synced
	return s.db.Close()
}

// view runs a reading method. bbolt panics over a damaged page, and Go over one that
// the disk does not give; nothing read after that can be trusted.
func (s *Store) view(ctx context.Context, read func(*txn) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = s.fence(fmt.Errorf("the file is damaged: %v", r))
		}
	}()
	return s.db.View(func(tx *bbolt.Tx) error {
		t := &txn{tx: tx, s: s}
		if err := read(t); err != nil {
			return err
		}
		return t.err
	})
}
