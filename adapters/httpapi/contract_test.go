package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aminobridge/core"
	"aminobridge/core/vault"
)

func TestPost(t *testing.T) {
	w := newWorld(t, "")
	a := w.post(`{"email":"customer@example.com","name":"John Doe","order_ref":"ORD-12345"}`, "Content-Type", "application/json")
	want(t, "status", a.status, 200)
	wantKeys(t, a.body, "ok", "review_url")
	want(t, "content type", a.header.Get("Content-Type"), "application/json")
	want(t, "policy", a.header.Get("RateLimit-Policy"), `"invitations";q=100;w=3600`)
	want(t, "limit", a.header.Get("RateLimit"), `"invitations";r=99;t=3600`)
	for _, name := range []string{"Amino-Duplicate", "Amino-Status", "Retry-After", "Preference-Applied"} {
		want(t, name, a.header.Get(name), "")
	}
	want(t, "nudges", w.nudges, 1)

	token, ok := strings.CutPrefix(a.str("review_url"), "https://amino.test/review/")
	v, id, err := w.Keys().ParseReview(token)
	if !ok || err != nil || v != w.vendor.ID || id.String() != a.id() {
		t.Errorf("review_url %s leads to %s (%v), Location to %s", a.str("review_url"), id, err, a.id())
	}
	b := w.view(a.id())
	want(t, "state", b.str("invitation.state"), "scheduled")
	want(t, "lane", b.str("invitation.lane"), "direct")
	want(t, "order_ref", b.str("invitation.order_ref"), "ORD-12345")
	want(t, "review_url", b.str("invitation.review_url"), a.str("review_url"))
}

func TestRepresentation(t *testing.T) {
	w := newWorld(t, "")
	a := w.call("POST", "/api/v1/invitations", w.manage, `{"email":"a@shop.example","name":"Ann","order_ref":1}`, "Prefer", "return=representation")
	want(t, "status", a.status, 200)
	wantKeys(t, a.body, "ok", "review_url", "invitation")
	want(t, "applied", a.header.Get("Preference-Applied"), "return=representation")
	want(t, "id", a.str("invitation.id"), a.id())
	want(t, "email", a.str("invitation.email"), "a@shop.example")
	if a.at("invitation.expected_send_at") == nil {
		t.Errorf("no expected_send_at in %s", a.text)
	}
	for prefer, whole := range map[string]bool{
		`Return = "Representation"; x=y`: true, "respond-later, return=representation, return=minimal": true,
		"return=minimal, return=representation": false, "return": false,
	} {
		a := w.post(`{"email":"a@shop.example","name":"Ann","order_ref":1}`, "Prefer", prefer)
		want(t, prefer, a.at("invitation") != nil, whole)
	}
	// A key of scope invite could otherwise ask whose order it is.
	a = w.post(`{"email":"b@shop.example","name":"Bob","order_ref":1}`, "Prefer", "return=representation")
	want(t, "email", a.str("invitation.email"), "b***@s***.example")
}

func TestKeys(t *testing.T) {
	w := newWorld(t, "")
	revoked, hash := vault.NewAPIKey()
	k := core.Key{ID: core.NewKeyID(noon), Vendor: w.vendor.ID, Name: "old", Scope: core.ScopeManage, CreatedAt: noon}
	w.must(w.AddKey(context.Background(), k, hash))
	w.must(w.RevokeKey(context.Background(), k.ID, noon))
	unknown, _ := vault.NewAPIKey()
	tests := []struct {
		name, header string
		status       int
		challenge    string
	}{
		{"none", "", 401, `Bearer realm="amino"`},
		{"another scheme", "Basic " + w.key, 401, `Bearer realm="amino"`},
		{"no scheme", w.key, 401, `Bearer realm="amino"`},
		{"scheme alone", "Bearer", 401, `Bearer realm="amino", error="invalid_token"`},
		{"wrong checksum", "Bearer " + w.key[:len(w.key)-1] + "!", 401, `Bearer realm="amino", error="invalid_token"`},
		{"unknown", "Bearer " + unknown, 401, `Bearer realm="amino", error="invalid_token"`},
		{"revoked", "Bearer " + revoked, 401, `Bearer realm="amino", error="invalid_token"`},
		{"good", "Bearer " + w.key, 200, ""},
		{"lower case", "bearer " + w.key, 200, ""},
		{"upper case", "BEARER  " + w.key, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, path := range []string{"POST /api/v1/invitations", "GET /api/v1/invitations/stats"} {
				method, path, _ := strings.Cut(path, " ")
				a := w.call(method, path, "", w.someone(), "Authorization", tt.header)
				want(t, "status", a.status, tt.status)
				want(t, "challenge", a.header.Get("WWW-Authenticate"), tt.challenge)
				want(t, "budget told", a.header.Get("RateLimit") != "", tt.status == 200 && method == "POST")
			}
		})
	}
}

