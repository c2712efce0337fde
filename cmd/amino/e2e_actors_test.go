package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/resend/resendtest"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
)

// person is somebody who bought something.
type person struct{ first, last, email string }

// person makes the n-th one up.
func (w *world) person(n int) person {
	p := person{fmt.Sprintf("Quilla%d", n), fmt.Sprintf("Zebrowska%d", n), fmt.Sprintf("quilla.%d@zebrowska.example", n)}
	w.secret(p.first, p.last, "zebrowska.example")
	return p
}

func (p person) name() string { return p.first + " " + p.last }

// mails are those that the provider took for somebody.
func (w *world) mails(p person) (out []resendtest.Mail) {
	for _, m := range w.provider.Mails() {
		if m.To == p.email {
			out = append(out, m)
		}
	}
	return out
}

// mailTo waits for the first mail to somebody.
func (w *world) mailTo(p person) resendtest.Mail {
	w.t.Helper()
	w.eventually("a mail arrives", func() bool { return len(w.mails(p)) > 0 })
	m := w.mails(p)[0]
	for _, link := range []string{m.Link("/review/"), m.Link("/u/")} {
		w.secret(link[strings.LastIndexByte(link, '/')+1:])
	}
	return m
}

// vendor is a business, its software and its key.
type vendor struct {
	w              *world
	id, slug, name string
	key            string
}

// vendor adds one with these settings.
func (w *world) vendor(slug string, settings ...string) *vendor {
	w.t.Helper()
	made := ask[httpapi.AdminName](w, "vendor", "add", slug, "--name", "The "+slug)
	v := &vendor{w: w, id: made.ID.String(), slug: slug, name: "The " + slug, key: w.newKey(slug, "manage").Key}
	w.caps[v.id] = core.DefaultSettings().Cap
	v.set(settings...)
	return v
}

func (w *world) newKey(slug, scope string) httpapi.AdminSecretKey {
	w.t.Helper()
	k := ask[httpapi.AdminSecretKey](w, "key", "create", "--vendor", slug, "--name", scope, "--scope", scope)
	w.secret(k.Key)
	return k
}

func (v *vendor) set(settings ...string) {
	v.w.t.Helper()
	if len(settings) == 0 {
		return
	}
	v.w.amino(append([]string{"vendor", "set", v.slug}, settings...)...)
	for _, s := range settings {
		if text, ok := strings.CutPrefix(s, "cap="); ok {
			v.w.caps[v.id], _ = strconv.Atoi(text)
		}
	}
}

const invitations = publicURL + "/api/v1/invitations"

// call is one call of the REST API with the vendor's key.
func (v *vendor) call(method, path, body string, headers ...string) answer {
	v.w.t.Helper()
	return v.w.do(method, invitations+path, body, append([]string{"Authorization", "Bearer " + v.key}, headers...)...)
}

// invitation is the body of a POST.
func invitation(p person, ref string) string {
	m := map[string]string{"email": p.email, "name": p.name()}
	if ref != "" {
		m["order_ref"] = ref
	}
	b, _ := json.Marshal(m) // a map of texts always encodes
	return string(b)
}

func (v *vendor) invite(p person, ref string, headers ...string) answer {
	v.w.t.Helper()
	return v.call("POST", "", invitation(p, ref), headers...)
}

// state is where an invitation stands.
func (v *vendor) state(id string) string {
	v.w.t.Helper()
	one, _ := v.call("GET", "/"+id, "").is(200).object()["invitation"].(map[string]any)
	state, _ := one["state"].(string)
	return state
}

// becomes waits until an invitation has come to a state.
func (v *vendor) becomes(id, state string) {
	v.w.t.Helper()
	v.w.eventually("an invitation is "+state, func() bool { return v.state(id) == state })
}

func (v *vendor) stats() httpapi.AdminStats {
	v.w.t.Helper()
	return ask[httpapi.AdminStats](v.w, "stats", "--vendor", v.slug)
}

