package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
)

// running is a server in this process.
type running struct {
	*service
	t    *testing.T
	own  *http.Client // of its admin API
	log  *lockedBuffer
	stop func() error
}

// lockedBuffer is written by every part of a server.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// start serves a folder until the test ends.
func start(t *testing.T, folder string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := new(lockedBuffer)
	started, ended := make(chan *service, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, settings{Addr: "127.0.0.1:0", Data: folder}, newLog(log, slog.LevelInfo), func(p *service) { started <- p })
	}()
	stop := sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() })
	select {
	case p := <-started:
		return &running{service: p, t: t, log: log, stop: stop, own: &http.Client{Transport: inMemory{p.admin}}}
	case err := <-ended:
		t.Fatal(err)
		return nil
	}
}

func (r *running) get(path string) (int, string) {
	r.t.Helper()
	res, err := http.Get(r.base + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// admin is a call of the admin API that succeeds.
func admin[T any](r *running, method, path string, in any) T {
	r.t.Helper()
	out, err := asked[T](r.t.Context(), r.own, method, path, in)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// vendor makes a vendor that mails at once, and returns its key.
func (r *running) vendor(slug string) (key string) {
	admin[httpapi.AdminName](r, "POST", "/vendors", httpapi.AdminNewVendor{Slug: slug, Name: "Acme"})
	admin[httpapi.AdminVendor](r, "PATCH", "/vendors/"+slug, httpapi.AdminSet{Set: []string{"expiry=30d"}})
	return admin[httpapi.AdminSecretKey](r, "POST", "/vendors/"+slug+"/keys", httpapi.AdminNewKey{Name: "k"}).Key
}

// invite posts an invitation and returns its link.
func (r *running) invite(key, email string) string {
	r.t.Helper()
	req, _ := http.NewRequest("POST", r.base+"/api/v1/invitations", strings.NewReader(`{"email":"`+email+`","name":"Anna"}`))
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var made struct {
		ReviewURL string `json:"review_url"`
	}
	if err := json.NewDecoder(res.Body).Decode(&made); err != nil || res.StatusCode != 200 {
		r.t.Fatalf("the invitation: %d, %v", res.StatusCode, err)
	}
	return made.ReviewURL
}

func TestServe(t *testing.T) {
	r := start(t, t.TempDir())
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/openapi.json": 200, "/mailbox": 200, "/admin/version": 404, "/review/x": 404} {
		if got, body := r.get(path); got != want {
			t.Errorf("%s: %d %s, want %d", path, got, body, want)
		}
	}
	r.stopping.Store(true)
	if got, _ := r.get("/readyz"); got != 503 {
		t.Errorf("/readyz while the program ends: %d, want 503", got)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

// TestServeLogsNoSecret looks at what a server logs of requests whose paths and
// bodies hold secrets.
func TestServeLogsNoSecret(t *testing.T) {
	r := start(t, t.TempDir())
	key := r.vendor("acme")
	hook := admin[httpapi.AdminHook](r, "POST", "/vendors/acme/shops", httpapi.AdminNewShop{Platform: "shopify", Domain: "x.myshopify.com", Secret: "sesame"})
	admin[httpapi.AdminTrial](r, "POST", "/shops/"+hook.ID.String()+"/test", nil)
	link := r.invite(key, "anna@customer.example")
	r.get(strings.TrimPrefix(link, r.base))
	r.get("/nothing/anna@customer.example")
	unsigned, err := (&http.Client{Timeout: 30 * time.Second}).Post(hook.WebhookURL, "application/json", strings.NewReader(`{"email":"anna@customer.example"}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = unsigned.Body.Close()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if !r.stopping.Load() {
		t.Error("the end did not say so to those who ask whether it is ready")
	}
	log := r.log.String()
	for _, want := range []string{`"route":"/review/:token"`, `"route":"/webhooks/:platform/:token"`, `"route":"/api/v1/invitations"`, `"route":"(none)"`, `"status":404`} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in the log:\n%s", want, log)
		}
	}
	for _, secret := range []string{key, "sesame", "anna", "Anna", "jon@", "Jon", filepath.Base(link), filepath.Base(hook.WebhookURL)} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
}

// TestClockNext goes from one thing that is due to the next: here to the end of
// a link, as it is without letters that wait.
func TestClockNext(t *testing.T) {
	folder := t.TempDir()
	r := start(t, folder)
	r.invite(r.vendor("acme"), "anna@customer.example")
	sent := func() bool { return admin[httpapi.AdminStats](r, "GET", "/vendors/acme/stats", nil).Sent == 1 }
	eventually(t, sent, "the mail was not sent")
	moved := admin[httpapi.AdminTime](r, "POST", "/clock/next", nil)
	if by, _ := core.ParseDuration(moved.By); by < 29*24*time.Hour || by > 30*24*time.Hour || !moved.Idle {
		t.Errorf("moved by %s, idle %v; want nearly 30d and nothing left to do", moved.By, moved.Idle)
	}
	for range 2 { // and again after a restart
		if s := admin[httpapi.AdminStats](r, "GET", "/vendors/acme/stats", nil); s.Expired != 1 {
			t.Errorf("%d expired, want 1", s.Expired)
		}
		if now := admin[httpapi.AdminTime](r, "GET", "/clock", nil).Now; time.Until(now) < 29*24*time.Hour {
			t.Errorf("the clock shows %s, want it to stay moved", now)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		r = start(t, folder)
	}
}

func eventually(t *testing.T, reached func() bool, otherwise string) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); !reached(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal(otherwise)
		}
	}
}

func TestFirstKey(t *testing.T) {
	r := start(t, t.TempDir())
	var out bytes.Buffer
	r.greetWithKey(t.Context(), &out)
	_, after, _ := strings.Cut(out.String(), "Bearer ")
	key, _, _ := strings.Cut(after, "'")
	r.invite(key, "anna@customer.example") // the key in the line works
	out.Reset()
	r.greetWithKey(t.Context(), &out)
	if strings.Contains(out.String(), "Bearer") || !strings.Contains(out.String(), "amino key create") {
		t.Errorf("a second start says %q, want it to make no second key", &out)
	}
}

func TestFencedStoreEndsTheProgram(t *testing.T) {
	fenced := make(chan struct{})
	close(fenced)
	if err := watch(t.Context(), fenced); !errors.Is(err, core.ErrFenced) {
		t.Errorf("got %v, want core.ErrFenced", err)
	}
	if exitCode(core.ErrFenced) == 0 {
		t.Error("a fenced store ends the program with 0")
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := watch(ctx, make(chan struct{})); err != nil {
		t.Errorf("got %v at the usual end", err)
	}
}

// TestSignals starts the program as a process of its own.
func TestSignals(t *testing.T) {
	folder := t.TempDir()
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT} {
		cmd := exec.Command(os.Args[0], "serve", "--addr", "127.0.0.1:0", "--data", folder)
		cmd.Args[0] = "amino" // by which TestMain knows what to be
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// What a killed server left at the path answers nobody.
		eventually(t, func() bool {
			conn, err := dialServer(t.Context(), folder)
			return err == nil && conn.Close() == nil
		}, "no server")
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); (err == nil) != (sig != syscall.SIGKILL) {
			t.Errorf("%v ended it with %v", sig, err)
		}
	}
}
