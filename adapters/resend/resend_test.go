package resend_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"aminobridge/adapters/resend"
	"aminobridge/adapters/resend/resendtest"
	"aminobridge/core"
)

const apiKey = "re_SecretKey_123"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func now() time.Time { return noon }

func letter() core.Mail {
	return core.Mail{
		From: `"Lindner" <reviews@lindner.example>`, To: "anna@customer.example", ReplyTo: "shop@lindner.example",
		Subject: "How was it?", HTML: "<p>Hello & welcome", Text: "Hello\nhttps://r.example/review/x\n",
		Headers: map[string]string{"List-Unsubscribe": "<https://r.example/u/x>"},
		Tags:    map[string]string{"vendor": "ven_1", "invitation": "inv_1", "kind": "first"},
	}
}

func sender(t *testing.T, base string, transport http.RoundTripper) *resend.Sender {
	t.Helper()
	s, err := resend.New(apiKey, base, now, transport)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// fault is how the attempt ended, after a check that the error tells nothing it
// must not.
func fault(t *testing.T, err error) core.SendError {
	t.Helper()
	e, ok := errors.AsType[*core.SendError](err)
	if !ok {
		t.Fatalf("got %v, want a *core.SendError", err)
	}
	if text := err.Error(); strings.Contains(text, "@") || strings.Contains(text, apiKey) || strings.Contains(text, "://") {
		t.Errorf("the error tells too much: %s", text)
	}
	if !regexp.MustCompile(`^[a-z_0-9]{1,64}$`).MatchString(e.Detail) {
		t.Errorf("the detail is no code: %q", e.Detail)
	}
	return *e
}

func TestSend(t *testing.T) {
	fake := resendtest.New(now)
	fake.Require(apiKey)
	s := sender(t, serve(t, fake), nil)
	id, err := s.Send(t.Context(), letter(), "inv_1/first/0")
	if err != nil || id == "" {
		t.Fatalf("got %q, %v", id, err)
	}
	got, want := fake.Mails()[0], letter()
	if got.Key != "inv_1/first/0" || got.ID != id || got.From != want.From || got.To != want.To || got.ReplyTo != want.ReplyTo ||
		got.Subject != want.Subject || got.HTML != want.HTML || got.Text != want.Text ||
		!maps.Equal(got.Headers, want.Headers) || !maps.Equal(got.Tags, want.Tags) {
		t.Errorf("the provider took %+v, want %+v", got, want)
	}

	for range 20 { // map order is chance; the bytes must not be
		again, err := s.Send(t.Context(), letter(), "inv_1/first/0")
		if err != nil || again != id {
			t.Fatalf("the same again is %q, %v, want %q", again, err, id)
		}
	}
	if n := len(fake.Mails()); n != 1 {
		t.Errorf("the same key made %d mails", n)
	}

	other := letter()
	other.Subject = "Something else"
	_, err = s.Send(t.Context(), other, "inv_1/first/0")
	if f := fault(t, err); f.Fault != core.KeyMismatch {
		t.Errorf("the same key with other bytes is fault %d", f.Fault)
	}
	if s.Window() != 23*time.Hour || s.Name() != "resend" {
		t.Errorf("%s has a window of %s", s.Name(), s.Window())
	}
}

func TestAnswers(t *testing.T) {
	const h = time.Hour
	for name, c := range map[string]struct {
		status int
		body   string
		header map[string]string
		want   core.SendError
	}{
		"no id":             {200, `{}`, nil, core.SendError{Fault: core.Lost, Status: 200, Detail: "unreadable_answer"}},
		"empty":             {200, ``, nil, core.SendError{Fault: core.Lost, Status: 200, Detail: "unreadable_answer"}},
		"no content":        {204, ``, nil, core.SendError{Fault: core.Lost, Status: 204, Detail: "unreadable_answer"}},
		"half":              {200, `{"id":"4`, nil, core.SendError{Fault: core.Lost, Status: 200, Detail: "unreadable_answer"}},
		"id of two lines":   {200, `{"id":"a\nb"}`, nil, core.SendError{Fault: core.Lost, Status: 200, Detail: "unreadable_answer"}},
		"a page":            {200, `<html>welcome to the hotel`, nil, core.SendError{Fault: core.Lost, Status: 200, Detail: "unreadable_answer"}},
		"endless":           {200, `{"id":"a","x":"` + strings.Repeat("a", 70<<10) + `"}`, nil, core.SendError{Fault: core.Lost, Status: 200, Detail: "unreadable_answer"}},
		"redirect":          {307, ``, map[string]string{"Location": "/elsewhere"}, core.SendError{Fault: core.Lost, Status: 307, Detail: "no_code"}},
		"400":               {400, `{"name":"validation_error"}`, nil, core.SendError{Fault: core.Rejected, Status: 400, Detail: "validation_error"}},
		"401":               {401, `{"name":"missing_api_key"}`, nil, core.SendError{Fault: core.SenderShut, Status: 401, Detail: "missing_api_key"}},
		"403 key":           {403, `{"name":"invalid_api_key"}`, nil, core.SendError{Fault: core.SenderShut, Status: 403, Detail: "invalid_api_key"}},
		"403 domain":        {403, `{"name":"validation_error"}`, nil, core.SendError{Fault: core.DomainShut, Status: 403, Detail: "validation_error"}},
		"403 of the edge":   {403, `error code: 1010`, nil, core.SendError{Fault: core.SenderShut, Status: 403, Detail: "no_code"}},
		"403 endless":       {403, `{"name":"validation_error","message":"` + strings.Repeat("a", 70<<10) + `"}`, nil, core.SendError{Fault: core.Lost, Status: 403, Detail: "unreadable_answer"}},
		"404":               {404, `{"name":"not_found"}`, nil, core.SendError{Fault: core.SenderShut, Status: 404, Detail: "not_found"}},
		"405":               {405, `{"name":"method_not_allowed"}`, nil, core.SendError{Fault: core.Lost, Status: 405, Detail: "method_not_allowed"}},
		"408":               {408, ``, nil, core.SendError{Fault: core.Lost, Status: 408, Detail: "no_code"}},
		"409 in flight":     {409, `{"name":"concurrent_idempotent_requests"}`, nil, core.SendError{Fault: core.InFlight, Status: 409, Detail: "concurrent_idempotent_requests"}},
		"409 other body":    {409, `{"name":"invalid_idempotent_request"}`, nil, core.SendError{Fault: core.KeyMismatch, Status: 409, Detail: "invalid_idempotent_request"}},
		"409 unheard of":    {409, `{"name":"conflict"}`, nil, core.SendError{Fault: core.Lost, Status: 409, Detail: "conflict"}},
		"413":               {413, ``, nil, core.SendError{Fault: core.Rejected, Status: 413, Detail: "no_code"}},
		"422":               {422, `{"name":"invalid_from_address"}`, nil, core.SendError{Fault: core.Rejected, Status: 422, Detail: "invalid_from_address"}},
		"451":               {451, `{"name":"security_error"}`, nil, core.SendError{Fault: core.SenderShut, Status: 451, Detail: "security_error"}},
		"500":               {500, `{"name":"application_error"}`, nil, core.SendError{Fault: core.Lost, Status: 500, Detail: "application_error"}},
		"503 later":         {503, `down`, map[string]string{"Retry-After": "120"}, core.SendError{Fault: core.Lost, Status: 503, Detail: "no_code", RetryAfter: 2 * time.Minute}},
		"an address inside": {422, `{"name":"anna@customer.example is wrong"}`, nil, core.SendError{Fault: core.Rejected, Status: 422, Detail: "no_code"}},
		"a name too long":   {422, `{"name":"` + strings.Repeat("a", 65) + `"}`, nil, core.SendError{Fault: core.Rejected, Status: 422, Detail: "no_code"}},

		"429 rate":             {429, `{"name":"rate_limit_exceeded"}`, map[string]string{"Retry-After": "3", "Ratelimit-Reset": "9"}, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "rate_limit_exceeded", RetryAfter: 3 * time.Second}},
		"429 rate, reset":      {429, `{"name":"rate_limit_exceeded"}`, map[string]string{"Ratelimit-Reset": "9"}, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "rate_limit_exceeded", RetryAfter: 9 * time.Second}},
		"429 silent":           {429, ``, nil, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "no_code"}},
		"429 by their date":    {429, ``, map[string]string{"Retry-After": "Sun, 22 Nov 2026 09:05:00 GMT", "Date": "Sun, 22 Nov 2026 09:00:00 GMT"}, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "no_code", RetryAfter: 5 * time.Minute}},
		"429 by date":          {429, ``, map[string]string{"Retry-After": "Sun, 22 Nov 2026 12:00:07 GMT", "Date": "?"}, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "no_code", RetryAfter: 7 * time.Second}},
		"429 in the past":      {429, ``, map[string]string{"Retry-After": "Sun, 22 Nov 2026 11:00:00 GMT", "Date": "?"}, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "no_code"}},
		"429 in a year":        {429, ``, map[string]string{"Retry-After": "31536000"}, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "no_code", RetryAfter: 31 * 24 * h}},
		"429 in a year, date":  {429, ``, map[string]string{"Retry-After": "Mon, 22 Nov 2027 12:00:00 GMT", "Date": "?"}, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "no_code", RetryAfter: 31 * 24 * h}},
		"429 past all numbers": {429, ``, map[string]string{"Retry-After": "18446744073709551615"}, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "no_code", RetryAfter: 31 * 24 * h}},
		"429 nonsense":         {429, ``, map[string]string{"Retry-After": "-5"}, core.SendError{Fault: core.RateLimited, Status: 429, Detail: "no_code"}},
		"429 day":              {429, `{"name":"daily_quota_exceeded"}`, nil, core.SendError{Fault: core.QuotaUsed, Status: 429, Detail: "daily_quota_exceeded", RetryAfter: 12 * h}},
		"429 day, window":      {429, `{"name":"daily_quota_exceeded"}`, map[string]string{"Ratelimit-Reset": "1"}, core.SendError{Fault: core.QuotaUsed, Status: 429, Detail: "daily_quota_exceeded", RetryAfter: 12 * h}},
		"429 day, told":        {429, `{"name":"daily_quota_exceeded"}`, map[string]string{"Retry-After": "3600"}, core.SendError{Fault: core.QuotaUsed, Status: 429, Detail: "daily_quota_exceeded", RetryAfter: h}},
		"429 month":            {429, `{"name":"monthly_quota_exceeded"}`, nil, core.SendError{Fault: core.QuotaUsed, Status: 429, Detail: "monthly_quota_exceeded", RetryAfter: 8*24*h + 12*h}},
	} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			s := sender(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				for k, v := range c.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})), nil)
			_, err := s.Send(t.Context(), letter(), "k")
			if got := fault(t, err); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if calls != 1 {
				t.Errorf("made %d requests", calls)
			}
		})
	}
}

