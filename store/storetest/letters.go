package storetest

import (
	"errors"
	"time"

	"aminobridge/core"
)

// claimAs claims with everything of the ask but the time.
func (w *world) claimAs(ask core.ClaimAsk) []core.Claimed {
	w.t.Helper()
	ask.Now = w.now()
	claimed, err := w.Claim(w.ctx, ask)
	if err != nil && !errors.Is(err, core.ErrNothingDue) {
		w.t.Fatalf("Claim: %v", err)
	}
	if (err == nil) != (len(claimed) > 0) {
		w.t.Fatalf("Claim: %d letters and %v", len(claimed), err)
	}
	return claimed
}

func (w *world) claimAsk(n int) core.ClaimAsk {
	return core.ClaimAsk{Vendor: w.vendor.ID, Sender: sender, Window: window, N: n, Frozen: process}
}

func (w *world) claim(n int) []core.Claimed {
	w.t.Helper()
	return w.claimAs(w.claimAsk(n))
}

// take claims one letter, which must be the invitation's.
func (w *world) take(id core.InvitationID) core.Claimed {
	w.t.Helper()
	claimed := w.claim(1)
	if len(claimed) != 1 {
		w.t.Fatalf("nothing to claim, want the letter of %s", id)
	}
	if got := claimed[0].Ref.Invitation; got != id {
		w.t.Fatalf("claimed the letter of %s, want that of %s", got, id)
	}
	return claimed[0]
}

// idle fails the story if there is something to claim.
func (w *world) idle() {
	w.t.Helper()
	if claimed := w.claim(1); len(claimed) > 0 {
		w.t.Fatalf("claimed the letter of %s, want nothing due", claimed[0].Ref.Invitation)
	}
}

// firstAt claims the invitation's letter at exactly d from now, and not sooner.
func (w *world) firstAt(d time.Duration, id core.InvitationID) core.Claimed {
	w.t.Helper()
	w.pass(d - tick)
	w.idle()
	w.pass(tick)
	return w.take(id)
}

func (w *world) settle(c core.Claimed, o core.Outcome) {
	w.t.Helper()
	w.must(w.Settle(w.ctx, c.Ref, o, w.now()))
}

// send claims the invitation's letter, and the provider takes it.
func (w *world) send(id core.InvitationID) core.Claimed {
	w.t.Helper()
	c := w.take(id)
	w.settle(c, yes("mail"))
	return c
}

// sent is an invitation whose mail has left.
func (w *world) sent() core.InvitationID {
	w.t.Helper()
	id := w.invite()
	w.send(id)
	return id
}

// unknown is an invitation whose answer was lost, a window ago.
func (w *world) unknown() core.InvitationID {
	w.t.Helper()
	id := w.invite()
	w.settle(w.take(id), ended(core.Lost))
	w.pass(window)
	w.idle()
	w.is(id, core.Unknown, core.AnswerLost)
	return id
}

// failed is an invitation that the provider refuses.
func (w *world) failed() core.InvitationID {
	w.t.Helper()
	id := w.invite()
	w.settle(w.take(id), ended(core.Rejected))
	w.is(id, core.Failed, core.Refused)
	return id
}

// yes is an attempt that the provider took.
func yes(providerID string) core.Outcome {
	return core.Outcome{Begun: true, ProviderID: providerID}
}

// ended is an attempt that ended in another way, with the least backoff: 5 s.
func ended(f core.SendFault) core.Outcome {
	return core.Outcome{Begun: true, Err: &core.SendError{Fault: f, Status: 500, Detail: "a_code"}}
}

const backoff = 5 * time.Second // of an outcome without jitter

func (w *world) live(refs ...core.LeaseRef) bool {
	w.t.Helper()
	live, err := w.LeaseLive(w.ctx, refs)
	w.must(err)
	return live
}

// stopped fails the story unless refs are the one lease of c: the no that
// returned them waits for it.
func (w *world) stopped(refs []core.LeaseRef, c core.Claimed) {
	w.t.Helper()
	if len(refs) != 1 || refs[0] != c.Ref {
		w.t.Fatalf("leases in the way: got %d, want the one that was claimed", len(refs))
	}
	if !w.live(refs...) {
		w.t.Fatal("the lease in the way is not live")
	}
}

// free fails the story if a no has something to wait for.
func (w *world) free(refs []core.LeaseRef, err error) {
	w.t.Helper()
	w.must(err)
	if len(refs) != 0 {
		w.t.Fatalf("%d leases in the way, want none", len(refs))
	}
}
