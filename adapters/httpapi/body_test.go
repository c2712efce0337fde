package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
	"aminobridge/core/intake"
	"aminobridge/core/vault"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// taker is a store that takes every call and remembers the last.
type taker struct {
	httpapi.Store
	last     core.Ask
	refusal  error         // why it takes no call
	patience time.Duration // how long the last reading may have taken
	logged   bytes.Buffer
	reset    time.Duration // of the budget, asked for by itself
}

func (s *taker) KeyByHash(context.Context, [32]byte) (core.Key, error) {
	return core.Key{ID: core.KeyID{1}, Vendor: core.VendorID{2}, Scope: core.ScopeManage}, nil
}

func (s *taker) Budget(context.Context, core.VendorID) (core.Budget, error) {
	return core.Budget{Cap: 100, Left: 100, Reset: s.reset}, nil
}

func (s *taker) Counters(ctx context.Context, _ core.VendorID) (core.Counters, error) {
	s.see(ctx)
	return core.Counters{}, nil
}

func (s *taker) Cancel(ctx context.Context, _ core.VendorID, _ core.InvitationID, _ bool, _ time.Time) ([]core.LeaseRef, error) {
	s.see(ctx)
	return nil, core.ErrAlreadySent
}

func (s *taker) see(ctx context.Context) {
	until, _ := ctx.Deadline()
	s.patience = time.Until(until)
}

func (s *taker) Accept(_ context.Context, a core.Ask) (core.Accepted, error) {
	if s.refusal != nil {
		return core.Accepted{}, s.refusal
	}
	s.last = a
	i := core.Invitation{ID: core.InvitationID{3}, Vendor: a.Vendor, State: core.Scheduled, Email: a.Email, Name: a.Name, OrderRef: a.OrderRef, Lane: a.Lane}
	return core.Accepted{Invitation: i, Budget: core.Budget{Cap: 100, Left: 99, Reset: time.Hour}}, nil
}

func overTaker(t testing.TB) (*taker, *fiber.App, string) {
	t.Helper()
	keys, _, err := vault.New([]byte("a master key of a test, 32 bytes"), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &taker{}
	log := slog.New(slog.NewTextHandler(&s.logged, nil))
	app := httpapi.App(log)
	httpapi.Mount(app, httpapi.API{
		Store: s, Keys: keys, PublicURL: "https://amino.test", Log: log,
		Now: func() time.Time { return noon }, Nudge: func() {}, Ready: func() error { return nil },
	})
	key, _ := vault.NewAPIKey()
	return s, app, key
}

// exchange posts a body. Headers are name, value, …
func exchange(t testing.TB, app *fiber.App, key string, body []byte, headers ...string) (*http.Response, []byte) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/invitations", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
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
	return res, text
}

// send posts a body and returns the status and the fields it was refused for.
func send(t testing.TB, app *fiber.App, key string, body []byte, headers ...string) (int, []string, string) {
	t.Helper()
	res, text := exchange(t, app, key, body, headers...)
	var p struct{ Fields []struct{ Field string } }
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatalf("answer %q: %v", text, err)
	}
	var fields []string
	for _, f := range p.Fields {
		fields = append(fields, f.Field)
	}
	return res.StatusCode, fields, string(text)
}

const who = `"email":"a@shop.example","name":"Ann"`

