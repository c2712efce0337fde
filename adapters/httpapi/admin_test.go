package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
	"aminobridge/core/vault"
	"aminobridge/store/bolt"
	"aminobridge/store/storetest"
)

// office is the admin API over a real store.
type office struct {
	t       *testing.T
	store   *bolt.Store
	clock   *storetest.Clock
	app     *fiber.App
	sampled []string // the secret of each sample
	deliver func(order string)
	moved   time.Duration
}

func newOffice(t *testing.T) *office {
	t.Helper()
	clock := storetest.NewClock(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	store, err := bolt.Open(filepath.Join(t.TempDir(), "amino.db"), vault.NewMaster(), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	o := &office{t: t, store: store, clock: clock, app: httpapi.App(slog.New(slog.DiscardHandler)), deliver: func(string) {}}
	httpapi.MountAdmin(o.app, httpapi.Admin{
		Store: store, Now: clock.Now, PublicURL: "https://x.example", Clock: o, Build: map[string]string{"version": "v1"},
		Senders:   map[string][]string{"mailbox": {"", "mailbox"}},
		Platforms: map[string]httpapi.AdminPlatform{"shopify": {Domain: o.domain, Sample: o.sample}},
		Post:      o.post,
	})
	return o
}

func (o *office) domain(text string) (string, error) {
	if text == "" {
		return "", &core.FieldError{Field: "domain", Code: "invalid", Reason: "must be there"}
	}
	return strings.ToLower(text), nil
}

func (o *office) sample(url, secret string, _ time.Time) (*http.Request, string, error) {
	o.sampled = append(o.sampled, secret)
	return httptest.NewRequest(http.MethodPost, url, nil), "4711", nil
}

func (o *office) post(*http.Request) (*http.Response, error) {
	o.deliver("4711")
	return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
}

func (o *office) Show(context.Context) (httpapi.AdminTime, error) {
	return httpapi.AdminTime{Now: o.clock.Now(), Moved: core.FormatDuration(o.moved)}, nil
}

func (o *office) Advance(_ context.Context, by time.Duration) error {
	if by > 24*time.Hour {
		return &core.FieldError{Field: "clock", Code: "refused", Reason: "may not be moved so far"}
	}
	o.moved += by
	return nil
}

func (o *office) Next(context.Context) (time.Duration, error) { return 90 * time.Minute, nil }

// call is one request to the admin API.
func (o *office) call(method, path, body string) (int, string) {
	o.t.Helper()
	req := httptest.NewRequest(method, "/admin"+path, bytes.NewBufferString(body))
	res, err := o.app.Test(req, -1)
	if err != nil {
		o.t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, string(answer)
}

// must is a call that succeeds, taken apart.
func must[T any](o *office, method, path, body string) (out T) {
	o.t.Helper()
	status, answer := o.call(method, path, body)
	if status != 200 {
		o.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	if err := json.Unmarshal([]byte(answer), &out); err != nil {
		o.t.Fatalf("%s: %v in %s", path, err, answer)
	}
	return out
}

// vendor adds a vendor.
func (o *office) vendor(slug string) httpapi.AdminName {
	return must[httpapi.AdminName](o, "POST", "/vendors", `{"slug":"`+slug+`","name":"Acme"}`)
}

func (o *office) shop(secret string) core.ShopID {
	return must[httpapi.AdminHook](o, "POST", "/vendors/acme/shops", `{"platform":"shopify","domain":"X.shop","secret":"`+secret+`"}`).ID
}

func TestAdminRefuses(t *testing.T) {
	o := newOffice(t)
	o.vendor("acme")
	shop := o.shop("")
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"no JSON":               {"POST", "/vendors", `slug=acme`, 400, "body must be the JSON object"},
		"an unknown member":     {"POST", "/vendors", `{"slug":"b","name":"B","colour":"red"}`, 400, "body must be"},
		"two objects":           {"POST", "/vendors", `{"slug":"b","name":"B"}{}`, 400, "must be one JSON object"},
		"a bad slug and name":   {"POST", "/vendors", `{"slug":"B!","name":" "}`, 400, `"field":"name"`},
		"a control in a name":   {"POST", "/vendors", `{"slug":"b","name":"B\n"}`, 400, `"field":"name"`},
		"a slug in use":         {"POST", "/vendors", `{"slug":"acme","name":"B"}`, 409, "exists already"},
		"no such vendor":        {"GET", "/vendors/b", ``, 404, "not_found"},
		"settings of nobody":    {"PATCH", "/vendors/b", `{"set":["cap=1"]}`, 404, "not_found"},
		"a scope there is not":  {"POST", "/vendors/acme/keys", `{"name":"k","scope":"root"}`, 400, `"field":"scope"`},
		"a key without a name":  {"POST", "/vendors/acme/keys", `{"name":""}`, 400, `"field":"name"`},
		"a key of nobody":       {"POST", "/vendors/b/keys", `{"name":"k"}`, 404, "not_found"},
		"an id that is none":    {"DELETE", "/keys/x", ``, 400, "invalid"},
		"a key there is not":    {"DELETE", "/keys/" + core.NewKeyID(o.clock.Now()).String(), ``, 404, "not_found"},
		"another platform":      {"POST", "/vendors/acme/shops", `{"platform":"magento","domain":"x"}`, 400, `"field":"platform"`},
		"another's id":          {"PATCH", "/shops/" + core.NewKeyID(o.clock.Now()).String(), `{"secret":"s"}`, 400, "invalid"},
		"a bad domain":          {"POST", "/vendors/acme/shops", `{"platform":"shopify","domain":""}`, 400, `"field":"domain"`},
		"a domain in use":       {"POST", "/vendors/acme/shops", `{"platform":"shopify","domain":"x.SHOP"}`, 409, "exists already"},
		"a secret of two words": {"POST", "/vendors/acme/shops", `{"platform":"shopify","domain":"y","secret":"a b"}`, 400, `"field":"secret"`},
		"an empty secret":       {"PATCH", "/shops/" + shop.String(), `{"secret":""}`, 400, `"field":"secret"`},
		"a test without secret": {"POST", "/shops/" + shop.String() + "/test", ``, 400, "amino shop set shop_"},
		"no such sender":        {"GET", "/senders/pigeon", ``, 404, "not_found"},
		"no such sender, open":  {"POST", "/senders/pigeon/open", ``, 404, "not_found"},
		"a clock backwards":     {"POST", "/clock/advance", `{"by":"-1h"}`, 400, `"field":"by"`},
		"a clock too far":       {"POST", "/clock/advance", `{"by":"2d"}`, 400, "may not be moved so far"},
		"no route":              {"GET", "/nothing", ``, 404, "not_found"},
	} {
		status, answer := o.call(c.method, c.path, c.body)
		if status != c.status || !strings.Contains(answer, c.says) {
			t.Errorf("%s: got %d %s, want %d with %q", name, status, answer, c.status, c.says)
		}
	}
}

func TestAdminSettingsAreAllOrNothing(t *testing.T) {
	o := newOffice(t)
	o.vendor("acme")
	status, answer := o.call("PATCH", "/vendors/acme", `{"set":["cap=7","hours=99","colour=red","zone"]}`)
	var p struct{ Fields []struct{ Field string } }
	_ = json.Unmarshal([]byte(answer), &p)
	var fields []string
	for _, f := range p.Fields {
		fields = append(fields, f.Field)
	}
	if want := []string{"hours", "colour", "zone"}; status != 400 || !slices.Equal(fields, want) {
		t.Errorf("got %d naming %v, want 400 naming %v", status, fields, want)
	}
	if got := must[httpapi.AdminVendor](o, "GET", "/vendors/acme", "").Settings["cap"]; got != "100" {
		t.Errorf("cap is %s after a refusal, want 100", got)
	}
	if status, _ = o.call("PATCH", "/vendors/acme", `{"set":["cap=7","reserve=7"]}`); status != 400 {
		t.Errorf("a reserve that is the whole cap: %d, want 400", status)
	}
	v := must[httpapi.AdminVendor](o, "PATCH", "/vendors/acme", `{"set":["cap=7","hours=10-12"]}`)
	if v.Settings["cap"] != "7" || v.Settings["hours"] != "10-12" {
		t.Errorf("got %v", v.Settings)
	}
}

func TestAdminListsVendorsByPage(t *testing.T) {
	o := newOffice(t)
	first := o.vendor("a")
	o.vendor("b")
	o.vendor("c")
	if again := must[httpapi.AdminName](o, "POST", "/vendors", `{"slug":"a","name":"Else","if_missing":true}`); again != first {
		t.Errorf("got %v, want the one there is, %v", again, first)
	}
	var slugs []string
	for after, pages := "", 0; pages < 5; pages++ {
		list := must[httpapi.AdminVendors](o, "GET", "/vendors?n=2&after="+after, "")
		for _, v := range list.Vendors {
			slugs = append(slugs, v.Slug)
		}
		if after = list.Next; after == "" {
			break
		}
	}
	if !slices.Equal(slugs, []string{"a", "b", "c"}) {
		t.Errorf("got %v, want each once", slugs)
	}
}

func TestAdminKeysAreShownOnce(t *testing.T) {
	o := newOffice(t)
	v := o.vendor("acme")
	made := must[httpapi.AdminSecretKey](o, "POST", "/vendors/acme/keys", `{"name":"web"}`)
	hash, ok := vault.HashAPIKey(made.Key)
	if !ok {
		t.Fatalf("%q is not of the form of a key", made.Key)
	}
	kept, err := o.store.KeyByHash(t.Context(), hash)
	if err != nil || kept.ID != made.ID || kept.Vendor != v.ID || kept.Scope != core.ScopeInvite {
		t.Errorf("got %+v, %v", kept, err)
	}
	if _, list := o.call("GET", "/vendors/acme/keys", ""); strings.Contains(list, "amino_") || !strings.Contains(list, `"name":"web"`) {
		t.Errorf("the list is %s", list)
	}
	must[httpapi.AdminRevoked](o, "DELETE", "/keys/"+made.ID.String(), "")
	if _, err := o.store.KeyByHash(t.Context(), hash); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a revoked key: %v, want not found", err)
	}
}

func TestAdminTriesAShop(t *testing.T) {
	o := newOffice(t)
	v := o.vendor("acme")
	id := o.shop("one")
	must[httpapi.AdminShop](o, "PATCH", "/shops/"+id.String(), `{"secret":"two"}`)
	o.deliver = func(order string) {
		now := core.Micro(o.clock.Now())
		e := core.Event{
			ID: core.NewEventID(now), Vendor: v.ID, Shop: id, Topic: "orders/fulfilled", Kind: core.Fulfilled, ReceivedAt: now, At: now,
			Test: true, IsFulfilled: true, Order: core.OrderKey{Namespace: "shopify", ID: order}, OrderName: "#4711", Email: "jon@example.com",
		}
		if _, err := o.store.Append(t.Context(), []core.Event{e}); err != nil {
			t.Error(err)
		}
		if _, err := o.store.Decide(t.Context(), []core.Event{e}, now); err != nil {
			t.Error(err)
		}
	}
	got := must[httpapi.AdminTrial](o, "POST", "/shops/"+id.String()+"/test", "")
	if got.Status != 200 || got.Verdict != core.TestOrder || got.Would != core.Invited || got.WouldSentence == "" {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(o.sampled, []string{"two"}) {
		t.Errorf("signed with %v, want the newest secret", o.sampled)
	}
	log := must[httpapi.AdminEvents](o, "GET", "/vendors/acme/events", "")
	if len(log.Events) != 1 || log.Events[0].Order != "#4711" || log.Events[0].Verdict != core.TestOrder {
		t.Errorf("the log is %+v", log)
	}
}

func TestAdminLedger(t *testing.T) {
	o := newOffice(t)
	v := o.vendor("acme")
	made := must[httpapi.AdminSecretKey](o, "POST", "/vendors/acme/keys", `{"name":"web"}`)
	_, err := o.store.Accept(t.Context(), core.Ask{
		Vendor: v.ID, Key: made.ID, Email: "anna@customer.example", Name: "Anna", OrderRef: "ORD-1", Lane: core.Direct, Now: o.clock.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, raw := o.call("GET", "/vendors/acme/queue", "")
	if strings.Contains(raw, "anna") || strings.Contains(raw, "Anna") {
		t.Errorf("the queue shows a person: %s", raw)
	}
	q := must[httpapi.AdminQueue](o, "GET", "/vendors/acme/queue", "")
	if len(q.Letters) != 1 || q.Letters[0].OrderRef != "ORD-1" || q.Letters[0].Lane != core.Direct || q.Letters[0].Leased {
		t.Errorf("the queue is %+v", q)
	}
	if q.Budget.Cap != 100 || q.Budget.Left != 99 || q.Budget.Waiting[core.Direct] != 1 {
		t.Errorf("the budget is %+v", q.Budget)
	}
	s := must[httpapi.AdminStats](o, "GET", "/vendors/acme/stats", "")
	if s.Accepted != 1 || s.Sent != 0 || s.ByState[core.Scheduled] != 1 {
		t.Errorf("the counters are %+v", s)
	}
	if c := must[httpapi.AdminCheck](o, "GET", "/check", ""); !c.OK || len(c.Findings) != 0 {
		t.Errorf("the check found %+v", c)
	}
}

func TestAdminOpensEveryRouteOfASender(t *testing.T) {
	o := newOffice(t)
	for _, route := range []string{"", "mailbox"} {
		if err := o.store.CloseSender(t.Context(), core.SenderState{Name: route, Cause: "out of paper"}); err != nil {
			t.Fatal(err)
		}
	}
	if s := must[httpapi.AdminSender](o, "GET", "/senders/mailbox", ""); s.Open || s.Cause != "out of paper" || s.Until != nil {
		t.Errorf("got %+v, want it closed until a person acts", s)
	}
	if s := must[httpapi.AdminSender](o, "GET", "/senders/"+httpapi.OwnSender, ""); s.Name != "mailbox" || s.Open {
		t.Errorf("the program's own is %+v, want the mailbox, closed", s)
	}
	must[httpapi.AdminSender](o, "POST", "/senders/"+httpapi.OwnSender+"/open", "")
	for _, route := range []string{"", "mailbox"} {
		if s, err := o.store.Sender(t.Context(), route); err != nil || s.Closed(o.clock.Now()) {
			t.Errorf("route %q is still closed: %+v, %v", route, s, err)
		}
	}
}

func TestAdminClock(t *testing.T) {
	o := newOffice(t)
	if got := must[httpapi.AdminTime](o, "POST", "/clock/advance", `{"by":"1d"}`); got.By != "1d" || got.Moved != "1d" {
		t.Errorf("got %+v", got)
	}
	if got := must[httpapi.AdminTime](o, "POST", "/clock/next", ""); got.By != "1h30m0s" {
		t.Errorf("got %+v", got)
	}
	if got := must[httpapi.AdminTime](o, "GET", "/clock", ""); !got.Now.Equal(o.clock.Now()) || got.By != "" {
		t.Errorf("got %+v", got)
	}
	if _, got := o.call("GET", "/version", ""); got != `{"version":"v1"}` {
		t.Errorf("got %s", got)
	}
}
