package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
)

func get(t *testing.T, app *fiber.App, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := app.Test(r, -1)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// failing is an app whose /fail returns err, and its log.
func failing(err error) (*fiber.App, *bytes.Buffer) {
	var logged bytes.Buffer
	app := httpapi.App(slog.New(slog.NewTextHandler(&logged, nil)))
	fail := func(c *fiber.Ctx) error {
		if err == nil {
			panic("a canary in a panic")
		}
		return err
	}
	app.Get("/fail", fail)
	app.Get("/api/fail", fail)
	app.Get("/admin/fail", fail)
	return app, &logged
}

func TestErrorsBecomeAnswers(t *testing.T) {
	field := &core.FieldError{Field: "cap", Code: "invalid", Reason: "must be more"}
	tests := []struct {
		err    error
		status int
		code   string
		retry  string
	}{
		{core.ErrInvalid, 400, "invalid", ""},
		{field, 400, "invalid", ""},
		{core.ErrNotFound, 404, "not_found", ""},
		{core.ErrRefusedLink, 404, "link_not_valid", ""},
		{core.ErrConflict, 409, "conflict", ""},
		{core.ErrAlreadySent, 409, "already_sent", ""},
		{core.ErrMismatch, 422, "idempotency_mismatch", ""},
		{&core.CapError{RetryAfter: 1500 * time.Millisecond}, 429, "rate_limited", "2"},
		{core.ErrWait, 503, "in_flight", "5"},
		{core.ErrBusy, 503, "busy", "30"},
		{core.ErrFull, 503, "full", "60"},
		{core.ErrFenced, 503, "unavailable", "5"},
		{fiber.ErrNotFound, 404, "not_found", ""},
		{fiber.ErrMethodNotAllowed, 405, "method_not_allowed", ""},
		{fiber.NewError(413, "canary"), 413, "request_entity_too_large", ""},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			app, logged := failing(errors.Join(tt.err))
			res, text := get(t, app, "/api/fail")
			var p map[string]any
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != tt.status || p["code"] != tt.code || res.Header.Get("Retry-After") != tt.retry {
				t.Errorf("got %d %v, Retry-After %q", res.StatusCode, p["code"], res.Header.Get("Retry-After"))
			}
			checkProblem(t, res, p)
			if strings.Contains(text, "canary") || logged.Len() > 0 {
				t.Errorf("answered %s, logged %s", text, logged)
			}
		})
	}
}

// checkProblem holds an answer to the contract's form of errors.
func checkProblem(t *testing.T, res *http.Response, p map[string]any) {
	t.Helper()
	if ct := res.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("content type %q", ct)
	}
	allowed := map[string]bool{"ok": true, "error": true, "code": true, "fields": true, "type": true, "title": true, "status": true, "request_id": true}
	for member := range p {
		if !allowed[member] {
			t.Errorf("member %q is not in the contract", member)
		}
	}
	if p["ok"] != false || p["error"] == "" || p["title"] != http.StatusText(res.StatusCode) || p["status"] != float64(res.StatusCode) {
		t.Errorf("got %v", p)
	}
	if id := res.Header.Get("X-Request-Id"); id == "" || p["request_id"] != id {
		t.Errorf("request id %q, in the body %v", id, p["request_id"])
	}
}

func TestOurFaultIsLoggedOnceAndNotTold(t *testing.T) {
	for name, err := range map[string]error{"an error": errors.New("page 7: a canary"), "a panic": nil, "Fiber's own 500": fiber.NewError(500, "a canary")} {
		t.Run(name, func(t *testing.T) {
			app, logged := failing(err)
			res, text := get(t, app, "/api/fail", "X-Request-Id", "forged")
			var p map[string]any
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				t.Fatal(err)
			}
			checkProblem(t, res, p)
			id, _ := p["request_id"].(string)
			if res.StatusCode != 500 || p["error"] != "internal error" || strings.Contains(text, "canary") || id == "forged" {
				t.Errorf("got %d %s", res.StatusCode, text)
			}
			line := logged.String()
			if strings.Count(line, "a canary") != 1 || strings.Count(line, "\n") != 1 || !strings.Contains(line, id) {
				t.Errorf("logged %s", line)
			}
		})
	}
}

func TestFormOfErrors(t *testing.T) {
	app, _ := failing(core.ErrNotFound)
	tests := []struct{ path, accept, want string }{
		{"/api/fail", "text/html", "application/problem+json"},
		{"/admin/fail", "", "application/problem+json"},
		{"/fail", "application/json", "application/problem+json"},
		{"/fail", "text/html", "text/plain; charset=utf-8"},
		{"/fail", "", "text/plain; charset=utf-8"},
		{"/nowhere/<script>", "text/html", "text/plain; charset=utf-8"},
	}
	for _, tt := range tests {
		res, text := get(t, app, tt.path, "Accept", tt.accept)
		if ct := res.Header.Get("Content-Type"); ct != tt.want || res.StatusCode != 404 || strings.Contains(text, "script") {
			t.Errorf("%s for %q: %d %s %s", tt.path, tt.accept, res.StatusCode, ct, text)
		}
	}
}