// Each request here has everything wrong that is refused later, too.
func TestOrderOfRefusals(t *testing.T) {
	w := newWorld(t, "cap=1")
	known := `{"email":"a@shop.example","name":"Ann","order_ref":"known"}`
	want(t, "first", w.post(known, "Idempotency-Key", "k1").status, 200)
	big := strings.Repeat(" ", 64<<10) + "{"
	tests := []struct {
		name, key, body string
		headers         []string
		status          int
		code            string
	}{
		{"key", "amino_x", big, []string{"Content-Encoding", "gzip", "Idempotency-Key", " "}, 401, "unauthorized"},
		{"content encoding", w.key, big, []string{"Content-Encoding", "br", "Idempotency-Key", ""}, 415, "content_encoding"},
		{"size", w.key, big, []string{"Idempotency-Key", ""}, 413, "too_large"},
		{"body", w.key, `{"email":"x"}`, []string{"Idempotency-Key", "k1"}, 400, "invalid"},
		{"kept answer of another body", w.key, `{"email":"a@shop.example","name":"Ann","order_ref":"known" }`, []string{"Idempotency-Key", "k1"}, 422, "idempotency_mismatch"},
		{"kept answer", w.key, known, []string{"Idempotency-Key", "k1"}, 200, ""},
		{"known order_ref", w.key, known, nil, 200, ""},
		{"cap", w.key, w.someone(), nil, 429, "rate_limited"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := w.call("POST", "/api/v1/invitations", tt.key, tt.body, tt.headers...)
			want(t, "status", a.status, tt.status)
			want(t, "code", a.str("code"), tt.code)
			limit := `"invitations";r=0;t=3600`
			if tt.status == 401 {
				limit = ""
			}
			want(t, "RateLimit", a.header.Get("RateLimit"), limit)
		})
	}
	want(t, "64 KiB are enough", w.post(strings.Repeat(" ", 64<<10-len(known))+known).status, 200)
}

func TestCap(t *testing.T) {
	w := newWorld(t, "")
	refused := 0
	for n := 1; n <= 101; n++ {
		a := w.post(w.someone())
		want(t, "limit", a.header.Get("RateLimit"), fmt.Sprintf(`"invitations";r=%d;t=3600`, max(0, 100-n)))
		if a.status == 429 {
			refused++
			want(t, "call", n, 101)
			want(t, "Retry-After", a.header.Get("Retry-After"), "3600")
			want(t, "code", a.str("code"), "rate_limited")
		}
	}
	want(t, "refused", refused, 1)

	w.clock.Pass(time.Hour - 1500*time.Millisecond)
	a := w.post(w.someone())
	want(t, "Retry-After, rounded up", a.header.Get("Retry-After"), "2")
	want(t, "limit", a.header.Get("RateLimit"), `"invitations";r=0;t=2`)
	w.clock.Pass(1499 * time.Millisecond)
	want(t, "Retry-After is at least 1", w.post(w.someone()).header.Get("Retry-After"), "1")
	w.clock.Pass(time.Millisecond)
	want(t, "after an hour", w.post(w.someone()).status, 200)
}

// Without paced letters, one call every 3600/cap seconds is never refused,
// whatever becomes of its mail.
func TestSteadyCallsAreNeverRefused(t *testing.T) {
	tests := map[string]func(w *world, n int){
		"sent at once": func(w *world, _ int) { w.deliver(); w.clock.Pass(36 * time.Second) },
		"5 s of provider latency": func(w *world, _ int) {
			claimed := w.claim()
			w.clock.Pass(5 * time.Second)
			w.settle(claimed, nil)
			w.clock.Pass(31 * time.Second)
		},
		"sender closed": func(w *world, n int) {
			if n == 1 {
				w.must(w.CloseSender(context.Background(), core.SenderState{Cause: "invalid key"}))
			}
			w.clock.Pass(36 * time.Second)
		},
	}
	for name, between := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "")
			for n := 1; n <= 301; n++ {
				a := w.post(w.someone())
				if a.status != 200 {
					t.Fatalf("call %d: %d %s", n, a.status, a.text)
				}
				want(t, "limit", a.header.Get("RateLimit"), fmt.Sprintf(`"invitations";r=%d;t=%d`, max(0, 100-n), 3600-36*min(n-1, 99)))
				between(w, n)
			}
		})
	}
}

