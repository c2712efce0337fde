package queue

import (
	"time"

	"aminobridge/core"
)

// SlotEnd is what an attempt does to the slot it took.
type SlotEnd uint8

const (
	Left    SlotEnd = iota + 1 // the hour counts from the settling
	NotLeft                    // given back, unless an earlier attempt may have left
	Maybe                      // stays as the claim wrote it
)

// Ending is what follows from an attempt.
type Ending struct {
	Slot SlotEnd
	// State is what the invitation becomes, and the letter leaves the queue; zero
	// if the letter is tried again after Wait.
	State   core.State
	Reason  core.Reason
	Wait    time.Duration
	Counted bool // the attempt counts
}

const (
	leastWait = 5 * time.Second
	mostWait  = 10 * time.Hour
	// domainWait keeps a letter that is frozen with a refused domain from standing
	// before those that were given another.
	domainWait = 10 * time.Minute
)

// Backoff is the wait after the n-th failed attempt: random in [5 s, 5 s · 2ⁿ],
// at most 10 h. Jitter in [0, 1) picks it.
func Backoff(n int, jitter float64) time.Duration {
	most := mostWait
	if n < 13 { // 5 s · 2¹³ is past ten hours
		most = min(mostWait, leastWait<<n)
	}
	return leastWait + time.Duration(jitter*float64(most-leastWait))
}

// Settle decides what an attempt's end means: the table of DESIGN section 7. A
// no that met the lease (Entry.Stop) ends the letter unless it left.
func Settle(e core.Entry, o core.Outcome) Ending {
	end := settle(e, o)
	if e.Stop != 0 && end.State != core.Sent {
		end.State, end.Reason, end.Wait = e.Stop, e.StopCause, 0
	}
	return end
}

func settle(e core.Entry, o core.Outcome) Ending {
	switch {
	case !o.Begun:
		return Ending{Slot: NotLeft}
	case o.Err == nil:
		return Ending{Slot: Left, State: core.Sent, Counted: true}
	}
	wait := max(o.Err.RetryAfter, Backoff(e.Attempt, o.Jitter))
	switch o.Err.Fault {
	case core.Unreachable, core.RateLimited:
		return Ending{Slot: NotLeft, Wait: wait, Counted: true}
	case core.QuotaUsed, core.SenderShut:
		return Ending{Slot: NotLeft, Wait: leastWait}
	case core.DomainShut:
		if e.MaybeSent() { // and so frozen with this domain, unlike those behind it
			return Ending{Slot: NotLeft, Wait: domainWait}
		}
		return Ending{Slot: NotLeft, Wait: leastWait}
	case core.Rejected, core.Unmade:
		return refused(e, o.Err.Fault)
	case core.KeyMismatch:
		return Ending{Slot: Maybe, State: core.Unknown, Reason: core.KeyCollision, Counted: true}
	}
	return Ending{Slot: Maybe, Wait: wait, Counted: true}
}

// refused ends a letter that will never be taken, or cannot be made.
func refused(e core.Entry, f core.SendFault) Ending {
	end := Ending{Slot: NotLeft, State: core.Failed, Reason: core.Refused, Counted: true}
	switch {
	case e.MaybeSent():
		end.State, end.Reason = core.Unknown, core.AnswerLost
	case f == core.Unmade:
		end.Reason = core.Unmakeable
	}
	return end
}

// Lapsed is the end of a lease that nobody settled: it may have left, always.
func Lapsed(jitter float64) core.Outcome {
	return core.Outcome{Begun: true, Err: &core.SendError{Fault: core.Lost, Detail: "lease_lapsed"}, Jitter: jitter}
}