func TestOneIDForOneRequest(t *testing.T) {
	var early string
	app := httpapi.App(slog.New(slog.DiscardHandler))
	app.Get("/", func(c *fiber.Ctx) error {
		early = c.GetRespHeader("X-Request-Id")
		return core.ErrNotFound
	})
	first, _ := get(t, app, "/")
	if got := first.Header.Get("X-Request-Id"); got == "" || got != early {
		t.Errorf("id %q in the handler, %q in the answer", early, got)
	}
	second, _ := get(t, app, "/")
	if second.Header.Get("X-Request-Id") == first.Header.Get("X-Request-Id") {
		t.Error("two requests with one id")
	}
}

func TestProbes(t *testing.T) {
	var unready error
	closed := core.SenderState{Cause: "quota", Until: noon.Add(time.Hour)}
	app := httpapi.App(slog.New(slog.DiscardHandler))
	s := &probed{}
	httpapi.Mount(app, httpapi.API{Store: s, Now: func() time.Time { return noon }, Ready: func() error { return unready }})
	step := func(path string, status int, want string) {
		t.Helper()
		res, text := get(t, app, path)
		if res.StatusCode != status || want != "" && text != want {
			t.Errorf("%s: %d %s, want %d %s", path, res.StatusCode, text, status, want)
		}
	}
	step("/healthz", 200, `{"ok":true}`)
	step("/readyz", 200, `{"ok":true,"sender":"open"}`)
	s.state = closed
	step("/readyz", 200, `{"ok":true,"sender":"closed"}`)
	unready = core.ErrFenced
	step("/readyz", 503, "")
	step("/healthz", 200, `{"ok":true}`)
}

type probed struct {
	httpapi.Store
	state core.SenderState
}

func (s *probed) Sender(_ context.Context, name string) (core.SenderState, error) {
	if name != "" {
		return core.SenderState{}, core.ErrNotFound
	}
	return s.state, nil
}

func TestEveryAnswerIsSecured(t *testing.T) {
	app, _ := failing(core.ErrNotFound)
	res, _ := get(t, app, "/fail")
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'", "Server": "",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// raw sends bytes that no client library would, and returns the first answer.
func raw(t *testing.T, app *fiber.App, request string) (*http.Response, string) {
	t.Helper()
	ours, theirs := net.Pipe()
	app.Handler() // builds the routes
	go func() { _ = app.Server().ServeConn(theirs) }()
	go func() { _, _ = io.WriteString(ours, request) }()
	res, err := http.ReadResponse(bufio.NewReader(ours), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = ours.Close()
	return res, string(text)
}

func TestAmbiguousFramingIsRefused(t *testing.T) {
	tests := []struct {
		name, headers string
		status        int
	}{
		{"plain", "", 404},
		{"one length", "Content-Length: 0\r\n", 404},
		{"chunked", "Transfer-Encoding: chunked\r\n", 404},
		{"both, length first", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
		{"both, length last", "transfer-encoding: chunked\r\ncontent-length: 5\r\n", 400},
		{"folded", "X-A: b\r\n c\r\n", 400},
		{"folded by a tab", "X-A: b\r\n\tc: d\r\n", 400},
		{"the words in a value", "X-A: Content-Length: 5, Transfer-Encoding: chunked\r\n", 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			app, _ := failing(nil)
			res, text := raw(t, app, "POST /nowhere HTTP/1.1\r\nHost: amino.test\r\n"+tt.headers+"\r\n0\r\n\r\n")
			if res.StatusCode != tt.status || tt.status == 400 && !res.Close {
				t.Errorf("got %d (close %v) %s", res.StatusCode, res.Close, text)
			}
		})
	}
}

// What fasthttp refuses by itself gets an id and our words too: its own may hold
// bytes of the request.
func TestServersOwnRefusals(t *testing.T) {
	app, _ := failing(nil)
	res, text := raw(t, app, "GET /api/x HTTP/1.1\r\nHost: amino.test\r\ncanary\r\n\r\n")
	if res.StatusCode != 400 || strings.Contains(text, "canary") || res.Header.Get("X-Request-Id") == "" {
		t.Errorf("got %d %s", res.StatusCode, text)
	}
	app, _ = failing(nil)
	res, text = raw(t, app, "POST /api/x HTTP/1.1\r\nHost: amino.test\r\nContent-Length: 5000000\r\n\r\n")
	if res.StatusCode != 413 || !strings.Contains(text, `"code":"request_entity_too_large"`) {
		t.Errorf("got %d %s", res.StatusCode, text)
	}
}
