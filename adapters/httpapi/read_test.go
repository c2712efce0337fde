package httpapi_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"aminobridge/core"
)

func TestStats(t *testing.T) {
	w := newWorld(t, "")
	ids := []string{w.post(w.someone()).id(), w.post(w.someone()).id(), w.post(w.someone()).id()}
	w.deliver()
	w.must(w.Open(context.Background(), w.seen(ids[0])))
	w.review(ids[1])
	w.post(w.someone())

	a := w.call("GET", "/api/v1/invitations/stats", w.key, "")
	want(t, "status", a.status, 200)
	wantKeys(t, a.body, "ok", "stats")
	wantKeys(t, a.at("stats"), "sent", "opened", "completed", "expired")
	for member, n := range map[string]float64{"sent": 3, "opened": 2, "completed": 1, "expired": 0} {
		want(t, member, a.at("stats."+member), any(n))
	}

	d := w.call("GET", "/api/v1/invitations/stats?detail=true", w.key, "")
	wantKeys(t, d.body, "ok", "stats", "budget", "series")
	wantKeys(t, d.at("stats"), "sent", "opened", "completed", "expired", "accepted", "visits", "by_state", "verdicts")
	want(t, "accepted", d.at("stats.accepted"), any(4.0))
	want(t, "scheduled", d.at("stats.by_state.scheduled"), any(1.0))
	want(t, "cap", d.at("budget.cap"), any(100.0))
	want(t, "left", d.at("budget.left"), any(96.0))
	want(t, "reset", d.at("budget.reset"), any(3600.0))
	want(t, "live", d.at("budget.live"), any(3.0))
	want(t, "waiting", d.at("budget.waiting.direct"), any(1.0))
	series := d.at("series").([]any)
	want(t, "days", len(series), 1)
	wantKeys(t, series[0], "date", "sent", "opened", "completed", "expired")
	want(t, "date", series[0].(map[string]any)["date"], any("2026-11-22"))
	want(t, "sent that day", series[0].(map[string]any)["sent"], any(3.0))

	fresh := w.newKey(w.newVendor("second", "").ID, core.ScopeInvite)
	e := w.call("GET", "/api/v1/invitations/stats?detail=1", fresh, "")
	wantKeys(t, e.body, "ok", "stats", "budget", "series")
	want(t, "no day yet", len(e.at("series").([]any)), 0)
	want(t, "not a flag", w.call("GET", "/api/v1/invitations/stats?detail=maybe", w.key, "").status, 400)
}

func TestSeriesIsNinetyDays(t *testing.T) {
	w := newWorld(t, "")
	w.post(w.someone())
	w.deliver()
	w.clock.Pass(89 * 24 * time.Hour)
	days := func() int {
		return len(w.call("GET", "/api/v1/invitations/stats?detail=true", w.key, "").at("series").([]any))
	}
	want(t, "89 days later", days(), 1)
	w.clock.Pass(24 * time.Hour)
	want(t, "90 days later", days(), 0)
}

func ids(a answer) (ids []string) {
	list, _ := a.at("invitations").([]any)
	for _, i := range list {
		ids = append(ids, i.(map[string]any)["id"].(string))
	}
	return ids
}

func TestList(t *testing.T) {
	w := newWorld(t, "")
	var made []string
	for n := range 5 {
		a := w.post(fmt.Sprintf(`{"email":"p%d@shop.example","name":"Ann","order_ref":"ref %d"}`, n%2, n))
		made = append([]string{a.id()}, made...) // newest first
		w.clock.Pass(time.Second)
		if n == 1 {
			w.deliver()
		}
	}
	tests := []struct {
		name, query string
		want        []string
	}{
		{"all", "", made},
		{"by order_ref", "order_ref=" + url.QueryEscape("ref 3"), made[1:2]},
		{"by an order_ref of nobody", "order_ref=none", nil},
		{"by address", "email=P1@shop.example", []string{made[1], made[3]}},
		{"by an address of nobody", "email=p9@shop.example", nil},
		{"by state", "state=sent", made[3:]},
		{"by address and state", "email=p1@shop.example&state=sent", made[3:4]},
		{"unknown parameters are ignored", "foo=bar", made},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := w.call("GET", "/api/v1/invitations?"+tt.query, w.manage, "")
			want(t, "status", a.status, 200)
			wantKeys(t, a.body, "ok", "invitations", "next")
			if got := ids(a); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if a.at("invitations") == nil {
				t.Error("invitations is null")
			}
		})
	}
	t.Run("page by page", func(t *testing.T) {
		var got []string
		cursor := ""
		for range 10 {
			a := w.call("GET", "/api/v1/invitations?limit=2&cursor="+url.QueryEscape(cursor), w.manage, "")
			if n := len(ids(a)); n > 2 {
				t.Fatalf("a page of %d", n)
			}
			got = append(got, ids(a)...)
			if cursor = a.str("next"); cursor == "" {
				break
			}
		}
		if !slices.Equal(got, made) {
			t.Errorf("got %v, want %v", got, made)
		}
	})
}

