package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/shopify/shopifytest"
)

// What the shop does.

// webhook makes the body of a customer's order and posts it.
func (d *play) webhook(secret string, c customer, at time.Time, made func(shopifytest.Order) (string, []byte)) (status int) {
	topic, body := made(c.ordered(at))
	status, err := shopifytest.Post(d.web, d.hook, secret, topic, body)
	if err != nil {
		d.broken("the webhook: %w", err)
	}
	return status
}

// What the vendor's software does.

// invite posts the n-th invitation and returns the status.
func (d *play) invite(n int) int {
	email := guest(n)
	body, _ := json.Marshal(map[string]string{"email": email, "name": "Guest", "order_ref": fmt.Sprintf("ORD-%d", n)})
	status, answer := d.api(http.MethodPost, "/api/v1/invitations", body)
	var made struct {
		ReviewURL string `json:"review_url"`
	}
	if status == http.StatusOK && json.Unmarshal(answer, &made) == nil {
		d.urls[email] = made.ReviewURL
	}
	return status
}

func guest(n int) string { return fmt.Sprintf("guest%d@customer.example", n) }

// learnLinks asks the API for the review_url of every invitation.
func (d *play) learnLinks() {
	_, answer := d.api(http.MethodGet, "/api/v1/invitations?limit=100", nil)
	var list struct {
		Invitations []struct {
			Email     string `json:"email"`
			ReviewURL string `json:"review_url"`
		} `json:"invitations"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		d.broken("the list of invitations: %w", err)
	}
	for _, i := range list.Invitations {
		if told, ok := d.urls[i.Email]; ok && told != i.ReviewURL {
			d.broken("the API told two links for one invitation")
		}
		d.urls[i.Email] = i.ReviewURL
	}
}

func (d *play) api(method, path string, body []byte) (int, []byte) {
	return d.do(method, d.base+path, "application/json", body, "Bearer "+d.key)
}

// What customers and scanners do, as a browser would.

func (d *play) get(url string) string {
	_, page := d.do(http.MethodGet, url, "", nil, "")
	return string(page)
}

func (d *play) head(url string) { d.do(http.MethodHead, url, "", nil, "") }

func (d *play) post(url string, form url.Values) int {
	status, _ := d.do(http.MethodPost, url, "application/x-www-form-urlencoded", []byte(form.Encode()), "")
	return status
}

var stampForm = regexp.MustCompile(`name="stamp" value="([^"]+)"`)

// visit loads the customer's page and returns its address and its form's stamp.
func (d *play) visit(c customer) (page, stamp string) {
	page = d.mailTo(c).ReviewURL
	found := stampForm.FindStringSubmatch(d.get(page))
	if found == nil {
		d.broken("the review page has no form")
		return page, ""
	}
	return page, found[1]
}

// open looks at the page for a moment, as its script tells it.
func (d *play) open(c customer) (page, stamp string) {
	page, stamp = d.visit(c)
	d.wait(1100 * time.Millisecond)
	d.expect(http.StatusNoContent, d.post(page+"/open", url.Values{"stamp": {stamp}, "input": {"pointer"}, "visible": {"1100"}}))
	return page, stamp
}

// review opens the page, with script or without, and sends its form.
func (d *play) review(c customer, script bool, stars, title, text string) {
	look := d.visit
	if script {
		look = d.open
	}
	page, stamp := look(c)
	d.wait(2100 * time.Millisecond) // nobody writes faster
	d.expect(http.StatusOK, d.post(page, url.Values{
		"stamp": {stamp}, "rating": {stars}, "title": {title}, "text": {text}, "display_name": {c.first}, "homepage": {""},
	}))
}

// optOut is the one click of a mail program (RFC 8058).
func (d *play) optOut(c customer) {
	d.expect(http.StatusOK, d.post(d.mailTo(c).OptOutURL, url.Values{"List-Unsubscribe": {"One-Click"}}))
}

// What the story looks at.

// mailSeen is a mail as the mailbox shows it.
type mailSeen struct {
	To        string    `json:"to"`
	At        time.Time `json:"at"`
	ReviewURL string    `json:"review_url"`
	OptOutURL string    `json:"opt_out_url"`
}

func (m mailSeen) firstName() string {
	name, _, _ := strings.Cut(m.To, "@")
	return strings.ToUpper(name[:1]) + name[1:]
}

// mails are those in the mailbox, oldest first.
func (d *play) mails() (list []mailSeen) {
	_, answer := d.do(http.MethodGet, d.base+mailboxPath+".json", "", nil, "")
	if err := json.Unmarshal(answer, &list); err != nil {
		d.broken("the mailbox: %w", err)
	}
	slices.Reverse(list)
	return list
}

func (d *play) mailTo(c customer) mailSeen {
	mails := d.mails()
	i := slices.IndexFunc(mails, func(m mailSeen) bool { return m.To == c.email })
	if i < 0 {
		d.broken("there is no mail to %s", c.first)
		return mailSeen{}
	}
	return mails[i]
}

// mostInAnHour counts in the mailbox, as somebody outside would.
func (d *play) mostInAnHour() (most int) {
	mails := d.mails()
	for i, first := range mails {
		n := 0
		for _, m := range mails[i:] {
			if m.At.Sub(first.At) < time.Hour {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

func (d *play) stats() httpapi.AdminStats {
	return adminCall[httpapi.AdminStats](d, http.MethodGet, vendorPath(demoSlug, "/stats"), nil)
}

func (d *play) clock() httpapi.AdminTime {
	return adminCall[httpapi.AdminTime](d, http.MethodGet, "/clock", nil)
}

func (d *play) advance(by string) {
	adminCall[httpapi.AdminTime](d, http.MethodPost, "/clock/advance", httpapi.AdminAdvance{By: by})
	d.say("… the clock runs ahead by %s …", by)
}

// adminCall asks the admin API over its socket, as a verb does.
func adminCall[T any](d *play, method, path string, in any) (out T) {
	if d.fault != nil {
		return out
	}
	out, err := asked[T](d.ctx, d.admin, method, path, in)
	if err != nil {
		d.broken("%s %s: %w", method, path, err)
	}
	return out
}

// do is one request; after a fault it makes none.
func (d *play) do(method, url, contentType string, body []byte, authorization string) (int, []byte) {
	if d.fault != nil {
		return 0, nil
	}
	req, err := http.NewRequestWithContext(d.ctx, method, url, bytes.NewReader(body))
	if err != nil {
		d.broken("%w", err)
		return 0, nil
	}
	for name, value := range map[string]string{"Content-Type": contentType, "Authorization": authorization} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	res, err := d.web.Do(req)
	if err != nil {
		d.broken("%s: %w", method, err)
		return 0, nil
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		d.broken("%s: %w", method, err)
	}
	return res.StatusCode, answer
}

func (d *play) expect(want, got int) {
	if got != want {
		d.broken("an answer was %d, want %d", got, want)
	}
}

// wait lets time pass, as people do.
func (d *play) wait(long time.Duration) {
	if d.fault != nil {
		return
	}
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.ctx.Done():
	}
}
