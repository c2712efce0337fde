package resendtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aminobridge/adapters/resend/resendtest"
)

const (
	one   = `{"from":"A <a@b.example>","to":["x@y.example"],"subject":"s","text":"go https://r.example/review/t and https://r.example/u/t","tags":[{"name":"vendor","value":"ven_1"}]}`
	other = `{"from":"A <a@b.example>","to":["x@y.example"],"subject":"t","text":"x"}`
)

type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(c.at.Load(), 0).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d / time.Second)) }

func start(t *testing.T) (*resendtest.Fake, *clock, string) {
	t.Helper()
	c := &clock{}
	c.at.Store(1_800_000_000)
	f := resendtest.New(c.Now)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return f, c, srv.URL
}

// post sends a chunked body, as the real client does; status 0 is no answer.
func post(t *testing.T, url, key, body string, change ...func(*http.Request)) (status int, answer map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/emails", io.MultiReader(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer k")
	r.Header.Set("Idempotency-Key", key)
	for _, c := range change {
		c(r)
	}
	got, err := (&http.Client{Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		return 0, nil
	}
	defer got.Body.Close()
	_ = json.NewDecoder(got.Body).Decode(&answer)
	return got.StatusCode, answer
}

func TestKeyIsKeptForADay(t *testing.T) {
	f, c, url := start(t)
	_, first := post(t, url, "k", one)
	c.advance(24*time.Hour - time.Second)
	if status, again := post(t, url, "k", one); status != 200 || again["id"] != first["id"] || len(f.Mails()) != 1 {
		t.Errorf("within a day: %d, %v, %d mails", status, again, len(f.Mails()))
	}
	if status, a := post(t, url, "k", other); status != 409 || a["name"] != "invalid_idempotent_request" {
		t.Errorf("another body: %d %v", status, a)
	}
	c.advance(time.Second)
	if _, again := post(t, url, "k", one); again["id"] == first["id"] || len(f.Mails()) != 2 {
		t.Errorf("after a day the key is still known: %v", again)
	}
}

func TestKeyInFlight(t *testing.T) {
	f, _, url := start(t)
	release, ended := make(chan struct{}), make(chan string, 2)
	f.Always(resendtest.Hang(release))
	for range 2 {
		go func() {
			_, a := post(t, url, "k", one)
			name, _ := a["name"].(string)
			ended <- name
		}()
	}
	if name := <-ended; name != "concurrent_idempotent_requests" {
		t.Errorf("the call that found the key busy ended with %q", name)
	}
	close(release)
	if name := <-ended; name != "" || len(f.Mails()) != 1 {
		t.Errorf("the held call ended with %q and %d mails", name, len(f.Mails()))
	}
}

func TestRefusals(t *testing.T) {
	f, _, url := start(t)
	f.Require("k")
	for name, c := range map[string]struct {
		change func(*http.Request)
		body   string
		status int
		code   string
	}{
		"no user agent": {func(r *http.Request) { r.Header.Set("User-Agent", "") }, one, 403, ""},
		"no key":        {func(r *http.Request) { r.Header.Del("Authorization") }, one, 401, "missing_api_key"},
		"other key":     {func(r *http.Request) { r.Header.Set("Authorization", "Bearer z") }, one, 403, "invalid_api_key"},
		"other path":    {func(r *http.Request) { r.URL.Path = "/mails" }, one, 404, "not_found"},
		"GET":           {func(r *http.Request) { r.Method = http.MethodGet }, one, 405, "method_not_allowed"},
		"long key":      {func(r *http.Request) { r.Header.Set("Idempotency-Key", strings.Repeat("k", 257)) }, one, 400, "invalid_idempotency_key"},
		"no JSON":       {func(*http.Request) {}, "{", 422, "missing_required_field"},
		"no sender":     {func(*http.Request) {}, `{"from":"","to":["x@y.example"],"subject":"s","text":"t"}`, 422, "invalid_from_address"},
		"no words":      {func(*http.Request) {}, `{"from":"a@b.example","to":["x@y.example"],"subject":"s"}`, 422, "missing_required_field"},
		"bad tag":       {func(*http.Request) {}, `{"from":"a@b.example","to":["x@y.example"],"subject":"s","text":"t","tags":[{"name":"a","value":"x@y"}]}`, 422, "invalid_parameter"},
		"two headers":   {func(*http.Request) {}, `{"from":"a@b.example","to":["x@y.example"],"subject":"s","text":"t","headers":{"A":"b\nC: d"}}`, 422, "invalid_parameter"},
	} {
		status, a := post(t, url, "k", c.body, c.change)
		if code, _ := a["name"].(string); status != c.status || code != c.code {
			t.Errorf("%s: %d %q, want %d %q", name, status, code, c.status, c.code)
		}
	}
	if len(f.Mails()) != 0 {
		t.Errorf("%d mails were taken", len(f.Mails()))
	}
}