func TestScripted(t *testing.T) {
	for name, c := range map[string]struct {
		meets resendtest.Behaviour
		want  core.SendFault
		mails int // after the retry, which meets a provider that is well
	}{
		"answer dropped": {resendtest.DropAnswer(), core.Lost, 1},
		"nothing taken":  {resendtest.DropBefore(), core.Lost, 1},
		"500 after":      {resendtest.FailAfter(), core.Lost, 1},
		"500 before":     {resendtest.FailBefore(), core.Lost, 1},
		"half an answer": {resendtest.Truncated(), core.Lost, 1},
		"no answer":      {resendtest.Empty(), core.Lost, 1},
		"rate":           {resendtest.RateLimited(), core.RateLimited, 1},
		"quota":          {resendtest.DailyQuota(), core.QuotaUsed, 1},
		"key":            {resendtest.InvalidKey(), core.SenderShut, 1},
		"domain":         {resendtest.WrongDomain(), core.DomainShut, 1},
	} {
		t.Run(name, func(t *testing.T) {
			fake := resendtest.New(now)
			s := sender(t, serve(t, fake), nil)
			// A first letter leaves a connection behind: the fault meets a reused one,
			// which the HTTP library must not try again by itself.
			if _, err := s.Send(t.Context(), letter(), "warm"); err != nil {
				t.Fatal(err)
			}
			fake.Script(c.meets)
			_, err := s.Send(t.Context(), letter(), "k")
			if got := fault(t, err); got.Fault != c.want {
				t.Errorf("got fault %d, want %d", got.Fault, c.want)
			}
			if n := len(fake.Calls()); n != 2 {
				t.Errorf("made %d calls, want 2", n)
			}
			if _, err := s.Send(t.Context(), letter(), "k"); err != nil {
				t.Errorf("the retry: %v", err)
			}
			if n := len(fake.Mails()) - 1; n != c.mails {
				t.Errorf("%d mails, want %d", n, c.mails)
			}
		})
	}
}