func TestOverCapQueue(t *testing.T) {
	w := newWorld(t, "cap=1 over_cap=queue")
	want(t, "first", w.post(w.someone()).status, 200)
	a := w.post(w.someone())
	want(t, "status", a.status, 200)
	wantKeys(t, a.body, "ok", "review_url")
	want(t, "limit", a.header.Get("RateLimit"), `"invitations";r=0;t=3600`)
	want(t, "lane", w.view(a.id()).str("invitation.lane"), "orders")
}

func TestRespondAsync(t *testing.T) {
	tests := []struct {
		name, more, prefer string
		lane               string
		due                time.Time
	}{
		{"header", ``, "respond-async", "orders", noon.AddDate(0, 0, 7)},
		{"send_at", `,"send_at":"2026-11-25T12:00:00Z"`, "", "orders", noon.AddDate(0, 0, 3)},
		{"send_at in the past", `,"send_at":"2026-11-01T12:00:00Z"`, "", "orders", noon},
		{"delay_days", `,"delay_days":2`, "respond-async", "orders", noon.AddDate(0, 0, 2)},
		{"bulk", `,"lane":"bulk","delay_days":0`, "", "bulk", noon},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "cap=1 delay=7d")
			want(t, "the cap's one direct call", w.post(w.someone()).status, 200)
			a := w.post(`{"email":"a@shop.example","name":"Ann"`+tt.more+`}`, "Prefer", tt.prefer)
			want(t, "status", a.status, 202)
			wantKeys(t, a.body, "ok", "id", "review_url", "status", "explanation", "expected_send_at")
			want(t, "state", a.str("status"), "scheduled")
			want(t, "id", a.str("id"), a.id())
			at, err := time.Parse(time.RFC3339, a.str("expected_send_at"))
			if err != nil || at.Before(tt.due) {
				t.Errorf("expected_send_at %v (%v), due %v", at, err, tt.due)
			}
			b := w.view(a.id())
			want(t, "lane", b.str("invitation.lane"), tt.lane)
			want(t, "due", b.str("invitation.due_at"), tt.due.Format(time.RFC3339))
		})
	}
}

func TestRespondAsyncWithinTheCooldown(t *testing.T) {
	w := newWorld(t, "cooldown=30d")
	body := `{"email":"a@shop.example","name":"Ann","order_ref":"%d"}`
	want(t, "first", w.post(fmt.Sprintf(body, 1)).status, 200)
	w.deliver()
	a := w.post(fmt.Sprintf(body, 2), "Prefer", "respond-async")
	want(t, "status", a.status, 202)
	wantKeys(t, a.body, "ok", "id", "review_url", "status", "reason", "explanation", "expected_send_at")
	want(t, "state", a.str("status"), "cancelled")
	want(t, "reason", a.str("reason"), "cooldown")
	want(t, "explanation", a.str("explanation"), core.InCooldown.Sentence())
	want(t, "expected_send_at", a.at("expected_send_at"), nil)
	want(t, "Amino-Status", a.header.Get("Amino-Status"), "cancelled")
	want(t, "a direct call knows no cooldown", w.post(fmt.Sprintf(body, 3)).header.Get("Amino-Status"), "")
}

func TestIdempotencyKey(t *testing.T) {
	w := newWorld(t, "")
	body := `{"email":"a@shop.example","name":"Ann","order_ref":"%d"}`
	first := w.post(fmt.Sprintf(body, 1), "Idempotency-Key", "k")
	again := w.post(fmt.Sprintf(body, 1), "Idempotency-Key", "k")
	want(t, "status", again.status, 200)
	want(t, "body", again.text, first.text)
	want(t, "limit", again.header.Get("RateLimit"), `"invitations";r=99;t=3600`)
	other := w.post(fmt.Sprintf(body, 2), "Idempotency-Key", "k")
	want(t, "another body", other.status, 422)
	want(t, "code", other.str("code"), "idempotency_mismatch")
	want(t, "limit", other.header.Get("RateLimit"), `"invitations";r=99;t=3600`)
	want(t, "another key of the vendor", w.call("POST", "/api/v1/invitations", w.manage, fmt.Sprintf(body, 2), "Idempotency-Key", "k").status, 200)
	w.clock.Pass(24 * time.Hour)
	want(t, "after a day", w.post(fmt.Sprintf(body, 3), "Idempotency-Key", "k").status, 200)
}

