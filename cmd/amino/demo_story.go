package main

import (
	"fmt"
	"net/http"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
)

// demoSlug is the vendor of the demo. Its cap is small, so that its pacing and a
// 429 show in one story.
const demoSlug = "corner-shop"

const demoCap = 4

// customer is a played one, with an order.
type customer struct {
	first, last, email string
	order              uint64
}

var (
	anna  = customer{"Anna", "Weber", "anna@customer.example", 1001}
	ben   = customer{"Ben", "Ortiz", "ben@customer.example", 1002}
	clara = customer{"Clara", "Rossi", "clara@customer.example", 1003}
	david = customer{"David", "Kim", "david@customer.example", 1004}
	emma  = customer{"Emma", "Novak", "emma@customer.example", 1005}
	frank = customer{"Frank", "Moreau", "frank@customer.example", 1006}
)

// ordered is the customer's order as the shop knows it at a time.
func (c customer) ordered(at time.Time) shopifytest.Order {
	return shopifytest.Order{
		ID: 820982911946150000 + c.order, Name: fmt.Sprintf("#%d", c.order), Email: c.email, FirstName: c.first, LastName: c.last,
		Total: "30.00", At: at,
	}
}

// refunded is the whole of the order's money going back.
func refunded(o shopifytest.Order) (topic string, body []byte) {
	o.RefundID = o.ID + 1
	return shopifytest.Refunded(o)
}

// play tells the story; after a fault the rest of it is passed over.
func (d *play) play() {
	for _, act := range []func(){
		d.setUp, d.ordersAreFulfilled, d.oneIsRefunded, d.aWeekPasses, d.aScannerComes,
		d.peopleAnswer, d.oneSaysNo, d.theVendorCalls, d.aMonthPasses, d.linksAgree,
	} {
		if d.fault == nil && d.ctx.Err() == nil {
			act()
		}
	}
}

func (d *play) setUp() {
	d.began = d.clock().Now
	adminCall[httpapi.AdminName](d, http.MethodPost, "/vendors", httpapi.AdminNewVendor{Slug: demoSlug, Name: "Corner Shop"})
	adminCall[httpapi.AdminVendor](d, http.MethodPatch, vendorPath(demoSlug, ""), httpapi.AdminSet{
		Set: []string{fmt.Sprintf("cap=%d", demoCap), "reserve=1", "delay=7d", "expiry=30d", "hours=always", "address=1 Market Square, Springfield"},
	})
	d.key = adminCall[httpapi.AdminSecretKey](d, http.MethodPost, vendorPath(demoSlug, "/keys"), httpapi.AdminNewKey{Name: "demo", Scope: core.ScopeManage}).Key
	d.hook = adminCall[httpapi.AdminHook](d, http.MethodPost, vendorPath(demoSlug, "/shops"), httpapi.AdminNewShop{
		Platform: "shopify", Domain: "corner-shop.myshopify.com", Secret: d.secret,
	}).WebhookURL
	d.say("Corner Shop signs up: it mails a week after fulfilment, %d mails an hour at most, one of them kept for direct calls.", demoCap)
}

func (d *play) ordersAreFulfilled() {
	d.expect(401, d.webhook("a guess", anna, d.began, shopifytest.Fulfilled))
	d.say("Somebody sends a webhook with a forged signature: 401.")
	for _, c := range []customer{anna, ben, clara, david, emma, frank} {
		d.expect(200, d.webhook(d.secret, c, d.began, shopifytest.Fulfilled))
	}
	d.expect(200, d.webhook(d.secret, anna, d.began, shopifytest.Fulfilled))
	d.until("the verdicts", func() bool { return d.stats().Verdicts[core.Invited] == 6 })
	d.say("The shop fulfils six orders and signs a webhook for each: six invitations. One webhook comes twice: still six.")
}

