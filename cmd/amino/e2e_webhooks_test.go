package main_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
)

// atOnce makes a vendor whose orders are mailed at once.
var atOnce = []string{"delay=0s", "hours=always", "cooldown=0s", "pacing=burst", "reserve=0"}

func TestAWebhookTwiceIsOneMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("twice", atOnce...)
	s := v.shop("twice-shop")
	anna := w.person(1)
	o := w.order(1001, anna)

	a := s.tells(shopifytest.Fulfilled, o).is(200)
	w.same("the body of the 200", a.body, "")
	s.tells(shopifytest.Fulfilled, o).is(200)
	mail := w.mailTo(anna)
	v.decided(core.Invited)
	s.tells(shopifytest.Fulfilled, o).is(200)
	w.idle()
	v.decided(core.Invited)
	w.same("mails", len(w.provider.Mails()), 1)

	list := v.call("GET", "?order_ref=%231001", "").is(200).object()["invitations"].([]any)
	w.same("the invitation found by the order's name", len(list), 1)
	w.same("its link", list[0].(map[string]any)["review_url"], mail.Link("/review/"))
}

func TestAWebhookManyTimesAtOnceIsOneMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("many", atOnce...)
	s := v.shop("many-shop")
	o := w.order(1001, w.person(1))
	var posts sync.WaitGroup
	for range 16 {
		posts.Go(func() {
			if a, err := s.tries(shopifytest.Fulfilled, o); err != nil || a.status != 200 {
				t.Errorf("%d, %v", a.status, err)
			}
		})
	}
	posts.Wait()
	w.idle()
	v.decided(core.Invited)
	w.same("mails", len(w.provider.Mails()), 1)
}

func TestTheSameNameInTwoShopsIsTwoInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("two-shops", atOnce...)
	anna, ben := w.person(1), w.person(2)
	first, second := w.order(1, anna), w.order(2, ben)
	first.Name, second.Name = "#1001", "#1001"

	v.shop("north").tells(shopifytest.Fulfilled, first).is(200)
	v.shop("south").tells(shopifytest.Fulfilled, second).is(200)
	if w.mailTo(anna).Link("/review/") == w.mailTo(ben).Link("/review/") {
		t.Error("two customers got one link")
	}
	v.decided(core.Invited, core.Invited)
	list := v.call("GET", "?order_ref=%231001", "").is(200).object()["invitations"].([]any)
	w.same("invitations of that name", len(list), 2)
}

// TestAnOrderReplayedAtAnotherShopIsTheSameOrder: Shopify's ids are of all shops.
func TestAnOrderReplayedAtAnotherShopIsTheSameOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("replayed", atOnce...)
	anna := w.person(1)
	o := w.order(1001, anna)
	v.shop("first").tells(shopifytest.Fulfilled, o).is(200)
	w.mailTo(anna)
	v.shop("other").tells(shopifytest.Fulfilled, o).is(200)
	w.idle()
	w.same("mails", len(w.provider.Mails()), 1)
}

// TestAWebhookIsRefusedInOrder sends webhooks with every fault from some point of
// the order on. The first must answer.
func TestAWebhookIsRefusedInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("refused", atOnce...)
	s := v.shop("refused-shop")
	huge := []byte("{" + strings.Repeat(" ", 1<<20))
	_, body := shopifytest.Fulfilled(w.order(1001, w.person(1)))
	gzip := []string{"Content-Encoding", "gzip"}
	const forged = "a-guess"
	tests := []struct {
		name          string
		hook          string
		secret, topic string
		body          []byte
		headers       []string
		status        int
	}{
		{"no such shop", s.hook + "x", forged, "", huge, gzip, 404},
		{"no such platform", strings.Replace(s.hook, "/shopify/", "/woo/", 1), forged, "", huge, gzip, 404},
		{"an encoded body", s.hook, forged, "", huge, gzip, 415},
		{"a large body", s.hook, forged, "", huge, nil, 413},
		{"a forged signature", s.hook, forged, "", body, nil, 401},
		{"two signatures", s.hook, s.secret, "orders/fulfilled", body, []string{"X-Shopify-Hmac-Sha256", "AAAA"}, 401},
		{"no topic", s.hook, s.secret, "", body, nil, 400},
		{"no body", s.hook, s.secret, "orders/fulfilled", nil, nil, 400},
	}
	for _, tt := range tests {
		at := shop{w: w, hook: tt.hook, secret: tt.secret}
		a, err := at.posts(tt.secret, tt.topic, tt.body, tt.headers...)
		if err != nil {
			t.Fatal(err)
		}
		if a.status != tt.status {
			t.Errorf("%s: %d, want %d: %s", tt.name, a.status, tt.status, a.body)
		}
	}
	w.idle()
	w.same("events", len(v.verdicts()), 0)
	w.same("mails", len(w.provider.Mails()), 0)
}

