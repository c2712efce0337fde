package queue

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"aminobridge/core"
	"aminobridge/core/letter"
)

// Store is what the loop needs of a store.
type Store interface {
	Due(ctx context.Context, sender string, now time.Time, n int) ([]core.VendorID, time.Duration, error)
	Claim(ctx context.Context, ask core.ClaimAsk) ([]core.Claimed, error)
	Wanted(ctx context.Context, ref core.LeaseRef) (bool, error)
	Settle(ctx context.Context, ref core.LeaseRef, o core.Outcome, now time.Time) error
	CloseSender(ctx context.Context, s core.SenderState) error
}

// Links makes the two links of a letter.
type Links interface {
	ReviewToken(version int, v core.VendorID, i core.InvitationID) string
	OptOutToken(version int, v core.VendorID, i core.InvitationID) string
}

// Loop claims due letters of one sender, hands them over and settles them. Run
// one for each sender.
type Loop struct {
	Store   Store
	Sender  core.Sender
	Routes  []string // the vendors' setting "sender" that lead here
	Links   Links
	Process core.Frozen          // the process's part of a letter's inputs
	Workers int                  // letters handed over at once
	Now     func() time.Time     // civil
	Up      func() time.Duration // since boot; leases are counted by it
	Log     *slog.Logger

	once     sync.Once
	nudge    chan struct{}
	pause    pause
	fails    breaker
	reach    int // letters to claim in the next round
	failing  failing
	settling sync.WaitGroup
}

const (
	// A round claims as many letters as there are workers, twice as many after a
	// round that they took within quick, and half as many after one that kept them
	// longer: what is claimed is on its way soon, and a no seldom finds it leased.
	mostReach = 256
	quick     = 100 * time.Millisecond
	// look is how long the loop waits at most before it looks again: the wall may
	// have jumped.
	look = time.Second
	// An attempt begins only with leastLease of its lease left and ends endEarly
	// before it, so that nothing is on its way when the lease is over.
	leastLease = 20 * time.Second
	endEarly   = 5 * time.Second
	// attempt is how long a provider may take to answer: less than the program has
	// to end.
	attempt = 20 * time.Second
)

// Nudge makes the loop look at once.
func (l *Loop) Nudge() {
	l.once.Do(l.init)
	select {
	case l.nudge <- struct{}{}:
	default:
	}
}

func (l *Loop) init() {
	l.nudge = make(chan struct{}, 1)
	l.reach = max(1, l.Workers)
}

// job is a claimed letter and when, by Up, its lease is over.
type job struct {
	core.Claimed
	over time.Duration
}

// Run works until ctx is done. Letters on their way are settled before it
// returns. It returns early only if the store is fenced.
func (l *Loop) Run(ctx context.Context) error {
	l.once.Do(l.init)
	jobs := make(chan job)
	var workers sync.WaitGroup
	for range max(1, l.Workers) {
		workers.Go(func() {
			for j := range jobs {
				l.work(ctx, j)
			}
		})
	}
	err := l.feed(ctx, jobs)
	close(jobs)
	workers.Wait()
	l.settling.Wait()
	return err
}

// feed hands out what is due until ctx is done.
func (l *Loop) feed(ctx context.Context, jobs chan<- job) error {
	for {
		found, wait, err := l.round(ctx, jobs)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, core.ErrFenced):
			return err
		case err != nil:
			l.Log.Error("looking for due letters failed", "error", err)
			wait, found = look, false
		}
		if found {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-l.nudge:
		case <-time.After(wait):
		}
	}
}

// round takes one turn over the vendors that are due, and says how long to wait
// if there was nothing.
func (l *Loop) round(ctx context.Context, jobs chan<- job) (found bool, wait time.Duration, err error) {
	if held := l.pause.left(l.Up()); held > 0 {
		return false, min(held, look), nil
	}
	wait = look
	for _, route := range l.Routes {
		vendors, next, err := l.Store.Due(ctx, route, l.Now(), l.reach+2*l.failing.count())
		if err != nil {
			return false, 0, err
		}
		work, err := l.turn(ctx, route, vendors, jobs)
		if errors.Is(err, core.ErrFenced) || ctx.Err() != nil {
			return found, 0, err
		}
		found = found || work
		if next >= 0 {
			wait = min(wait, next)
		}
	}
	return found, max(wait, time.Millisecond), nil
}

// turn claims for all vendors at once, so that the store writes their claims
// together, and hands what they may send to the workers.
func (l *Loop) turn(ctx context.Context, route string, vendors []core.VendorID, jobs chan<- job) (found bool, err error) {
	if len(vendors) == 0 {
		return false, nil
	}
	begun := l.Up()
	ask := core.ClaimAsk{Sender: route, Window: l.Sender.Window(), N: max(1, l.reach/len(vendors)), Now: l.Now(), Frozen: l.Process}
	claims := make([]claim, len(vendors))
	var all sync.WaitGroup
	for i, v := range vendors {
		ask := ask
		ask.Vendor, ask.Jitter = v, rand.Float64()
		all.Go(func() { claims[i] = l.claim(ctx, ask) })
	}
	all.Wait()
	for _, c := range claims {
		for _, letter := range c.letters {
			jobs <- job{letter, begun + letter.Remaining}
		}
		found = found || c.found
		if errors.Is(c.err, core.ErrFenced) {
			err = c.err
		}
	}
	if found {
		l.stretch(l.Up() - begun)
	}
	return found, err
}