func TestNothingLeft(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing := "http://" + listener.Addr().String()
	listener.Close()
	stranger := httptest.NewTLSServer(resendtest.New(now)) // nobody vouches for its certificate
	defer stranger.Close()
	done, cancel := context.WithCancel(t.Context())
	cancel()

	for name, c := range map[string]struct {
		ctx  context.Context
		base string
	}{
		"refused":   {t.Context(), refusing},
		"handshake": {t.Context(), stranger.URL},
		"too late":  {done, stranger.URL},
	} {
		_, err := sender(t, c.base, nil).Send(c.ctx, letter(), "k")
		if got := fault(t, err); got.Fault != core.Unreachable {
			t.Errorf("%s: fault %d, want Unreachable", name, got.Fault)
		}
	}
}

func TestHangIsLost(t *testing.T) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{
		"http/1.1": httptest.NewServer,
		"http/2": func(h http.Handler) *httptest.Server {
			srv := httptest.NewUnstartedServer(h)
			srv.EnableHTTP2 = true
			srv.StartTLS()
			return srv
		},
	} {
		t.Run(name, func(t *testing.T) {
			arrived := make(chan string, 1)
			srv := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				arrived <- r.Proto
				<-r.Context().Done()
			}))
			defer srv.Close()
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				if proto := <-arrived; !strings.HasPrefix(strings.ToLower(proto), name) {
					t.Errorf("spoke %s", proto)
				}
				cancel()
			}()
			_, err := sender(t, srv.URL, srv.Client().Transport).Send(ctx, letter(), "k")
			if got := fault(t, err); got.Fault != core.Lost {
				t.Errorf("fault %d, want Lost", got.Fault)
			}
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSilentTransportIsLost(t *testing.T) {
	mute := transport(func(*http.Request) (*http.Response, error) { return nil, errors.New("for anna@customer.example") })
	_, err := sender(t, "", mute).Send(t.Context(), letter(), "k")
	if got := fault(t, err); got.Fault != core.Lost {
		t.Errorf("fault %d: a transport that does not tell what left proves nothing", got.Fault)
	}
}

