package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aminobridge/core"
	"aminobridge/core/letter"
	"aminobridge/core/queue"
	"aminobridge/store/bolt"
)

// bubbleClock is the machine's clock inside a bubble.
type bubbleClock struct{ booted time.Time }

func (c bubbleClock) Now() time.Time                { return time.Now() }
func (c bubbleClock) Boot() (string, time.Duration) { return "boot", time.Since(c.booted) }

// office is a vendor, a store on a real file and a provider that keeps a log.
type office struct {
	*testing.T
	store  *bolt.Store
	clock  bubbleClock
	vendor core.Vendor
	loop   *queue.Loop
	stop   func()

	mu     sync.Mutex
	answer func(n int) error // to the n-th request
	asked  []request
	mails  map[string]time.Time // effective, by send key
}

type request struct {
	at   time.Time
	key  string
	text string
}

func (o *office) Name() string          { return "resend" }
func (o *office) Window() time.Duration { return window }

func (o *office) Send(ctx context.Context, m core.Mail, key string) (string, error) {
	err := o.note(m, key)
	select {
	case <-time.After(100 * time.Millisecond):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return "id", err
}

// note keeps what was asked, and a mail unless the answer is that it was not taken.
func (o *office) note(m core.Mail, key string) (err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, request{time.Now(), key, m.Text})
	if o.answer != nil {
		err = o.answer(len(o.asked))
	}
	refusal, _ := errors.AsType[*core.SendError](err)
	if _, known := o.mails[key]; !known && (refusal == nil || !refusal.Fault.NotLeft()) {
		o.mails[key] = time.Now()
	}
	return err
}

// open starts the loop inside a bubble; settings as for Settings.Set.
func open(t *testing.T, settings ...string) *office {
	o := &office{T: t, clock: bubbleClock{time.Now()}, mails: map[string]time.Time{}}
	master := make([]byte, 32)
	for i := range master {
		master[i] = byte(i)
	}
	store, err := bolt.Open(filepath.Join(t.TempDir(), "amino.db"), master, o.clock)
	o.must(err)
	o.store = store
	o.vendor = core.Vendor{ID: core.NewVendorID(time.Now()), Slug: "acme", Name: "Acme", CreatedAt: time.Now(), Settings: core.DefaultSettings()}
	o.set(settings...)
	o.start()
	return o
}

func (o *office) set(settings ...string) {
	for i := 0; i < len(settings); i += 2 {
		o.must(o.vendor.Settings.Set(settings[i], settings[i+1]))
	}
	v, err := o.store.PutVendor(o.Context(), o.vendor)
	o.must(err)
	o.vendor = v
}

// start runs a loop, changed for the test.
func (o *office) start(change ...func(*queue.Loop)) {
	o.loop = &queue.Loop{
		Store: o.store, Sender: o, Routes: []string{"", "resend"}, Links: o.store.Keys(), Workers: 4,
		Process: core.Frozen{Renderer: letter.Renderer, Template: letter.Template, From: "Acme <a@acme.example>", PublicURL: "https://acme.example", TokenKey: o.store.Keys().TokenVersion()},
		Now:     time.Now, Up: func() time.Duration { _, up := o.clock.Boot(); return up },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, c := range change {
		c(o.loop)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- o.loop.Run(ctx) }()
	o.stop = func() {
		cancel()
		if err := <-done; err != nil {
			o.Errorf("the loop ended with %v", err)
		}
	}
}

// close ends the loop and holds the store to its counters.
func (o *office) close() {
	o.stop()
	findings, err := o.store.Check(context.Background())
	o.must(err)
	for _, f := range findings {
		o.Errorf("check: %+v", f)
	}
	o.must(o.store.Close())
}

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) invite(n int, lane core.Lane) core.InvitationID {
	o.Helper()
	a, err := o.store.Accept(o.Context(), core.Ask{Vendor: o.vendor.ID, Email: fmt.Sprintf("c%d@example.com", n), Name: "Kim", OrderRef: fmt.Sprint(n), Lane: lane, Now: time.Now()})
	o.must(err)
	o.loop.Nudge()
	return a.Invitation.ID
}

func (o *office) state(id core.InvitationID) core.State {
	o.Helper()
	inv, err := o.store.Invitation(context.Background(), o.vendor.ID, id)
	o.must(err)
	return inv.State
}

func (o *office) requests() []request {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.asked)
}

// mailed counts the mails that were effective.
func (o *office) mailed() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.mails)
}

// mend has the provider take all letters from now on.
func (o *office) mend() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer = nil
}

func (o *office) sentAt() (times []time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, at := range o.mails {
		times = append(times, at.Sub(o.clock.booted).Round(time.Second))
	}
	slices.Sort(times)
	return times
}

func TestLoopKeepsTheCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t, "cap", "3", "reserve", "0", "pacing", "burst", "hours", "always", "cooldown", "0s", "delay", "0s")
		defer o.close()
		for n := range 7 {
			o.invite(n, core.Orders)
		}
		time.Sleep(3 * time.Hour)
		hour := time.Hour + 2*time.Second
		want := []time.Duration{0, 0, 0, hour, hour, hour, 2 * hour}
		if got := o.sentAt(); !slices.Equal(got, want) {
			t.Errorf("sent at %v, want %v", got, want)
		}
	})
}

func TestLoopSpacesSmoothly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t, "cap", "4", "reserve", "0", "hours", "always", "cooldown", "0s", "delay", "0s")
		defer o.close()
		for n := range 4 {
			o.invite(n, core.Orders)
		}
		time.Sleep(time.Hour)
		want := []time.Duration{0, 0, 15 * time.Minute, 30 * time.Minute}
		if got := o.sentAt(); !slices.Equal(got, want) {
			t.Errorf("sent at %v, want %v", got, want)
		}
	})
}

func TestLoopRepeatsALostAnswerUnderTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t)
		defer o.close()
		o.answer = func(n int) error {
			if n == 1 {
				return &core.SendError{Fault: core.Lost}
			}
			return nil
		}
		id := o.invite(1, core.Direct)
		time.Sleep(time.Second)
		o.set("from", "Other <b@acme.example>") // what was sent stays as it was
		time.Sleep(time.Minute)
		if asked := o.requests(); len(asked) != 2 || asked[0].key != asked[1].key || asked[0].text != asked[1].text {
			t.Errorf("asked %d times, want the same letter under the same key twice", len(asked))
		}
		if got := o.state(id); got != core.Sent || o.mailed() != 1 {
			t.Errorf("%v with %d mails, want sent with one", got, o.mailed())
		}
	})
}

func TestLoopStopsAtARefusedAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t)
		defer o.close()
		o.answer = func(int) error { return &core.SendError{Fault: core.SenderShut, Detail: "invalid_api_key"} }
		id := o.invite(1, core.Direct)
		time.Sleep(48 * time.Hour)
		if len(o.requests()) != 1 {
			t.Errorf("asked %d times with a refused key, want once", len(o.requests()))
		}
		o.mend()
		for _, route := range o.loop.Routes {
			o.must(o.store.CloseSender(context.Background(), core.SenderState{Name: route}))
		}
		time.Sleep(time.Minute)
		if got := o.state(id); got != core.Sent {
			t.Errorf("%v after the sender was opened, want sent", got)
		}
	})
}

func TestLoopWaitsForAQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t)
		defer o.close()
		o.answer = func(n int) error {
			if n == 1 {
				return &core.SendError{Fault: core.QuotaUsed, RetryAfter: 5 * time.Hour}
			}
			return nil
		}
		o.invite(1, core.Direct)
		time.Sleep(5*time.Hour - time.Minute)
		if len(o.requests()) != 1 {
			t.Errorf("asked %d times before the quota's reset, want once", len(o.requests()))
		}
		time.Sleep(2 * time.Minute)
		if o.mailed() != 1 {
			t.Errorf("%d mails after the reset, want 1", o.mailed())
		}
	})
}

func TestLoopLeavesAProviderAloneThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t, "cap", "100")
		defer o.close()
		o.answer = func(int) error { return &core.SendError{Fault: core.Unreachable} }
		for n := range 50 {
			o.invite(n, core.Direct)
		}
		time.Sleep(20 * time.Second)
		// The workers' other attempts had begun.
		if most := 10 + o.loop.Workers - 1; len(o.requests()) > most {
			t.Errorf("asked %d times in vain, want %d at most", len(o.requests()), most)
		}
		o.mend()
		time.Sleep(11 * time.Hour)
		if o.mailed() != 50 {
			t.Errorf("%d mails in the end, want 50", o.mailed())
		}
	})
}

func TestLoopSettlesWhatHasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t)
		id := o.invite(1, core.Direct)
		time.Sleep(50 * time.Millisecond) // the provider needs 100 ms
		o.stop()
		if got := o.state(id); got != core.Sent || o.mailed() != 1 {
			t.Errorf("%v with %d mails when the loop has ended, want sent with one", got, o.mailed())
		}
		o.stop = func() {}
		o.close()
	})
}

func TestLoopSurvivesAPanicOfTheSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(t)
		defer o.close()
		o.answer = func(n int) error {
			if n == 1 {
				panic("a sender's bug")
			}
			return nil
		}
		first, second := o.invite(1, core.Direct), o.invite(2, core.Direct)
		time.Sleep(time.Minute)
		if a, b := o.state(first), o.state(second); a != core.Sent || b != core.Sent {
			t.Errorf("%v and %v, want both sent", a, b)
		}
	})
}
