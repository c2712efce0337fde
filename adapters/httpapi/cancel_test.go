package httpapi_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
	"aminobridge/store/bolt"
)

func (w *world) cancel(id, query string) answer {
	w.t.Helper()
	return w.call("DELETE", "/api/v1/invitations/"+id+query, w.manage, "")
}

func TestCancel(t *testing.T) {
	w := newWorld(t, "")
	id := w.post(order1).id()
	a := w.call("DELETE", "/api/v1/invitations/"+id, w.key, "")
	want(t, "scope invite", a.status, 403)
	want(t, "code", a.str("code"), "forbidden")
	want(t, "state", w.view(id).str("invitation.state"), "scheduled")

	for range 2 {
		a = w.cancel(id, "")
		want(t, "status", a.status, 200)
		wantKeys(t, a.body, "ok", "invitation")
		want(t, "state", a.str("invitation.state"), "cancelled")
		want(t, "reason", a.str("invitation.reason"), "cancelled_by_person")
		want(t, "explanation", a.str("invitation.explanation"), core.PersonCancelled.Sentence())
	}
	want(t, "nothing is sent", len(w.claim()), 0)
	w.clock.Pass(time.Minute)
	a = w.cancel(id, "?revoke=true")
	want(t, "timeline", fmt.Sprint(a.at("invitation.timeline")), "[map[at:2026-11-22T12:00:00Z what:created]"+
		" map[at:2026-11-22T12:00:00Z what:cancelled] map[at:2026-11-22T12:01:00Z what:revoked]]")
	want(t, "not a flag", w.cancel(id, "?revoke=perhaps").status, 400)
	want(t, "not an id", w.cancel("7", "").status, 404)
}

func TestCancelAfterSending(t *testing.T) {
	w := newWorld(t, "")
	id := w.post(order1).id()
	w.deliver()
	a := w.cancel(id, "")
	want(t, "status", a.status, 409)
	want(t, "code", a.str("code"), "already_sent")
	want(t, "still open", w.view(id).at("invitation.revoked_at"), nil)

	a = w.cancel(id, "?revoke=true")
	want(t, "revoke", a.status, 200)
	want(t, "the state stays", a.str("invitation.state"), "sent")
	want(t, "explanation", a.str("invitation.explanation"), "The mail has left; its link was closed before a review.")
	want(t, "revoked_at", a.str("invitation.revoked_at"), "2026-11-22T12:00:00Z")
	if err := w.Complete(context.Background(), w.seen(id), core.Review{Rating: 5}); err == nil {
		t.Error("the link is still open")
	}
}

// watched tells when somebody waits for a lease.
type watched struct {
	*bolt.Store
	waits chan struct{}
}

func (s *watched) LeaseLive(ctx context.Context, refs []core.LeaseRef) (bool, error) {
	live, err := s.Store.LeaseLive(ctx, refs)
	if live {
		select {
		case s.waits <- struct{}{}:
		default:
		}
	}
	return live, err
}

// A cancel that meets a letter on its way waits, and says what came of it.
func TestCancelWaitsForTheLetter(t *testing.T) {
	notLeft := &core.SendError{Fault: core.Unreachable}
	tests := []struct {
		name   string
		end    func(w *world, c []core.Claimed)
		query  string
		status int
		state  string
	}{
		{"sent", func(w *world, c []core.Claimed) { w.settle(c, nil) }, "", 409, "sent"},
		{"sent and revoked", func(w *world, c []core.Claimed) { w.settle(c, nil) }, "?revoke=true", 200, "sent"},
		{"not left", func(w *world, c []core.Claimed) { w.settle(c, notLeft) }, "", 200, "cancelled"},
		{"lost", func(w *world, c []core.Claimed) { w.settle(c, lost) }, "", 200, "cancelled"},
		{"over", func(w *world, _ []core.Claimed) { w.clock.Pass(61 * time.Second); w.claim() }, "", 200, "cancelled"},
		{"over, and nobody looked since", func(w *world, _ []core.Claimed) { w.clock.Pass(61 * time.Second) }, "", 200, "cancelled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &watched{waits: make(chan struct{}, 1)}
			w := newWorldOver(t, "", func(b *bolt.Store) httpapi.Store { s.Store = b; return s })
			id := w.post(order1).id()
			claimed := w.claim()
			done := make(chan answer)
			go func() { done <- w.cancel(id, tt.query) }()
			<-s.waits
			select {
			case a := <-done:
				t.Fatalf("answered %d while the letter is on its way", a.status)
			default:
			}
			tt.end(w, claimed)
			a := <-done
			want(t, "status", a.status, tt.status)
			if tt.status == 200 {
				want(t, "state answered", a.str("invitation.state"), tt.state)
			}
			want(t, "state", w.view(id).str("invitation.state"), tt.state)
		})
	}
}

// stuck is a store whose leases never end, in a request that may not wait.
type stuck struct{ *bolt.Store }

func (s stuck) LeaseLive(context.Context, []core.LeaseRef) (bool, error) { return false, core.ErrWait }

func TestCancelThatWaitedTooLong(t *testing.T) {
	w := newWorldOver(t, "", func(b *bolt.Store) httpapi.Store { return stuck{b} })
	id := w.post(order1).id()
	w.claim()
	a := w.cancel(id, "")
	want(t, "status", a.status, 503)
	want(t, "code", a.str("code"), "in_flight")
	want(t, "Retry-After", a.header.Get("Retry-After"), "5")
}