func TestMailThatMustWaitIsAccepted(t *testing.T) {
	for name, settings := range map[string]string{"vendor paused": "paused=true", "sender closed": ""} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, settings)
			if settings == "" {
				w.must(w.CloseSender(context.Background(), core.SenderState{Cause: "invalid key"}))
			}
			a := w.post(w.someone())
			want(t, "status", a.status, 200)
			b := w.view(a.id())
			want(t, "expected_send_at", b.at("invitation.expected_send_at"), nil)
			if !strings.HasPrefix(b.str("invitation.explanation"), "The mail waits") {
				t.Errorf("explanation %q", b.str("invitation.explanation"))
			}
		})
	}
}

func TestNotStored(t *testing.T) {
	for _, tt := range []struct {
		err   error
		retry string
	}{{core.ErrFenced, "5"}, {core.ErrFull, "60"}, {context.DeadlineExceeded, "5"}} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			s, app, key := overTaker(t)
			s.refusal = tt.err
			res, text := exchange(t, app, key, []byte(`{`+who+`}`))
			want(t, "status", res.StatusCode, 503)
			want(t, "Retry-After", res.Header.Get("Retry-After"), tt.retry)
			want(t, "limit", res.Header.Get("RateLimit"), `"invitations";r=100;t=0`)
			if !strings.Contains(string(text), `"ok":false`) {
				t.Errorf("answered %s", text)
			}
		})
	}
}

// Retry-After and t are one number: the budget's, from 1 to 3600.
func TestRetryAfter(t *testing.T) {
	for reset, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", 10 * time.Second: "10", 2 * time.Hour: "3600"} {
		s, app, key := overTaker(t)
		s.refusal, s.reset = &core.CapError{RetryAfter: 30 * time.Second}, reset
		res, _ := exchange(t, app, key, []byte(`{`+who+`}`))
		if got := res.Header.Get("Retry-After"); res.StatusCode != 429 || got != want {
			t.Errorf("reset %s: %d, Retry-After %s, want %s", reset, res.StatusCode, got, want)
		}
	}
}

// The budget told is the one that the call itself left behind, not what others
// made of it since.
func TestBudgetIsTheCallsOwn(t *testing.T) {
	_, app, key := overTaker(t)
	res, _ := exchange(t, app, key, []byte(`{`+who+`}`))
	want(t, "limit", res.Header.Get("RateLimit"), `"invitations";r=99;t=3600`)
}

func TestFaultOfTheStore(t *testing.T) {
	s, app, key := overTaker(t)
	s.refusal = errors.New("page 7: canary")
	res, text := exchange(t, app, key, []byte(`{`+who+`}`))
	want(t, "status", res.StatusCode, 500)
	want(t, "limit", res.Header.Get("RateLimit"), `"invitations";r=100;t=0`)
	line := s.logged.String()
	if !strings.Contains(string(text), `"error":"internal error"`) || strings.Contains(string(text), "canary") {
		t.Errorf("answered %s", text)
	}
	if strings.Count(line, "canary") != 1 || strings.Contains(line, "Ann") || !strings.Contains(line, res.Header.Get("X-Request-Id")) {
		t.Errorf("logged %s", line)
	}
}

// DELETE may wait a minute for a letter on its way, nothing else that long.
func TestDeadlines(t *testing.T) {
	s, app, key := overTaker(t)
	for _, tt := range []struct {
		method, path string
		least, most  time.Duration
	}{
		{"GET", "/api/v1/invitations/stats", time.Second, 10 * time.Second},
		{"DELETE", "/api/v1/invitations/" + core.InvitationID{3}.String(), time.Minute, 65 * time.Second},
	} {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		r.Header.Set("Authorization", "Bearer "+key)
		if _, err := app.Test(r, -1); err != nil {
			t.Fatal(err)
		}
		if s.patience < tt.least || s.patience > tt.most {
			t.Errorf("%s may take %s", tt.method, s.patience)
		}
	}
}
