package main_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The REST contract over real HTTP, case by case (DESIGN section 4).

func TestContractBodiesHaveExactlyTheirMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("contract", "cooldown=0s")
	anna := w.person(1)

	a := v.invite(anna, "ORD-1", "Content-Type", "application/json").is(200).keys("ok", "review_url")
	a.says("Content-Type", "application/json").says("RateLimit-Policy", `"invitations";q=100;w=3600`).says("RateLimit", `"invitations";r=99;t=3600`)
	a.says("Amino-Duplicate", "").says("Amino-Status", "").says("Retry-After", "")
	if !strings.HasPrefix(a.link(), publicURL+"/review/") || !strings.HasPrefix(a.header.Get("Location"), "/api/v1/invitations/inv_") {
		t.Fatalf("review_url %s, Location %s", a.link(), a.header.Get("Location"))
	}
	w.same("the link in the mail", w.mailTo(anna).Link("/review/"), a.link())
	v.becomes(a.id(), "sent")

	stats := v.call("GET", "/stats", "").is(200).keys("ok", "stats")
	w.same("the statistics", stats.object()["stats"], map[string]any{"sent": 1, "opened": 0, "completed": 0, "expired": 0})
	detail, _ := v.call("GET", "/stats?detail=true", "").is(200).object()["stats"].(map[string]any)
	w.same("accepted, told with detail", detail["accepted"], 1)

	whole := v.invite(w.person(2), "ORD-2", "Prefer", "return=representation").is(200).keys("ok", "review_url", "invitation")
	whole.says("Preference-Applied", "return=representation")
	later := v.invite(w.person(3), "ORD-3", "Prefer", "respond-async").is(202)
	later.keys("ok", "id", "review_url", "status", "explanation", "expected_send_at")
	w.same("status", later.text("status"), "scheduled")
	w.same("the id", later.text("id"), later.id())
}

// tooLarge fills a body beyond 64 KiB.
var tooLarge = strings.Repeat(" ", 65<<10)

// TestContractRefusesInOrder sends requests with every fault from some point of
// the order on. The first must answer, and then the next.
func TestContractRefusesInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("ordered", "cap=1", "reserve=0")
	v.invite(w.person(1), "ORD-1", "Idempotency-Key", "key-1").is(200)
	revoked := w.newKey("ordered", "invite")
	w.amino("key", "revoke", revoked.ID.String())

	good := "Bearer " + v.key
	gzip := []string{"Content-Encoding", "gzip"}
	used := []string{"Idempotency-Key", "key-1"}
	tests := []struct {
		name, authorization, body string
		headers                   []string
		status                    int
		code                      string
	}{
		{"no key", "", "{" + tooLarge, gzip, 401, "unauthorized"},
		{"another scheme", "Basic " + v.key, "{" + tooLarge, gzip, 401, "unauthorized"},
		{"a key that nobody has", "Bearer amino_" + strings.Repeat("A", 49), "{" + tooLarge, gzip, 401, "unauthorized"},
		{"a revoked key", "Bearer " + revoked.Key, "{" + tooLarge, gzip, 401, "unauthorized"},
		{"an encoded body", good, "{" + tooLarge, gzip, 415, "content_encoding"},
		{"a large body", good, "{" + tooLarge, used, 413, "too_large"},
		{"a broken body", good, "{", used, 400, "invalid"},
		{"wrong fields", good, `{"email":"nobody","name":" ","order_ref":{}}`, used, 400, "invalid"},
		{"a used key", good, invitation(w.person(2), "ORD-1"), used, 422, "idempotency_mismatch"},
		{"a known order", good, invitation(w.person(1), "ORD-1"), nil, 200, ""},
		{"over the cap", good, invitation(w.person(2), "ORD-2"), nil, 429, "rate_limited"},
		{"another scheme's case", strings.Replace(good, "Bearer", "bEARER", 1), invitation(w.person(2), "ORD-2"), nil, 429, "rate_limited"},
	}
	for _, tt := range tests {
		headers := append([]string{"Authorization", tt.authorization}, tt.headers...)
		a := w.do("POST", invitations, tt.body, headers...)
		if a.status != tt.status || a.text("code") != tt.code {
			t.Errorf("%s: %d %q, want %d %q", tt.name, a.status, a.text("code"), tt.status, tt.code)
		}
		if told := a.header.Get("RateLimit") != ""; told != (tt.status != 401) {
			t.Errorf("%s: RateLimit told: %v", tt.name, told)
		}
	}
}

func TestContractProblemsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("problems", "cap=1", "reserve=0")

	a := v.call("POST", "", `{"email":"no.address.Vorpal","name":"\n","order_ref":["Vorpal"]}`).is(400)
	a.keys("ok", "error", "code", "fields", "type", "title", "status", "request_id").says("Content-Type", "application/problem+json")
	p := a.object()
	w.same("ok", p["ok"], false)
	w.same("status", p["status"], 400)
	w.same("request_id", p["request_id"], a.header.Get("X-Request-Id"))
	var fields []any
	for _, f := range p["fields"].([]any) {
		f := f.(map[string]any)
		w.same("the members of a field", fmt.Sprint(len(f), f["code"] != nil, f["detail"] != nil), "3 true true")
		fields = append(fields, f["field"])
	}
	w.same("the fields", fields, []string{"email", "name", "order_ref"})
	if strings.Contains(a.body, "Vorpal") || strings.Contains(a.body, "$schema") {
		t.Errorf("a bad value is echoed, or a schema is named: %s", a.body)
	}

	v.invite(w.person(1), "").is(200)
	a = v.invite(w.person(2), "").is(429).keys("ok", "error", "code", "type", "title", "status", "request_id")
	a.says("Content-Type", "application/problem+json").says("RateLimit-Policy", `"invitations";q=1;w=3600`)
	a.full()
	v.call("GET", "/inv_00000000000000000000000000", "").is(404).says("Content-Type", "application/problem+json")
}

var fullForm = regexp.MustCompile(`^"invitations";r=0;t=(\d+)$`)

// full sees a refusal that tells when to come again: about an hour after the
// calls that filled the cap, a moment ago.
func (a answer) full() {
	a.w.t.Helper()
	limit := fullForm.FindStringSubmatch(a.header.Get("RateLimit"))
	if limit == nil {
		a.w.t.Fatalf("RateLimit: %q", a.header.Get("RateLimit"))
	}
	a.says("Retry-After", limit[1])
	if t, _ := strconv.Atoi(limit[1]); t > 3600 || t < 3540 {
		a.w.t.Errorf("come again in %d s, want about an hour", t)
	}
}

