package queue_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aminobridge/core"
	"aminobridge/core/queue"
)

// badLinks panic over one invitation.
type badLinks struct {
	queue.Links
	bad core.InvitationID
}

func (l badLinks) ReviewToken(version int, v core.VendorID, i core.InvitationID) string {
	if i == l.bad {
		panic("a bug in the making of links")
	}
	return l.Links.ReviewToken(version, v, i)
}

// TestLoopFailsALetterThatCannotBeMade: at once, without an attempt, and the
// letters behind it are sent.
func TestLoopFailsALetterThatCannotBeMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t)
		o.stop()
		first, second := o.invite(1, core.Direct), o.invite(2, core.Direct)
		o.start(func(l *queue.Loop) { l.Links = badLinks{l.Links, first} })
		defer o.close()
		time.Sleep(time.Minute)
		o.failed(first)
		if got := o.state(second); got != core.Sent || len(o.requests()) != 1 {
			t.Errorf("the one behind it: %v after %d requests, want sent after one", got, len(o.requests()))
		}
		o.stop()
		o.start(func(l *queue.Loop) { l.Process.Template = "words that nobody has" })
		third := o.invite(3, core.Direct)
		time.Sleep(time.Minute)
		o.failed(third)
	})
}

// failed fails the test unless the letter was given up for not being made.
func (o *office) failed(id core.InvitationID) {
	o.Helper()
	inv, err := o.store.Invitation(context.Background(), o.vendor.ID, id)
	o.must(err)
	if inv.State != core.Failed || inv.Reason != core.Unmakeable {
		o.Errorf("got %v (%s), want failed, since it was not made", inv.State, inv.Reason)
	}
}

// badStore cannot claim for some vendors until it is mended.
type badStore struct {
	queue.Store
	good   core.VendorID
	mended atomic.Bool
	failed atomic.Int32
}

func (s *badStore) Claim(ctx context.Context, ask core.ClaimAsk) ([]core.Claimed, error) {
	if ask.Vendor == s.good || s.mended.Load() {
		return s.Store.Claim(ctx, ask)
	}
	s.failed.Add(1)
	return nil, errors.New("a record cannot be read")
}

// TestLoopGoesOnBesideVendorsThatFail: more of them than one look names, and all
// first in line. They are asked once a minute, until they are well.
func TestLoopGoesOnBesideVendorsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bad = 40
		o := open(t)
		o.stop()
		for n := range bad {
			v, err := o.store.PutVendor(t.Context(), core.Vendor{ID: core.NewVendorID(time.Now()), Slug: fmt.Sprintf("bad%d", n), Name: "Bad", Settings: core.DefaultSettings()})
			o.must(err)
			_, err = o.store.Accept(t.Context(), core.Ask{Vendor: v.ID, Email: "c@example.com", Lane: core.Direct, Now: time.Now()})
			o.must(err)
		}
		time.Sleep(time.Minute)
		id := o.invite(1, core.Direct)
		var store *badStore
		o.start(func(l *queue.Loop) {
			store = &badStore{Store: l.Store, good: o.vendor.ID}
			l.Store = store
		})
		defer o.close()
		time.Sleep(5 * time.Second)
		if got := o.state(id); got != core.Sent {
			t.Errorf("%v beside vendors that fail, want sent", got)
		}
		time.Sleep(10*time.Minute - 6*time.Second)
		if got := store.failed.Load(); got > 10*bad {
			t.Errorf("vendors that fail were asked %d times in ten minutes, want %d at most", got, 10*bad)
		}
		store.mended.Store(true)
		time.Sleep(2 * time.Minute)
		if o.mailed() != bad+1 {
			t.Errorf("%d mails once all are well, want %d", o.mailed(), bad+1)
		}
	})
}

// TestLoopShowsALongPause: a rate limit of seconds is nobody's business; a longer
// one is to be seen by whoever asks why no mail leaves.
func TestLoopShowsALongPause(t *testing.T) {
	for _, c := range []struct {
		wait   time.Duration
		closed bool
	}{{30 * time.Second, false}, {time.Minute, false}, {2 * time.Minute, true}} {
		t.Run(c.wait.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := open(t)
				defer o.close()
				o.answer = func(n int) error {
					if n == 1 {
						return &core.SendError{Fault: core.RateLimited, RetryAfter: c.wait}
					}
					return nil
				}
				id := o.invite(1, core.Direct)
				time.Sleep(c.wait - time.Second)
				for _, route := range o.loop.Routes {
					s, err := o.store.Sender(context.Background(), route)
					o.must(err)
					if s.Closed(time.Now()) != c.closed {
						t.Errorf("sender %q: closed %t (%s), want %t", route, !c.closed, s.Cause, c.closed)
					}
				}
				if len(o.requests()) != 1 {
					t.Errorf("asked %d times within the pause, want once", len(o.requests()))
				}
				time.Sleep(time.Minute)
				if got := o.state(id); got != core.Sent {
					t.Errorf("%v after the pause, want sent", got)
				}
			})
		})
	}
}

// endingStore ends the program in the middle of a claim, which a store commits all
// the same, and answers as one does whose caller is gone.
type endingStore struct {
	queue.Store
	end func()
}

func (s endingStore) Claim(ctx context.Context, ask core.ClaimAsk) ([]core.Claimed, error) {
	s.end()
	claimed, err := s.Store.Claim(context.WithoutCancel(ctx), ask)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return claimed, err
}

// TestLoopGivesBackWhatItClaimedAtTheEnd: a letter that never began must not lapse
// as one that may have left.
func TestLoopGivesBackWhatItClaimedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t)
		o.stop()
		id := o.invite(1, core.Direct)
		ctx, end := context.WithCancel(t.Context())
		last := &queue.Loop{
			Store: endingStore{o.store, end}, Sender: o, Routes: []string{""}, Links: o.store.Keys(), Process: o.loop.Process,
			Workers: 1, Now: time.Now, Up: o.loop.Up, Log: o.loop.Log,
		}
		o.must(last.Run(ctx))
		letters, err := o.store.Letters(t.Context(), o.vendor.ID, 10)
		o.must(err)
		if len(letters) != 1 || !letters[0].LeaseUntil.IsZero() || letters[0].Attempt != 0 || len(o.requests()) != 0 {
			t.Errorf("the queue is %+v after %d requests, want the letter waiting, not tried", letters, len(o.requests()))
		}
		o.start()
		time.Sleep(time.Minute)
		if got := o.state(id); got != core.Sent {
			t.Errorf("%v after the next start, want sent", got)
		}
		o.close()
	})
}