func TestBodyRefused(t *testing.T) {
	tests := []struct {
		name, body string
		fields     []string
	}{
		{"empty", ``, []string{"body"}},
		{"not JSON", `email=a@shop.example`, []string{"body"}},
		{"trailing data", `{` + who + `} {}`, []string{"body"}},
		{"trailing comma", `{` + who + `,}`, []string{"body"}},
		{"array", `[{` + who + `}]`, []string{"body"}},
		{"null", `null`, []string{"body"}},
		{"text", `"email"`, []string{"body"}},
		{"raw bytes that are not UTF-8", `{` + who + ",\"x\":\"\xff\"}", []string{"body"}},
		{"half a surrogate pair", `{` + who + `,"x":"\ud83d"}`, []string{"body"}},
		{"the other half", `{` + who + `,"x":"\ude00"}`, []string{"body"}},
		{"two first halves", `{` + who + `,"x":"\ud83d\ud83d"}`, []string{"body"}},
		{"half a pair, then another escape", `{` + who + `,"x":"\ud83d\n"}`, []string{"body"}},
		{"half a pair, then what looks like the other", `{` + who + `,"x":"\ud83d_ude00"}`, []string{"body"}},
		{"half a pair in a name", `{` + who + `,"\ud83d":1}`, []string{"body"}},
		{"email twice", `{` + who + `,"email":"b@shop.example"}`, []string{"email"}},
		{"email twice, once escaped", `{` + who + `,"\u0065mail":"b@shop.example"}`, []string{"email"}},
		{"unknown member twice", `{` + who + `,"x":1,"x":1}`, []string{"body"}},
		{"twice inside", `{` + who + `,"x":[{"y":{"z":1,"z":2}}]}`, []string{"body"}},
		{"known name twice inside", `{` + who + `,"x":{"email":1,"email":2}}`, []string{"body"}},

		{"both missing", `{}`, []string{"email", "name"}},
		{"null is missing", `{"email":null,"name":null}`, []string{"email", "name"}},
		{"names are case-sensitive", `{"Email":"a@shop.example","NAME":"Ann"}`, []string{"email", "name"}},
		{"blank", `{"email":" ","name":"\t\u00a0"}`, []string{"email", "name"}},
		{"wrong types", `{"email":["a@shop.example"],"name":7}`, []string{"email", "name"}},
		{"address with a display name", `{"email":"Ann <a@shop.example>","name":"Ann"}`, []string{"email"}},
		{"address without a domain", `{"email":"ann","name":"Ann"}`, []string{"email"}},
		{"two addresses", `{"email":"a@shop.example,b@shop.example","name":"Ann"}`, []string{"email"}},
		{"address with a line break", `{"email":"a@shop.example\r\nBcc: b@shop.example","name":"Ann"}`, []string{"email"}},
		{"address of 255 bytes", `{"email":"` + longAddress(255) + `","name":"Ann"}`, []string{"email"}},
		{"name of 201 characters", `{"email":"a@shop.example","name":"` + strings.Repeat("é", 201) + `"}`, []string{"name"}},
		{"order_ref of 129 characters", `{` + who + `,"order_ref":"` + strings.Repeat("é", 129) + `"}`, []string{"order_ref"}},
		{"order_ref of 129 digits", `{` + who + `,"order_ref":` + strings.Repeat("9", 129) + `}`, []string{"order_ref"}},
		{"order_ref true", `{` + who + `,"order_ref":true}`, []string{"order_ref"}},
		{"order_ref object", `{` + who + `,"order_ref":{}}`, []string{"order_ref"}},
		{"order_ref array", `{` + who + `,"order_ref":[1]}`, []string{"order_ref"}},
		{"lane direct", `{` + who + `,"lane":"direct"}`, []string{"lane"}},
		{"lane unknown", `{` + who + `,"lane":7}`, []string{"lane"}},
		{"send_at not a time", `{` + who + `,"send_at":"tomorrow"}`, []string{"send_at"}},
		{"send_at a number", `{` + who + `,"send_at":1763812800}`, []string{"send_at"}},
		{"send_at too far", `{` + who + `,"send_at":"2027-11-23T12:00:00Z"}`, []string{"send_at"}},
		{"delay_days negative", `{` + who + `,"delay_days":-1}`, []string{"delay_days"}},
		{"delay_days a fraction", `{` + who + `,"delay_days":1.5}`, []string{"delay_days"}},
		{"delay_days too many", `{` + who + `,"delay_days":366}`, []string{"delay_days"}},
		{"delay_days text", `{` + who + `,"delay_days":"7"}`, []string{"delay_days"}},
		{"send_at and delay_days", `{` + who + `,"send_at":"2026-11-23T12:00:00Z","delay_days":1}`, []string{"delay_days"}},
		{"all at once", `{"order_ref":false,"lane":"x","send_at":1,"delay_days":"1"}`, []string{"email", "name", "order_ref", "lane", "send_at", "delay_days"}},
	}
	s, app, key := overTaker(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.last = core.Ask{}
			status, fields, text := send(t, app, key, []byte(tt.body))
			if status != 400 || !slices.Equal(fields, tt.fields) {
				t.Errorf("got %d %v, want 400 %v: %s", status, fields, tt.fields, text)
			}
			if s.last.Email != "" {
				t.Error("the store was asked")
			}
		})
	}
}

