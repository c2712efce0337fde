package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
	"aminobridge/core/vault"
	"aminobridge/store/bolt"
)

// process is what the program knows of a letter's inputs.
var process = core.Frozen{Renderer: 1, Template: "words", From: "Amino <mail@amino.test>", PublicURL: "https://amino.test", TokenKey: 1}

// clock stands still until it is moved, and boots but once.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Boot() (string, time.Duration) { return "boot", c.Now().Sub(noon) + time.Hour }

func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is the API over a real store with one vendor, and the time.
type world struct {
	*bolt.Store
	t      *testing.T
	clock  *clock
	app    *fiber.App
	vendor core.Vendor
	key    string // scope invite
	manage string // scope manage
	nudges int
	logged *safeBuffer
	people int
}

type safeBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// newWorld opens a store whose vendor has few rules, so that the one under test
// is the only one that can refuse. settings is "key=value …".
func newWorld(t *testing.T, settings string) *world {
	return newWorldOver(t, settings, func(s *bolt.Store) httpapi.Store { return s })
}

func newWorldOver(t *testing.T, settings string, wrap func(*bolt.Store) httpapi.Store) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{now: noon}, logged: &safeBuffer{}}
	var err error
	w.Store, err = bolt.Open(filepath.Join(t.TempDir(), "amino.db"), []byte("a master key of a test, 32 bytes"), w.clock)
	w.must(err)
	t.Cleanup(w.end)
	w.vendor = w.newVendor("first", settings)
	w.key = w.newKey(w.vendor.ID, core.ScopeInvite)
	w.manage = w.newKey(w.vendor.ID, core.ScopeManage)
	log := slog.New(slog.NewTextHandler(w.logged, nil))
	w.app = httpapi.App(log)
	httpapi.Mount(w.app, httpapi.API{
		Store: wrap(w.Store), Keys: w.Keys(), PublicURL: "https://amino.test", Now: w.clock.Now, Log: log,
		Nudge: func() { w.nudges++ }, Ready: func() error { return nil },
	})
	return w
}

// end holds the log to what may stand in it.
func (w *world) end() {
	for _, secret := range []string{"@", w.key, w.manage, "Ann", "/review/"} {
		if strings.Contains(w.logged.String(), secret) {
			w.t.Errorf("the log holds %q: %s", secret, w.logged)
		}
	}
	w.must(w.Close())
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) newVendor(slug, settings string) core.Vendor {
	w.t.Helper()
	v := core.Vendor{ID: core.NewVendorID(w.clock.Now()), Slug: slug, Name: "Shop", CreatedAt: w.clock.Now(), Settings: core.DefaultSettings()}
	for _, pair := range strings.Fields("delay=0s hours=always cooldown=0s pacing=burst reserve=0 " + settings) {
		key, value, _ := strings.Cut(pair, "=")
		w.must(v.Settings.Set(key, value))
	}
	v, err := w.PutVendor(context.Background(), v)
	w.must(err)
	return v
}

func (w *world) newKey(v core.VendorID, scope core.Scope) string {
	w.t.Helper()
	key, hash := vault.NewAPIKey()
	w.must(w.AddKey(context.Background(), core.Key{ID: core.NewKeyID(w.clock.Now()), Vendor: v, Name: "k", Scope: scope, CreatedAt: w.clock.Now()}, hash))
	return key
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) at(path string) any {
	var v any = a.body
	for step := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[step]
	}
	return v
}

func (a answer) str(path string) string {
	text, _ := a.at(path).(string)
	return text
}

// id is the invitation that Location names.
func (a answer) id() string {
	return strings.TrimPrefix(a.header.Get("Location"), "/api/v1/invitations/")
}

// call makes one request. Headers are name, value, …
func (w *world) call(method, path, key, body string, headers ...string) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := w.app.Test(r, -1)
	w.must(err)
	text, err := io.ReadAll(res.Body)
	w.must(err)
	a := answer{status: res.StatusCode, header: res.Header, text: string(text)}
	if err := json.Unmarshal(text, &a.body); err != nil {
		w.t.Fatalf("%s %s: %d %q: %v", method, path, res.StatusCode, text, err)
	}
	w.lawful(a)
	return a
}

// lawful holds every answer to what the contract says of all of them.
func (w *world) lawful(a answer) {
	w.t.Helper()
	if a.at("ok") != (a.status < 300) {
		w.t.Errorf("%d with ok %v", a.status, a.at("ok"))
	}
	if strings.Contains(a.text, "$schema") || a.header.Get("Link") != "" {
		w.t.Errorf("huma's links in %s", a.text)
	}
	if a.header.Get("X-Request-Id") == "" {
		w.t.Error("an answer without a request id")
	}
	if a.status >= 300 {
		checkProblem(w.t, &http.Response{StatusCode: a.status, Header: a.header}, a.body)
	}
}

func (w *world) post(body string, headers ...string) answer {
	w.t.Helper()
	return w.call("POST", "/api/v1/invitations", w.key, body, headers...)
}

// someone is a body about a person not heard of before.
func (w *world) someone() string {
	w.people++
	return fmt.Sprintf(`{"email":"p%d@shop.example","name":"Ann %d"}`, w.people, w.people)
}

func (w *world) view(id string) answer {
	w.t.Helper()
	return w.call("GET", "/api/v1/invitations/"+id, w.manage, "")
}

// claim leases what may leave now, if anything may.
func (w *world) claim() []core.Claimed {
	w.t.Helper()
	claimed, err := w.Claim(context.Background(), core.ClaimAsk{Vendor: w.vendor.ID, Window: 23 * time.Hour, N: 1000, Now: w.clock.Now(), Frozen: process})
	if !errors.Is(err, core.ErrNothingDue) {
		w.must(err)
	}
	return claimed
}

// settle ends leases with the provider's answer; nil is yes.
func (w *world) settle(claimed []core.Claimed, fault *core.SendError) {
	w.t.Helper()
	for _, c := range claimed {
		w.must(w.Settle(context.Background(), c.Ref, core.Outcome{Begun: true, ProviderID: "p", Err: fault}, w.clock.Now()))
	}
}

// deliver sends what may leave now.
func (w *world) deliver() { w.t.Helper(); w.settle(w.claim(), nil) }

func (w *world) seen(id string) core.Seen {
	w.t.Helper()
	i, err := core.ParseInvitationID(id)
	w.must(err)
	return core.Seen{Vendor: w.vendor.ID, Invitation: i, Now: w.clock.Now()}
}

func (w *world) suppress(id string) {
	w.t.Helper()
	_, err := w.SuppressRecipient(context.Background(), w.seen(id), core.OptedOut)
	w.must(err)
}

func (w *world) review(id string) {
	w.t.Helper()
	w.must(w.Complete(context.Background(), w.seen(id), core.Review{Rating: 5, DisplayName: "A"}))
}

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func wantKeys(t *testing.T, m any, keys ...string) {
	t.Helper()
	var got []string
	for k := range m.(map[string]any) {
		got = append(got, k)
	}
	slices.Sort(got)
	slices.Sort(keys)
	if !slices.Equal(got, keys) {
		t.Errorf("members %v, want %v", got, keys)
	}
}