func TestASignedWebhookWeCannotUseIsKeptWithItsVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("unmapped", atOnce...)
	s := v.shop("unmapped-shop")
	for _, tt := range []struct {
		topic, body string
		verdict     core.Reason
	}{
		{"orders/fulfilled", `{"id":`, core.Unmapped},
		{"orders/fulfilled", `{"name":"#1001"}`, core.Unmapped},
		{"orders/fulfilled", `[]`, core.Unmapped},
		{"carts/update", `{"id":1}`, core.IgnoredTopic},
	} {
		a, err := s.posts(s.secret, tt.topic, []byte(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		a.is(200)
		w.idle()
		last := ask[httpapi.AdminEvents](w, "event", "list", "--vendor", v.slug).Events[0]
		w.same("the verdict on "+tt.body, last.Verdict, tt.verdict)
		w.same("the topic", last.Topic, tt.topic)
		if last.Sentence == "" {
			t.Error("the verdict has no sentence")
		}
	}
	w.same("mails", len(w.provider.Mails()), 0)
}

func TestOrdersThatInviteNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("nobody", append(atOnce, "cooldown=30d")...)
	s := v.shop("nobody-shop")
	test := w.order(1, w.person(1))
	test.Test = true
	s.tells(shopifytest.Fulfilled, test).is(200)
	v.decided(core.TestOrder)
	topic, body := shopifytest.Fulfilled(w.order(2, person{}))
	body = bytes.ReplaceAll(body, []byte(`"account+"`), []byte(`null`))
	if a, err := s.posts(s.secret, topic, body); err != nil || a.status != 200 {
		t.Fatalf("an order without an address: %d, %v", a.status, err)
	}
	v.decided(core.TestOrder, core.NoAddress)

	anna := w.person(3)
	s.tells(shopifytest.Fulfilled, w.order(3, anna)).is(200)
	w.mailTo(anna)
	s.tells(shopifytest.Fulfilled, w.order(4, anna)).is(200)
	v.decided(core.TestOrder, core.NoAddress, core.Invited, core.InCooldown)
	nameless := w.order(5, person{email: w.person(4).email})
	s.tells(shopifytest.Fulfilled, nameless).is(200)
	w.mailTo(w.person(4))
	w.same("mails", len(w.provider.Mails()), 2)
}

func TestARotatedSecretAndAShopThatLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vendor("rotation", atOnce...)
	s := v.shop("rotation-shop")
	id := ask[httpapi.AdminShops](w, "shop", "list", "--vendor", v.slug).Shops[0].ID.String()
	old := s.secret
	s.secret = "hush-newer-Vorpal-9902"
	w.secret(s.secret)
	w.amino("shop", "set", id, "--secret", s.secret)
	topic, body := shopifytest.Fulfilled(w.order(1, w.person(1)))
	if a, err := s.posts(old, topic, body); err != nil || a.status != 200 {
		t.Fatalf("signed with the secret of before: %d, %v", a.status, err)
	}
	s.tells(shopifytest.Fulfilled, w.order(2, w.person(2))).is(200)
	w.mailTo(w.person(1))
	w.mailTo(w.person(2))

	v.set("paused=true")
	s.tells(shopifytest.Fulfilled, w.order(3, w.person(3))).is(200)
	w.idle()
	s.tells(shopifytest.Uninstalled, shopifytest.Order{At: w.now()}).is(200)
	v.set("paused=false")
	w.advance(90 * time.Minute)
	s.tells(shopifytest.Fulfilled, w.order(4, w.person(4))).is(200)
	v.decided(core.Invited, core.Invited, core.Invited, core.ShopUninstalled, core.ShopUninstalled)
	w.same("mails", len(w.provider.Mails()), 2)
}
