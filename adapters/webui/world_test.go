package webui_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/webui"
	"aminobridge/core"
	"aminobridge/store/bolt"
)

const day = 24 * time.Hour

// world is a vendor with a real store behind the pages.
type world struct {
	testing.TB
	store  *bolt.Store
	broken *broken
	app    *fiber.App
	vendor core.Vendor
	now    time.Time
	orders int
	logs   bytes.Buffer
}

func newWorld(t testing.TB) *world {
	w := &world{TB: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	store, err := bolt.Open(filepath.Join(t.TempDir(), "amino.db"), []byte("0123456789abcdefghijklmnopqrstuv"), w)
	w.must(err)
	t.Cleanup(func() { _ = store.Close() })
	settings := core.DefaultSettings()
	settings.Website = "https://morgenrot.example"
	w.vendor, err = store.PutVendor(t.Context(), core.Vendor{Slug: "morgenrot", Name: "Kaffeerösterei Morgenrot", Settings: settings, CreatedAt: w.now})
	w.must(err)
	w.store, w.broken = store, &broken{Store: store}
	w.mount(time.Minute)
	return w
}

// mount makes an app in which an opt-out waits for so long.
func (w *world) mount(wait time.Duration) {
	w.app = fiber.New(fiber.Config{Immutable: true, BodyLimit: 1 << 20, DisablePreParseMultipartForm: true, DisableStartupMessage: true})
	webui.Mount(w.app, webui.Pages{
		Store: w.broken, Keys: w.store.Keys(), OptOutWait: wait,
		Now: w.wall, Log: slog.New(slog.NewTextHandler(&w.logs, nil)),
	})
}

func (w *world) wall() time.Time { return w.now }

// Now and Boot make the world the store's clock.
func (w *world) Now() time.Time                { return w.now }
func (w *world) Boot() (string, time.Duration) { return "boot", w.now.Sub(time.Unix(0, 0)) }

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// broken is the real store, but for the errors given. After a look at leases it
// calls looked, which may settle them.
type broken struct {
	webui.Store
	visit, complete error
	looked          func(context.Context)
}

func (b *broken) LeaseLive(ctx context.Context, refs []core.LeaseRef) (bool, error) {
	live, err := b.Store.LeaseLive(ctx, refs)
	if b.looked != nil {
		b.looked(ctx)
		b.looked = nil
	}
	return live, err
}

func (b *broken) Visit(ctx context.Context, s core.Seen) error {
	return errors.Join(b.visit, b.Store.Visit(ctx, s))
}

func (b *broken) Complete(ctx context.Context, s core.Seen, r core.Review) error {
	if b.complete != nil {
		return b.complete
	}
	return b.Store.Complete(ctx, s, r)
}

// guest is a customer with an invitation.
type guest struct {
	*world
	id     core.InvitationID
	review string // path of the link
	optOut string
}

const (
	address  = "gast@kunde.example"
	fullName = "Theodora Unverwechselbar"
)

// scheduled is a guest whose mail waits.
func (w *world) scheduled() *guest {
	w.Helper()
	w.orders++
	a, err := w.store.Accept(w.Context(), core.Ask{Vendor: w.vendor.ID, Email: address, Name: fullName, OrderRef: "Bestellung-" + strconv.Itoa(w.orders), Lane: core.Direct, Now: w.now})
	w.must(err)
	keys, id := w.store.Keys(), a.Invitation.ID
	return &guest{w, id, "/review/" + keys.ReviewToken(1, w.vendor.ID, id), "/u/" + keys.OptOutToken(1, w.vendor.ID, id)}
}

// leased is a guest whose mail is on its way.
func (w *world) leased() (*guest, core.LeaseRef) {
	w.Helper()
	g := w.scheduled()
	claimed, err := w.store.Claim(w.Context(), core.ClaimAsk{Vendor: w.vendor.ID, Window: core.Forever, N: 1, Now: w.now})
	w.must(err)
	return g, claimed[0].Ref
}

// sent is a guest who has the mail.
func (w *world) sent() *guest {
	w.Helper()
	g, ref := w.leased()
	w.must(w.store.Settle(w.Context(), ref, core.Outcome{Begun: true, ProviderID: "p1"}, w.now))
	return g
}

func (g *guest) invitation() core.Invitation {
	g.Helper()
	inv, err := g.store.Invitation(g.Context(), g.vendor.ID, g.id)
	g.must(err)
	return inv
}

// counts fails unless the vendor's counters are these.
func (w *world) counts(opened, completed int64) {
	w.Helper()
	c, err := w.store.Counters(w.Context(), w.vendor.ID)
	w.must(err)
	if c.Opened != opened || c.Completed != completed {
		w.Errorf("got opened %d, completed %d, want %d, %d", c.Opened, c.Completed, opened, completed)
	}
}

// answer is a response, read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (w *world) do(method, path, body string, header ...string) answer {
	w.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := w.app.Test(req, -1)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	w.must(err)
	return answer{res.StatusCode, res.Header, string(b)}
}

func (w *world) get(path string) answer { w.Helper(); return w.do("GET", path, "") }

func (w *world) post(path string, fields url.Values, header ...string) answer {
	w.Helper()
	return w.do("POST", path, fields.Encode(), header...)
}

// want fails unless the answer has the status and all the texts.
func (a answer) want(t testing.TB, status int, texts ...string) answer {
	t.Helper()
	if a.status != status {
		t.Errorf("got status %d, want %d", a.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%q is not on the page:\n%s", text, a.body)
		}
	}
	return a
}

var stampField = regexp.MustCompile(`name="stamp" value="([^"]*)"`)

// stamp fetches the page and takes the stamp out of its form.
func (g *guest) stamp() string {
	g.Helper()
	m := stampField.FindStringSubmatch(g.get(g.review).body)
	if m == nil {
		g.Fatal("the page has no stamp")
	}
	return m[1]
}

// fills is the form as a person fills it: two seconds after the page came.
func (g *guest) fills(pairs ...string) url.Values {
	g.Helper()
	f := url.Values{"stamp": {g.stamp()}, "rating": {"4"}, "title": {""}, "text": {""}, "display_name": {""}, "homepage": {""}}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	g.now = g.now.Add(2 * time.Second)
	return f
}