// TestContractReadsTolerantly makes calls of all kinds, each for an address of
// its own.
func TestContractReadsTolerantly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("tolerant")
	tests := []struct {
		name, body, contentType string
		status                  int
	}{
		{"no content type", `{"email":"%s","name":"Ann"}`, "", 200},
		{"another content type", `{"email":"%s","name":"Ann"}`, "text/plain", 200},
		{"a form's content type", `{"email":"%s","name":"Ann"}`, formType, 200},
		{"unknown members", `{"email":"%s","name":"Ann","$schema":"x","locale":["de"],"Email":7}`, "", 200},
		{"order_ref null", `{"email":"%s","name":"Ann","order_ref":null}`, "", 200},
		{"order_ref blank", `{"email":"%s","name":"Ann","order_ref":""}`, "", 200},
		{"order_ref a number", `{"email":"%s","name":"Ann","order_ref":820982911946154508}`, "", 200},
		{"a name that is a link", `{"email":"%s","name":"https://evil.example"}`, "", 200},
		{"200 characters of name", `{"email":"%s","name":"` + strings.Repeat("é", 200) + `"}`, "", 200},
		{"201 characters of name", `{"email":"%s","name":"` + strings.Repeat("é", 201) + `"}`, "", 400},
		{"a blank name", `{"email":"%s","name":" \t"}`, "", 400},
		{"no name", `{"email":"%s"}`, "", 400},
		{"Email is not email", `{"Email":"%s","name":"Ann"}`, "", 400},
		{"129 characters of order_ref", `{"email":"%s","name":"Ann","order_ref":"` + strings.Repeat("9", 129) + `"}`, "", 400},
		{"two addresses", `{"email":"a@x.example, %s","name":"Ann"}`, "", 400},
		{"a name with an address", `{"email":"Ann <%s>","name":"Ann"}`, "", 400},
		{"a member twice", `{"email":"%s","email":"%[1]s","name":"Ann"}`, "", 400},
		{"trailing data", `{"email":"%s","name":"Ann"}{}`, "", 400},
		{"not UTF-8", "{\"email\":\"%s\",\"name\":\"Ann\xff\"}", "", 400},
		{"an array", `[{"email":"%s","name":"Ann"}]`, "", 400},
		{"nothing", ``, "", 400},
	}
	for i, tt := range tests {
		body := tt.body
		if body != "" {
			body = fmt.Sprintf(body, w.person(i).email)
		}
		a := v.call("POST", "", body, "Content-Type", tt.contentType)
		if a.status != tt.status {
			t.Errorf("%s: %d, want %d: %s", tt.name, a.status, tt.status, a.body)
		}
		if a.status == 200 {
			a.keys("ok", "review_url")
		}
	}
	list := v.call("GET", "?order_ref=820982911946154508", "").is(200).object()["invitations"].([]any)
	w.same("found by the digits of the number", len(list), 1)
	for i, tt := range tests {
		if tt.status == 200 {
			w.mailTo(w.person(i))
		}
	}
	if mail := w.mailTo(w.person(7)); strings.Contains(mail.Text, "evil") || strings.Contains(mail.HTML, "evil") {
		t.Error("a name that is a link stands in the letter")
	}
}

func TestContractScopesAndCancelling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("scopes", "paused=true")
	anna := w.person(1)
	waiting := v.invite(anna, "ORD-1").is(200)
	if whole := v.call("GET", "/"+waiting.id(), "").is(200).body; !strings.Contains(whole, anna.email) {
		t.Errorf("scope manage does not see the address: %s", whole)
	}

	manage := v.key
	v.key = w.newKey("scopes", "invite").Key
	if masked := v.call("GET", "?order_ref=ORD-1", "").is(200).body; strings.Contains(masked, anna.email) || strings.Contains(masked, anna.first) {
		t.Errorf("scope invite sees whom it is about: %s", masked)
	}
	w.same("without the scope", v.call("DELETE", "/"+waiting.id(), "").is(403).text("code"), "forbidden")
	v.key = manage
	v.call("DELETE", "/"+waiting.id(), "").is(200)
	w.same("state", v.state(waiting.id()), "cancelled")

	sent := v.invite(w.person(2), "ORD-2").is(200)
	v.set("paused=false")
	v.becomes(sent.id(), "sent")
	w.same("too late", v.call("DELETE", "/"+sent.id(), "").is(409).text("code"), "already_sent")
	v.call("DELETE", "/"+sent.id()+"?revoke=true", "").is(200)
	w.do("GET", sent.link(), "").is(404)
	w.same("state", v.state(sent.id()), "sent")
	w.advance(time.Hour)
	w.same("mails", len(w.provider.Mails()), 1)
}

func TestContractDescriptionAndProbes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do("GET", publicURL+"/healthz", "").is(200).keys("ok")
	w.same("the sender", w.do("GET", publicURL+"/readyz", "").is(200).text("sender"), "open")
	w.same("the description", w.do("GET", publicURL+"/openapi.json", "").is(200).text("openapi")[:3], "3.1")
}