// verdicts are the reasons in the webhook log, oldest first.
func (v *vendor) verdicts() (out []core.Reason) {
	v.w.t.Helper()
	log := ask[httpapi.AdminEvents](v.w, "event", "list", "--vendor", v.slug).Events
	slices.Reverse(log)
	for _, e := range log {
		out = append(out, e.Verdict)
	}
	return out
}

// decided waits until the webhook log holds exactly these verdicts.
func (v *vendor) decided(want ...core.Reason) {
	v.w.t.Helper()
	v.w.eventually("there are as many verdicts", func() bool { return len(v.verdicts()) >= len(want) })
	v.w.same("the verdicts", v.verdicts(), want)
}

// shop is a shop of a vendor on a platform that signs.
type shop struct {
	w            *world
	hook, secret string
}

func (v *vendor) shop(name string) *shop {
	v.w.t.Helper()
	s := &shop{w: v.w, secret: "hush-" + name + "-Vorpal-5561"}
	domain := name + ".myshopify.com"
	s.hook = ask[httpapi.AdminHook](v.w, "shop", "add", "--vendor", v.slug, "--domain", domain, "--secret", s.secret).WebhookURL
	v.w.secret(s.secret, s.hook[strings.LastIndexByte(s.hook, '/')+1:])
	return s
}

// order is an order that was fulfilled now.
func (w *world) order(n int, p person) shopifytest.Order {
	return shopifytest.Order{
		ID: uint64(5_500_000_000 + n), Name: fmt.Sprintf("#%d", n), Email: p.email, FirstName: p.first, LastName: p.last,
		Total: "30.00", At: w.now(),
	}
}

// tells posts a webhook, as fulfilled, and returns the answer.
func (s *shop) tells(event func(shopifytest.Order) (string, []byte), o shopifytest.Order) answer {
	s.w.t.Helper()
	a, err := s.tries(event, o)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return a
}

// tries is tells for another goroutine than the test's.
func (s *shop) tries(event func(shopifytest.Order) (string, []byte), o shopifytest.Order) (answer, error) {
	topic, body := event(o)
	return s.posts(s.secret, topic, body)
}

// posts signs a body with a secret and posts it, with more headers in pairs.
func (s *shop) posts(secret, topic string, body []byte, headers ...string) (answer, error) {
	for name, values := range shopifytest.Header(topic, secret, body) {
		headers = append(headers, name, values[0])
	}
	return s.w.try("POST", s.hook, string(bytes.Clone(body)), headers...)
}

var stampForm = regexp.MustCompile(`name="stamp" value="([^"]+)"`)

// looks loads a review page and returns its form's stamp, some seconds later.
func (w *world) looks(link string) (stamp string) {
	w.t.Helper()
	found := stampForm.FindStringSubmatch(w.do("GET", link, "").is(200).body)
	if found == nil {
		w.t.Fatal("the review page has no form")
	}
	w.advance(5 * time.Second)
	return found[1]
}

const formType = "application/x-www-form-urlencoded"

// opens is what the page's script tells of a person who looks at it.
func (w *world) opens(link string) {
	w.t.Helper()
	form := url.Values{"stamp": {w.looks(link)}, "input": {"pointer"}, "visible": {"1500"}}
	w.do("POST", link+"/open", form.Encode(), "Content-Type", formType).is(204)
}

// reviews sends the page's form.
func (w *world) reviews(link string) {
	w.t.Helper()
	form := url.Values{"stamp": {w.looks(link)}, "rating": {"4"}, "title": {"Good"}, "text": {"It came, and it works."}, "homepage": {""}}
	w.do("POST", link, form.Encode(), "Content-Type", formType).is(200)
}

// optOut is the one click of a mail program.
func (w *world) optOut(link string) (answer, error) {
	return w.try("POST", link, "List-Unsubscribe=One-Click", "Content-Type", formType)
}