func (d *play) oneIsRefunded() {
	d.expect(200, d.webhook(d.secret, frank, d.began.Add(time.Hour), refunded))
	d.until("the withdrawal", func() bool { return d.stats().Verdicts[core.OrderRefunded] == 1 })
	d.withdrew = int(d.stats().ByState[core.Cancelled])
	d.say("Frank sends his order back and is refunded in full: his invitation is withdrawn.")
}

// aWeekPasses moves the clock from one letter to the next, so that each leaves at
// its own moment.
func (d *play) aWeekPasses() {
	d.advance("7d")
	for range 20 {
		if d.stats().Sent == 5 {
			break
		}
		adminCall[httpapi.AdminTime](d, http.MethodPost, "/clock/next", nil)
	}
	if n := d.stats().Sent; n != 5 {
		d.broken("%d mails were sent, want 5", n)
	}
	for _, m := range d.mails() {
		d.sayAt(m.At, "A mail leaves for %s.", m.firstName())
	}
	d.say("Five mails in all, and never more than %d in any hour.", d.mostInAnHour())
}

func (d *play) aScannerComes() {
	for _, m := range d.mails() {
		d.get(m.ReviewURL)
		d.head(m.ReviewURL)
		d.get(m.OptOutURL)
	}
	s := d.stats()
	d.scanned = s.Visits > 0 && s.Opened == 0 && s.Completed == 0 && s.ByState[core.Suppressed] == 0
	d.say("A mail scanner follows every link in every mail: %d visits, 0 opened, nobody opted out.", s.Visits)
}

func (d *play) peopleAnswer() {
	d.review(anna, true, "5", "Quick and friendly", "It came the next day, well packed.")
	d.say("Anna opens her link, looks around, and writes: five stars.")
	d.review(ben, false, "2", "", "The colour was another one.")
	d.say("Ben writes too, in a browser without script: two stars, asked and kept just the same.")
	d.open(clara)
	d.say("Clara opens her link, and leaves it at that.")
}

func (d *play) oneSaysNo() {
	d.optOut(david)
	d.optedOut = 1
	again := david
	again.order = 1007
	d.expect(200, d.webhook(d.secret, again, d.clock().Now, shopifytest.Fulfilled))
	d.until("the verdict", func() bool { return d.stats().Verdicts[core.OnSuppression] == 1 })
	d.say("David says no, with one click. He orders again: no invitation, now or later.")
}

// theVendorCalls uses the REST API until the cap refuses.
func (d *play) theVendorCalls() {
	d.advance("2h")
	before := d.stats().Sent
	for n := range demoCap {
		d.expect(200, d.invite(n))
	}
	d.expect(429, d.invite(demoCap))
	d.refused++
	d.until("the direct mails", func() bool { return d.stats().Sent == before+demoCap })
	d.say("The vendor's own software posts %d invitations: mailed at once. One more: 429, come again later.", demoCap)
	d.expect(200, d.invite(0))
	d.say("It repeats an order it has sent before: the same link, and no second mail.")
}

func (d *play) aMonthPasses() {
	d.advance("31d")
	d.until("the expiry", func() bool { return d.stats().Expired > 0 })
	s := d.stats()
	d.say("A month later %d links have expired, unanswered. Each is counted once.", s.Expired)
}

// linksAgree compares every mail's link with what the API says it is.
func (d *play) linksAgree() {
	d.learnLinks()
	mails := d.mails()
	for _, m := range mails {
		if m.ReviewURL == "" || m.ReviewURL != d.urls[m.To] {
			d.broken("the link in the mail to %s is not the invitation's review_url", m.To)
		}
	}
	if s := d.stats(); int64(len(mails)) != s.Sent {
		d.broken("%d mails lie in the mailbox, and %d are counted as sent", len(mails), s.Sent)
	}
	if c := adminCall[httpapi.AdminCheck](d, http.MethodGet, "/check", nil); !c.OK {
		d.broken("the recount found %d differences", len(c.Findings))
	}
	d.say("Every link in the mailbox is the review_url of its invitation: %d of %d. Every counter equals its recount.", len(mails), len(mails))
}