// longAddress is a valid address but for its length.
func longAddress(n int) string {
	local := strings.Repeat("a", 64)
	rest := n - len(local) - 1 - len(".example")
	domain := ""
	for rest > 60 {
		domain += strings.Repeat("b", 59) + "."
		rest -= 60
	}
	return local + "@" + domain + strings.Repeat("b", rest) + ".example"
}

func TestBodyRead(t *testing.T) {
	plain := core.Ask{Email: "a@shop.example", Name: "Ann", Lane: core.Direct, Delay: -1}
	with := func(change func(*core.Ask)) core.Ask {
		a := plain
		change(&a)
		return a
	}
	ref := func(text string) core.Ask { return with(func(a *core.Ask) { a.OrderRef = text }) }
	tests := []struct {
		name, body string
		want       core.Ask
		status     int
	}{
		{"as documented", `{` + who + `,"order_ref":"ORD-1"}`, ref("ORD-1"), 200},
		{"unknown members", `{` + who + `,"Email":"x","locale":{"a":[1,{}]},"":0}`, plain, 200},
		{"the same name in two objects", `{` + who + `,"x":{"y":1},"z":[{"y":1},{"y":2}]}`, plain, 200},
		{"a value that equals a name", `{"email":"a@shop.example","name":"name"}`, with(func(a *core.Ask) { a.Name = "name" }), 200},
		{"white space around", " \r\n{" + who + "}\t\n", plain, 200},
		{"order_ref null", `{` + who + `,"order_ref":null}`, plain, 200},
		{"order_ref empty", `{` + who + `,"order_ref":""}`, plain, 200},
		{"order_ref number", `{` + who + `,"order_ref": 12345 }`, ref("12345"), 200},
		{"order_ref beyond 64 bits", `{` + who + `,"order_ref":123456789012345678901234567890}`, ref("123456789012345678901234567890"), 200},
		{"order_ref decimal", `{` + who + `,"order_ref":1.50}`, ref("1.50"), 200},
		{"order_ref negative", `{` + who + `,"order_ref":-7}`, ref("-7"), 200},
		{"order_ref of 128 characters", `{` + who + `,"order_ref":"` + strings.Repeat("é", 128) + `"}`, ref(strings.Repeat("é", 128)), 200},
		{"name of 200 characters", `{"email":"a@shop.example","name":"` + strings.Repeat("é", 200) + `"}`, with(func(a *core.Ask) { a.Name = strings.Repeat("é", 200) }), 200},
		{"name that no greeting takes", `{"email":"a@shop.example","name":"http://x.example\u0000"}`, with(func(a *core.Ask) { a.Name = "http://x.example\x00" }), 200},
		{"a surrogate pair", `{"email":"a@shop.example","name":"\ud83d\ude00"}`, with(func(a *core.Ask) { a.Name = "😀" }), 200},
		{"an escaped backslash before u", `{"email":"a@shop.example","name":"\\ud83d"}`, with(func(a *core.Ask) { a.Name = `\ud83d` }), 200},
		{"address of 254 bytes", `{"email":"` + longAddress(254) + `","name":"Ann"}`, with(func(a *core.Ask) { a.Email = longAddress(254) }), 200},
		{"nulls are absent", `{` + who + `,"lane":null,"send_at":null,"delay_days":null}`, plain, 200},

		{"lane bulk", `{` + who + `,"lane":"bulk"}`, with(func(a *core.Ask) { a.Lane = core.Bulk }), 202},
		{"lane orders", `{` + who + `,"lane":"orders"}`, with(func(a *core.Ask) { a.Lane = core.Orders }), 202},
		{"delay_days", `{` + who + `,"delay_days":7}`, with(func(a *core.Ask) { a.Lane, a.Delay = core.Orders, 7*24*time.Hour }), 202},
		{"delay_days 0", `{` + who + `,"delay_days":0}`, with(func(a *core.Ask) { a.Lane, a.Delay = core.Orders, 0 }), 202},
		{"delay_days in bulk", `{` + who + `,"delay_days":1,"lane":"bulk"}`, with(func(a *core.Ask) { a.Lane, a.Delay = core.Bulk, 24*time.Hour }), 202},
		{"send_at", `{` + who + `,"send_at":"2026-11-23T13:00:00+01:00"}`, with(func(a *core.Ask) { a.Lane, a.SendAt = core.Orders, noon.AddDate(0, 0, 1) }), 202},
	}
	s, app, key := overTaker(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, _, text := send(t, app, key, []byte(tt.body))
			if status != tt.status {
				t.Fatalf("got %d, want %d: %s", status, tt.status, text)
			}
			tt.want.Vendor, tt.want.Key, tt.want.Now, tt.want.BodyHash = core.VendorID{2}, core.KeyID{1}, noon, s.last.BodyHash
			if s.last != tt.want {
				t.Errorf("asked %+v\nwant  %+v", s.last, tt.want)
			}
		})
	}
}