func (l *Loop) stretch(took time.Duration) {
	if took < quick {
		l.reach = min(2*l.reach, max(mostReach, l.Workers))
		return
	}
	l.reach = max(l.reach/2, l.Workers, 1)
}

// claim is what came of asking for a vendor's letters.
type claim struct {
	letters []core.Claimed
	found   bool // anything to do
	err     error
}

// claim asks for what one vendor may send now. A vendor that fails is left alone
// for a while and keeps nobody else waiting.
func (l *Loop) claim(ctx context.Context, ask core.ClaimAsk) claim {
	now := l.Up()
	if l.failing.has(ask.Vendor, now) {
		return claim{}
	}
	// A claim that has begun is seen to its end: what it leases is then given back,
	// and not left to lapse as letters that may have left.
	letters, err := l.Store.Claim(context.WithoutCancel(ctx), ask)
	switch {
	case errors.Is(err, core.ErrNothingDue):
		return claim{}
	case err != nil:
		l.failing.add(ask.Vendor, now+leaveAlone)
		l.Log.Error("a vendor's letters cannot be claimed", "vendor", ask.Vendor.String(), "error", err)
		return claim{err: err}
	}
	return claim{letters: letters, found: true}
}

// work makes one attempt and has it settled, even when ctx is done meanwhile. The
// worker does not wait for the settling: many are written together.
func (l *Loop) work(ctx context.Context, j job) {
	o := core.Outcome{Jitter: rand.Float64()}
	if l.mayBegin(ctx, j) {
		l.attempt(ctx, j, &o)
	}
	ctx = context.WithoutCancel(ctx)
	if o.Err != nil {
		l.react(ctx, j, o.Err)
	}
	if o.Begun {
		if open := l.fails.note(o.Err); open > 0 {
			l.closeSender(ctx, "the provider does not answer", l.Now().Add(open))
		}
	}
	l.settling.Go(func() { l.settle(ctx, j, o) })
}

func (l *Loop) settle(ctx context.Context, j job, o core.Outcome) {
	log := l.Log.With("vendor", j.Ref.Vendor.String(), "invitation", j.Ref.Invitation.String(), "attempt", j.Entry.Attempt)
	switch err := l.Store.Settle(ctx, j.Ref, o, l.Now()); {
	case err != nil && !errors.Is(err, core.ErrLeaseLost):
		log.Error("an attempt could not be settled; its lease will lapse", "error", err)
	case !o.Begun:
		log.Debug("letter given back")
	case o.Err == nil:
		log.Info("letter sent")
	default:
		log.Warn("letter not sent", "error", o.Err)
	}
}

// mayBegin looks once more at the lease, just before the attempt.
func (l *Loop) mayBegin(ctx context.Context, j job) bool {
	if ctx.Err() != nil || j.over-l.Up() < leastLease || l.pause.left(l.Up()) > 0 {
		return false
	}
	wanted, err := l.Store.Wanted(ctx, j.Ref)
	return err == nil && wanted
}

// attempt makes the letter and hands it over. A panic stops this letter only:
// before the handing over it cannot be made, from then on it may have left.
func (l *Loop) attempt(ctx context.Context, j job, o *core.Outcome) {
	o.Begun = true
	fault := core.Unmade
	defer func() {
		if r := recover(); r != nil {
			o.Err = &core.SendError{Fault: fault, Detail: "panic"}
		}
	}()
	m, err := l.mail(j)
	if err != nil {
		o.Err = &core.SendError{Fault: fault, Detail: "not_made"}
		return
	}
	fault = core.Lost
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(attempt, j.over-l.Up()-endEarly))
	defer cancel()
	id, err := l.Sender.Send(ctx, m, j.Entry.SendKey())
	switch refusal, ok := errors.AsType[*core.SendError](err); {
	case ok:
		o.Err = refusal
	case err != nil:
		o.Err = &core.SendError{Fault: core.Lost, Detail: "no_answer"}
	}
	o.ProviderID = id
	if o.Err != nil && !o.Err.Fault.NotLeft() {
		o.Bytes, _ = json.Marshal(m) // strings alone: it always encodes
	}
}

// mail is the letter as it was sent before, or made of its frozen inputs.
func (l *Loop) mail(j job) (m core.Mail, err error) {
	if j.Bytes != nil {
		err = json.Unmarshal(j.Bytes, &m)
		return m, err
	}
	f, inv := j.Entry.Frozen, j.Invitation
	return letter.Render(letter.Input{
		Frozen: f, Name: inv.Name, Email: inv.Email, OrderRef: inv.OrderRef, Vendor: inv.Vendor, Invitation: inv.ID, Kind: j.Entry.Kind,
		ReviewURL: core.ReviewURL(f.PublicURL, l.Links.ReviewToken(f.TokenKey, inv.Vendor, inv.ID)),
		OptOutURL: core.OptOutURL(f.PublicURL, l.Links.OptOutToken(f.TokenKey, inv.Vendor, inv.ID)),
	})
}