func TestListRefuses(t *testing.T) {
	w := newWorld(t, "")
	for query, fields := range map[string]int{
		"limit=0": 1, "limit=101": 1, "limit=x": 1, "state=gone": 1, "email=nobody": 1,
		"cursor=" + url.QueryEscape("?"): 1, "limit=-1&state=gone&email=a": 3,
	} {
		a := w.call("GET", "/api/v1/invitations?"+query, w.key, "")
		want(t, query, a.status, 400)
		list, _ := a.at("fields").([]any)
		want(t, "fields of "+query, len(list), fields)
	}
	want(t, "limit=100", w.call("GET", "/api/v1/invitations?limit=100", w.key, "").status, 200)
}

func TestOne(t *testing.T) {
	w := newWorld(t, "")
	id := w.post(order1).id()
	a := w.view(id)
	want(t, "status", a.status, 200)
	wantKeys(t, a.body, "ok", "invitation")
	wantKeys(t, a.at("invitation"), "id", "state", "explanation", "order_ref", "email", "name", "lane", "created_at", "due_at",
		"expected_send_at", "sent_at", "opened_at", "completed_at", "expires_at", "expired_at", "revoked_at", "visits", "review_url", "timeline")
	want(t, "expected_send_at", a.str("invitation.expected_send_at"), "2026-11-22T12:00:00Z")
	want(t, "explanation", a.str("invitation.explanation"), "The mail is expected to leave about 2026-11-22 12:00 UTC.")

	w.clock.Pass(time.Minute)
	w.deliver()
	w.clock.Pass(time.Minute)
	w.must(w.Visit(context.Background(), w.seen(id)))
	w.must(w.Open(context.Background(), w.seen(id)))
	w.clock.Pass(time.Minute)
	w.review(id)
	b := w.view(id)
	want(t, "state", b.str("invitation.state"), "completed")
	want(t, "sent_at", b.str("invitation.sent_at"), "2026-11-22T12:01:00Z")
	want(t, "completed_at", b.str("invitation.completed_at"), "2026-11-22T12:03:00Z")
	want(t, "expected_send_at", b.at("invitation.expected_send_at"), nil)
	want(t, "visits", b.at("invitation.visits"), any(1.0))
	want(t, "explanation", b.str("invitation.explanation"), "The customer has reviewed.")
	want(t, "timeline", fmt.Sprint(b.at("invitation.timeline")), "[map[at:2026-11-22T12:00:00Z what:created]"+
		" map[at:2026-11-22T12:01:00Z what:sent] map[at:2026-11-22T12:02:00Z what:opened] map[at:2026-11-22T12:03:00Z what:completed]]")
}

func TestNotFound(t *testing.T) {
	w := newWorld(t, "")
	for _, path := range []string{
		"/api/v1/invitations/inv_" + "00000000000000000000000000", "/api/v1/invitations/7", "/api/v1/invitations/%2e%2e",
		"/api/v1/nowhere", "/api/v1",
	} {
		a := w.call("GET", path, w.manage, "")
		want(t, path, a.status, 404)
		want(t, "code", a.str("code"), "not_found")
		want(t, path+" without a key", w.call("GET", path, "", "").status, 401)
	}
	a := w.call("PUT", "/api/v1/invitations", w.manage, "{}")
	want(t, "PUT", a.status, 405)
	want(t, "Allow", a.header.Get("Allow"), "GET, POST")
}

func TestMaskedWithoutManage(t *testing.T) {
	w := newWorld(t, "")
	tests := map[string]string{
		"john.doe@example.com": "j***@e***.com",
		"x@a.b.shop.example":   "x***@a***.example",
		"j@xn--mnchen-3ya.de":  "j***@x***.de",
	}
	for address, masked := range tests {
		id := w.post(fmt.Sprintf(`{"email":%q,"name":"Ödön"}`, address)).id()
		a := w.call("GET", "/api/v1/invitations/"+id, w.key, "")
		want(t, "email", a.str("invitation.email"), masked)
		want(t, "name", a.str("invitation.name"), "Ö***")
		whole := w.view(id)
		want(t, "email", whole.str("invitation.email"), address)
		want(t, "name", whole.str("invitation.name"), "Ödön")
	}
	list := w.call("GET", "/api/v1/invitations?email=john.doe@example.com", w.key, "")
	first := list.at("invitations").([]any)[0].(map[string]any)
	want(t, "in a list", first["email"], any("j***@e***.com"))
}