func TestScript(t *testing.T) {
	for name, c := range map[string]struct {
		meets  resendtest.Behaviour
		status int
		took   bool
	}{
		"ok":     {resendtest.OK(), 200, true},
		"slow":   {resendtest.OK().Slow(time.Millisecond), 200, true},
		"drop":   {resendtest.DropAnswer(), 0, true},
		"gone":   {resendtest.DropBefore(), 0, false},
		"before": {resendtest.FailBefore(), 500, false},
		"after":  {resendtest.FailAfter(), 500, true},
		"rate":   {resendtest.RateLimited().RetryAfter("2"), 429, false},
		"half":   {resendtest.Truncated(), 200, true},
		"empty":  {resendtest.Empty(), 200, true},
		"raw":    {resendtest.Raw(202, "{}"), 202, true},
	} {
		t.Run(name, func(t *testing.T) {
			f, _, url := start(t)
			f.Script(c.meets)
			status, _ := post(t, url, "k", one)
			if status != c.status || (len(f.Mails()) == 1) != c.took {
				t.Errorf("got %d and %d mails", status, len(f.Mails()))
			}
			if got := f.Calls()[0]; got.Status != c.status || got.Took != c.took || got.Key != "k" || got.To != "x@y.example" {
				t.Errorf("noted %+v", got)
			}
			if status, _ := post(t, url, "k", one); status != 200 || len(f.Mails()) != 1 {
				t.Errorf("the call after the script: %d, %d mails", status, len(f.Mails()))
			}
		})
	}
}

func TestAlways(t *testing.T) {
	f, _, url := start(t)
	f.Always(resendtest.DailyQuota())
	for range 2 {
		if status, _ := post(t, url, "k", one); status != 429 {
			t.Errorf("got %d", status)
		}
	}
	f.Always(resendtest.OK())
	if status, _ := post(t, url, "k", one); status != 200 {
		t.Errorf("got %d", status)
	}
}

func TestMailSaysWhatItHolds(t *testing.T) {
	f, c, url := start(t)
	post(t, url, "k", one)
	m := f.Mails()[0]
	if m.Link("/review/") != "https://r.example/review/t" || m.Link("/u/") != "https://r.example/u/t" || m.Link("/x/") != "" {
		t.Errorf("links %q", m.Links)
	}
	if m.Tags["vendor"] != "ven_1" || !m.At.Equal(c.Now()) || len(m.ID) != 36 {
		t.Errorf("got %+v", m)
	}
}

func TestMaxInHour(t *testing.T) {
	f, c, url := start(t)
	for i, gap := range []time.Duration{0, 0, 30 * time.Minute, 30 * time.Minute, time.Minute} {
		c.advance(gap)
		post(t, url, string(rune('a'+i)), one)
	}
	// The first two are exactly an hour before the fourth: (t-1h, t] leaves them out.
	if got := f.MaxInHour(); got != 3 {
		t.Errorf("the densest hour has %d, want 3", got)
	}
	if resendtest.MaxInHour(nil) != 0 {
		t.Error("no mails are some")
	}
}