func TestBadKeyIsNotSent(t *testing.T) {
	fake := resendtest.New(now)
	s := sender(t, serve(t, fake), nil)
	for _, key := range []string{"", "a\nb", strings.Repeat("k", 257)} {
		_, err := s.Send(t.Context(), letter(), key)
		if got := fault(t, err); got.Fault != core.Rejected {
			t.Errorf("key %q: fault %d, want Rejected", key, got.Fault)
		}
	}
	if n := len(fake.Calls()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

func TestNew(t *testing.T) {
	for _, c := range []struct {
		key, base string
		ok        bool
	}{
		{apiKey, "", true},
		{apiKey, "https://eu.resend.example/v1", true},
		{apiKey, "http://127.0.0.1:9", true},
		{apiKey, "http://[::1]:9/", true},
		{apiKey, "http://localhost:9", true},
		{"", "", false},
		{"re_x\n", "", false},
		{apiKey, "http://resend.example", false},
		{apiKey, "http://127.0.0.1.evil.example", false},
		{apiKey, "ftp://127.0.0.1", false},
		{apiKey, "https://" + apiKey + "@resend.example", false},
		{apiKey, "https://resend.example/?k=" + apiKey, false},
		{apiKey, "resend.example", false},
		{apiKey, "://", false},
	} {
		_, err := resend.New(c.key, c.base, now, nil)
		if (err == nil) != c.ok {
			t.Errorf("New with %q at %q: %v", c.key, c.base, err)
		}
		if err != nil && strings.Contains(err.Error(), apiKey) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
}

func TestBasePathStays(t *testing.T) {
	var path string
	ok := transport(func(r *http.Request) (*http.Response, error) {
		path = r.URL.String()
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"id":"a"}`))}, nil
	})
	if id, err := sender(t, "https://eu.resend.example/v1", ok).Send(t.Context(), letter(), "k"); err != nil || id != "a" {
		t.Fatal(id, err)
	}
	if path != "https://eu.resend.example/v1/emails" {
		t.Errorf("posted to %s", path)
	}
}

// FuzzAnswer reads whatever a provider may say: only a 2xx with an id is a mail,
// and nothing of the rest leaks through the error.
func FuzzAnswer(f *testing.F) {
	f.Add(200, `{"id":"a"}`, "", "")
	f.Add(429, `{"name":"daily_quota_exceeded"}`, "1", "Sun, 22 Nov 2026 09:05:00 GMT")
	f.Add(403, `{"name":["x"]}`, "Sun, 22 Nov 2026 09:05:00 GMT", "x")
	f.Add(500, `null`, "99999999999999999999", "")
	f.Fuzz(func(t *testing.T, status int, body, after, date string) {
		answer := transport(func(*http.Request) (*http.Response, error) {
			h := http.Header{"Retry-After": {after}, "Date": {date}}
			return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
		id, err := sender(t, "", answer).Send(t.Context(), letter(), "k")
		if err == nil {
			if id == "" || status < 200 || status > 299 {
				t.Errorf("%d %q is a mail %q", status, body, id)
			}
			return
		}
		got := fault(t, err)
		if got.RetryAfter < 0 || got.RetryAfter > 31*24*time.Hour {
			t.Errorf("wait %s", got.RetryAfter)
		}
		if status/100 == 2 && got.Fault.NotLeft() {
			t.Errorf("%d is taken for not left", status)
		}
	})
}
