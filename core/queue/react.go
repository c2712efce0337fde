package queue

import (
	"context"
	"net/mail"
	"strings"
	"sync"
	"time"

	"aminobridge/core"
)

// quotaWait is how long the sender stays closed when the provider does not say
// when its quota is reset.
const quotaWait = time.Hour

// longPause is more than a rate limit by the second has any reason to ask for.
const longPause = time.Minute

// react closes what a refusal says is closed: before the letter is settled, so
// that nobody claims it again into the same refusal.
func (l *Loop) react(ctx context.Context, j job, refusal *core.SendError) {
	switch refusal.Fault {
	case core.RateLimited:
		l.pause.hold(l.Up() + min(max(refusal.RetryAfter, time.Second), longPause))
		if refusal.RetryAfter > longPause { // to be seen by whoever asks why
			l.closeSender(ctx, "the provider wants fewer requests", l.Now().Add(refusal.RetryAfter))
		}
	case core.QuotaUsed:
		wait := refusal.RetryAfter
		if wait <= 0 {
			wait = quotaWait
		}
		l.closeSender(ctx, "the quota is used up: "+refusal.Detail, l.Now().Add(wait))
	case core.SenderShut:
		l.closeSender(ctx, "the provider refuses this account: "+refusal.Detail, time.Time{})
	case core.DomainShut:
		l.closeDomain(ctx, j.Entry.Frozen.From, "the provider refuses this domain: "+refusal.Detail)
	}
}

// A breaker opens after so many attempts in a row without a clear answer, for a
// time that doubles while the provider stays away.
const (
	trips     = 10
	leastOpen = 30 * time.Second
	mostOpen  = 10 * time.Minute
)

// breaker counts attempts without an answer, over all workers.
type breaker struct {
	mu sync.Mutex
	n  int
}

// note reports for how long to close after this answer; 0 to go on.
func (b *breaker) note(refusal *core.SendError) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if refusal == nil || refusal.Fault != core.Lost && refusal.Fault != core.Unreachable {
		b.n = 0
		return 0
	}
	if b.n++; b.n < trips {
		return 0
	}
	return min(mostOpen, leastOpen<<min(b.n-trips, 10))
}

// closeSender closes every route that leads to the sender; until is civil, zero
// means until a person acts. What is claimed already is given back.
func (l *Loop) closeSender(ctx context.Context, cause string, until time.Time) {
	l.pause.hold(l.Up() + time.Second)
	l.close(ctx, core.SenderState{Cause: cause, Until: until})
}

func (l *Loop) closeDomain(ctx context.Context, from, cause string) {
	l.close(ctx, core.SenderState{Domains: map[string]string{Domain(from): cause}})
}

func (l *Loop) close(ctx context.Context, s core.SenderState) {
	for _, s.Name = range l.Routes {
		if err := l.Store.CloseSender(ctx, s); err != nil {
			l.Log.Error("the sender's state could not be kept", "error", err)
		}
	}
	cause := s.Cause
	for domain, why := range s.Domains {
		cause = domain + ": " + why
	}
	l.Log.Error("sender closed", "cause", cause)
}

// Domain is the domain of a From address, in lower case; "" if it has none.
func Domain(from string) string {
	a, err := mail.ParseAddress(from)
	if err != nil {
		return ""
	}
	return strings.ToLower(a.Address[strings.LastIndexByte(a.Address, '@')+1:])
}

// pause holds all attempts back while the provider asks for it.
type pause struct {
	mu    sync.Mutex
	until time.Duration
}

func (p *pause) hold(until time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = max(p.until, until)
}

func (p *pause) left(now time.Duration) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until - now
}

// leaveAlone is how long a vendor whose claim failed is not asked again.
const leaveAlone = time.Minute

// failing are the vendors whose claims fail, each by Up until when it is left
// alone.
type failing struct {
	mu    sync.Mutex
	until map[core.VendorID]time.Duration
}

func (f *failing) add(v core.VendorID, until time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.until == nil {
		f.until = map[core.VendorID]time.Duration{}
	}
	f.until[v] = until
}

// has forgets a vendor whose time is over.
func (f *failing) has(v core.VendorID, now time.Duration) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := f.until[v]
	if ok && now >= until {
		delete(f.until, v)
	}
	return ok && now < until
}

func (f *failing) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.until)
}