func TestHeadersRead(t *testing.T) {
	long := strings.Repeat("k", 256)
	tests := []struct {
		name    string
		headers []string
		status  int
		key     string
	}{
		{"none", nil, 200, ""},
		{"any content type", []string{"Content-Type", "application/x-www-form-urlencoded"}, 200, ""},
		{"a wrong charset", []string{"Content-Type", "text/plain; charset=latin1"}, 200, ""},
		{"an Accept we do not speak", []string{"Accept", "application/xml"}, 200, ""},
		{"identity is no encoding", []string{"Content-Encoding", "identity"}, 200, ""},
		{"key", []string{"Idempotency-Key", "abc-123"}, 200, "abc-123"},
		{"key of 256", []string{"Idempotency-Key", long}, 200, long},
		{"key of 257", []string{"Idempotency-Key", long + "k"}, 400, ""},
		{"key empty", []string{"Idempotency-Key", ""}, 400, ""},
		{"key with a space", []string{"Idempotency-Key", "a b"}, 400, ""},
		{"key not ASCII", []string{"Idempotency-Key", "schlüssel"}, 400, ""},
		{"two keys", []string{"Idempotency-Key", "a", "Idempotency-Key", "b"}, 400, ""},
		{"respond-async", []string{"Prefer", "respond-async"}, 202, ""},
		{"respond-async among others", []string{"Prefer", "wait=10, Respond-Async; foo=bar"}, 202, ""},
		{"in a second header", []string{"Prefer", "handling=lenient", "Prefer", "respond-async"}, 202, ""},
		{"other preferences", []string{"Prefer", "return=minimal, wait=5"}, 200, ""},
	}
	s, app, key := overTaker(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.last = core.Ask{}
			status, _, text := send(t, app, key, []byte(`{`+who+`}`), tt.headers...)
			if status != tt.status || s.last.IdempotencyKey != tt.key {
				t.Errorf("got %d with key %q, want %d with %q: %s", status, s.last.IdempotencyKey, tt.status, tt.key, text)
			}
		})
	}
}

// A refusal names the field and never the value, which may be an address.
func TestNoValueIsEchoed(t *testing.T) {
	_, app, key := overTaker(t)
	bodies := []string{
		`{"email":"CANARY","name":"CANARY` + strings.Repeat("x", 200) + `","order_ref":["CANARY"],"lane":"CANARY","send_at":"CANARY","delay_days":"CANARY"}`,
		`{"CANARY":1,"CANARY":2}`, `CANARY`, `{"email":"\ud800CANARY"}`, `{"email":"a@CANARY","name":"x"}`, `["CANARY"]`,
	}
	for _, body := range bodies {
		if status, _, text := send(t, app, key, []byte(body), "Idempotency-Key", "CANARY KEY"); status != 400 || strings.Contains(text, "CANARY") {
			t.Errorf("%s got %d %s", body, status, text)
		}
	}
}

// Whatever is posted gets 200, 202 or 400, and what is taken reads the same to
// encoding/json.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{` + who + `,"order_ref":"ORD-1"}`, `{}`, `[`, `{"a":{"a":[1,2,{"b":null}]}}`, `{"email":"\ud83d\ude00"}`,
		`{` + who + `,"lane":"bulk","send_at":"2026-11-23T12:00:00Z"}`, `{"a":1,"a":2}`, "\xff", `{"email":"\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	s, app, key := overTaker(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 64<<10 {
			return
		}
		status, fields, text := send(t, app, key, body)
		if status == 400 && len(fields) > 0 {
			return
		}
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil || !utf8.Valid(body) || status != 200 && status != 202 {
			t.Fatalf("got %d %s for %q: %v", status, text, body, err)
		}
		email, _ := m["email"].(string)
		if address, err := intake.Address(email); err != nil || address != s.last.Email || m["name"] != s.last.Name {
			t.Fatalf("asked for %q %q, the body says %v %v (%v)", s.last.Email, s.last.Name, m["email"], m["name"], err)
		}
	})
}
