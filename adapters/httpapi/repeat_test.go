package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"aminobridge/core"
)

const (
	order1   = `{"email":"a@shop.example","name":"Ann","order_ref":"1"}`
	correct1 = `{"email":"b@shop.example","name":"Bob","order_ref":"1"}`
)

var lost = &core.SendError{Fault: core.Lost}

// The same order_ref again, by what became of the first call.
func TestSameOrderAgain(t *testing.T) {
	refused := &core.SendError{Fault: core.Rejected, Status: 422, Detail: "validation_error"}
	tests := []struct {
		name      string
		between   func(w *world, id string)
		state     string // afterwards
		email     string
		duplicate string
		status    string // Amino-Status
		left      int    // admissions
	}{
		{"scheduled", func(*world, string) {}, "scheduled", "b@shop.example", "", "", 99},
		{"scheduled, leased", func(w *world, _ string) { w.claim() }, "scheduled", "a@shop.example", "", "", 99},
		{"scheduled, maybe sent", func(w *world, _ string) { w.settle(w.claim(), lost) }, "scheduled", "a@shop.example", "", "", 99},
		{"sent", func(w *world, _ string) { w.deliver() }, "sent", "a@shop.example", "true", "", 99},
		{"opened", func(w *world, id string) {
			w.deliver()
			w.must(w.Open(context.Background(), w.seen(id)))
		}, "opened", "a@shop.example", "true", "", 99},
		{"completed", func(w *world, id string) { w.deliver(); w.review(id) }, "completed", "a@shop.example", "true", "", 99},
		{"expired", func(w *world, _ string) {
			w.deliver()
			w.clock.Pass(91 * 24 * time.Hour)
			_, _, err := w.Expire(context.Background(), w.clock.Now(), 10)
			w.must(err)
		}, "expired", "a@shop.example", "true", "", 100},
		{"unknown", func(w *world, _ string) {
			w.settle(w.claim(), lost)
			w.clock.Pass(25 * time.Hour)
			w.claim()
		}, "unknown", "a@shop.example", "true", "", 100},
		{"suppressed", func(w *world, id string) { w.suppress(id) }, "suppressed", "a@shop.example", "", "suppressed", 99},
		{"cancelled", func(w *world, id string) {
			want(w.t, "cancel", w.call("DELETE", "/api/v1/invitations/"+id, w.manage, "").status, 200)
		}, "scheduled", "b@shop.example", "", "", 98},
		{"revoked", func(w *world, id string) {
			want(w.t, "revoke", w.call("DELETE", "/api/v1/invitations/"+id+"?revoke=true", w.manage, "").status, 200)
		}, "cancelled", "a@shop.example", "true", "cancelled", 99},
		{"failed", func(w *world, _ string) { w.settle(w.claim(), refused) }, "scheduled", "b@shop.example", "", "", 98},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "")
			first := w.post(order1)
			tt.between(w, first.id())
			again := w.post(correct1)
			want(t, "status", again.status, 200)
			wantKeys(t, again.body, "ok", "review_url")
			want(t, "link", again.str("review_url"), first.str("review_url"))
			want(t, "Location", again.id(), first.id())
			want(t, "Amino-Duplicate", again.header.Get("Amino-Duplicate"), tt.duplicate)
			want(t, "Amino-Status", again.header.Get("Amino-Status"), tt.status)
			want(t, "admissions left", left(t, again), tt.left)
			b := w.view(first.id())
			want(t, "state", b.str("invitation.state"), tt.state)
			want(t, "email", b.str("invitation.email"), tt.email)
			if e := b.str("invitation.explanation"); !strings.HasSuffix(e, ".") {
				t.Errorf("explanation %q", e)
			}
		})
	}
}

// left is r of the RateLimit header.
func left(t *testing.T, a answer) (r int) {
	t.Helper()
	var reset int
	if _, err := fmt.Sscanf(a.header.Get("RateLimit"), `"invitations";r=%d;t=%d`, &r, &reset); err != nil {
		t.Errorf("RateLimit %q: %v", a.header.Get("RateLimit"), err)
	}
	return r
}

func TestRevivalNeedsAnAdmission(t *testing.T) {
	w := newWorld(t, "cap=1")
	id := w.post(order1).id()
	want(t, "cancel", w.call("DELETE", "/api/v1/invitations/"+id, w.manage, "").status, 200)
	want(t, "revival over the cap", w.post(order1).status, 429)
	want(t, "state", w.view(id).str("invitation.state"), "cancelled")
}

func TestSameCallWithoutOrderRef(t *testing.T) {
	w := newWorld(t, "")
	body := `{"email":"a@shop.example","name":"Ann"}`
	first := w.post(body)
	w.clock.Pass(10*time.Minute - time.Second)
	retry := w.post(body)
	want(t, "a retry within ten minutes", retry.id(), first.id())
	want(t, "admissions left", left(t, retry), 99)
	for name, other := range map[string]answer{
		"another name":    w.post(`{"email":"a@shop.example","name":"Anna"}`),
		"another address": w.post(`{"email":"b@shop.example","name":"Ann"}`),
		"another key":     w.call("POST", "/api/v1/invitations", w.manage, body),
		"with an order":   w.post(`{"email":"a@shop.example","name":"Ann","order_ref":"7"}`),
	} {
		if other.status != 200 || other.id() == first.id() {
			t.Errorf("%s: %d, the same invitation", name, other.status)
		}
	}
	w.clock.Pass(2 * time.Second)
	if later := w.post(body); later.id() == first.id() {
		t.Error("after ten minutes it is no retry")
	}
}

func TestSuppressedAddress(t *testing.T) {
	w := newWorld(t, "")
	w.suppress(w.post(order1).id())
	a := w.post(`{"email":"A@shop.example","name":"Ann","order_ref":"2"}`)
	want(t, "status", a.status, 200)
	wantKeys(t, a.body, "ok", "review_url")
	want(t, "Amino-Status", a.header.Get("Amino-Status"), "suppressed")
	want(t, "no admission", left(t, a), 99)
	want(t, "nothing is sent", len(w.claim()), 0)
	want(t, "explanation", w.view(a.id()).str("invitation.explanation"), core.OptedOut.Sentence())
}

// Nobody gets at an order of another vendor by its order_ref or id.
func TestVendorsAreApart(t *testing.T) {
	w := newWorld(t, "")
	mine := w.post(order1)
	other := w.newKey(w.newVendor("second", "").ID, core.ScopeManage)
	theirs := w.call("POST", "/api/v1/invitations", other, order1)
	want(t, "status", theirs.status, 200)
	if theirs.id() == mine.id() {
		t.Error("the other vendor's order_ref found it")
	}
	for _, method := range []string{"GET", "DELETE"} {
		a := w.call(method, "/api/v1/invitations/"+mine.id(), other, "")
		want(t, method, a.status, 404)
	}
	list := w.call("GET", "/api/v1/invitations?order_ref=1", other, "")
	want(t, "listed", len(list.at("invitations").([]any)), 1)
}
