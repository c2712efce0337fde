package main

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"time"

	"aminobridge/adapters/shopify/shopifytest"
)

const (
	// bodySize is what an order of five lines takes in Shopify's own form.
	bodySize = 12_000
	// firstOrder leaves every id the same number of digits.
	firstOrder = 5_000_000_000_000
	timeForm   = "2006-01-02T15:04:05.000000Z"
)

// shop is what a server has to know of a shop to take its webhooks. Tokens are
// all of one length, and domains too.
type shop struct {
	Vendor string `json:"vendor"`
	ID     string `json:"id"`
	Domain string `json:"domain"`
	Token  string `json:"token"`
	Secret string `json:"secret"`
}

// orders are webhooks of new orders, those of each shop in turn. Requests are
// alike but for the shop, the order's id, name, address and time, and the
// signature, which are written over one made once. The signatures are made
// ahead: a load must cost less than what it loads.
type orders struct {
	shops  []shop
	mixed  bool // ids do not rise one by one, but mixed up within windows
	topic  string
	body   []byte
	ids    []int // where they stand in the body
	times  []int
	since  time.Time
	first  uint64 // the order that the first signature is of
	signed []byte // signatures, one behind the other
}

func newOrders(now time.Time, shops ...shop) (*orders, error) {
	// The last digit keeps RFC 3339 from being written any shorter.
	o := &orders{shops: shops, since: now.UTC().Add(-time.Hour).Truncate(time.Second).Add(time.Microsecond)}
	id := strconv.Itoa(firstOrder)
	o.topic, o.body = shopifytest.Fulfilled(shopifytest.Order{
		ID: firstOrder, Name: "#" + id, Email: "buyer" + id + "@shop.example", FirstName: "Kim", LastName: "Doe", Locale: "en",
		Total: "30.00", At: o.since, Size: bodySize,
	})
	o.ids, o.times = all(o.body, id), all(o.body, o.since.Format(timeForm))
	if len(o.ids) < 3 || len(o.times) < 2 {
		return nil, fmt.Errorf("a body has its id %d times and its time %d times", len(o.ids), len(o.times))
	}
	for _, s := range shops {
		if len(s.Token) != len(shops[0].Token) || len(s.Domain) != len(shops[0].Domain) {
			return nil, fmt.Errorf("the shops %s and %s have tokens or domains of two lengths", shops[0].Domain, s.Domain)
		}
	}
	return o, nil
}

func all(text []byte, what string) (at []int) {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(what))
		if i < 0 {
			return at
		}
		at = append(at, from+i)
		from += i + len(what)
	}
}

func (o *orders) shop(n uint64) shop { return o.shops[n%uint64(len(o.shops))] }

// window is how far ids are mixed up: orders are fulfilled some time after they
// were made, and not in that order. stride has no divisor in common with it, so
// that every id of a window comes once.
const window, stride = 100_000, 61_803

func (o *orders) id(n uint64) uint64 {
	if o.mixed {
		n = n - n%window + n%window*stride%window
	}
	return firstOrder + n
}

// fill makes of a body any the one of order n.
func (o *orders) fill(body []byte, n uint64) {
	var id, stamp [32]byte
	digits := strconv.AppendUint(id[:0], o.id(n), 10)
	for _, at := range o.ids {
		copy(body[at:], digits)
	}
	when := o.since.Add(time.Duration(n)*time.Microsecond).AppendFormat(stamp[:0], timeForm)
	for _, at := range o.times {
		copy(body[at:], when)
	}
}

// signatureLen is 32 bytes in base64.
const signatureLen = 44

// sign makes the signatures of n orders from the first on.
func (o *orders) sign(first, n uint64) {
	o.first, o.signed = first, make([]byte, n*signatureLen)
	var signers sync.WaitGroup
	for part := range runtime.NumCPU() {
		signers.Go(func() {
			body := bytes.Clone(o.body)
			for i := uint64(part); i < n; i += uint64(runtime.NumCPU()) {
				o.fill(body, first+i)
				copy(o.signed[i*signatureLen:], shopifytest.Sign(o.shop(first+i).Secret, body))
			}
		})
	}
	signers.Wait()
}

// signature is the one made ahead; for an order told again, or more than were
// thought possible, it is made now.
func (o *orders) signature(n uint64, body []byte) []byte {
	if at := (n - o.first) * signatureLen; n >= o.first && at < uint64(len(o.signed)) {
		return o.signed[at:][:signatureLen]
	}
	return []byte(shopifytest.Sign(o.shop(n).Secret, body))
}

// writer makes requests of its own: each is written over the one before.
func (o *orders) writer() func(n uint64) []byte {
	s := o.shops[0]
	blank := shopifytest.Sign(s.Secret, o.body)
	head := "POST /webhooks/shopify/" + s.Token + " HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: Shopify-Captain-Hook\r\n" +
		"Content-Type: application/json\r\nAccept: */*\r\nX-Shopify-Topic: " + o.topic + "\r\nX-Shopify-Shop-Domain: " + s.Domain + "\r\n" +
		"X-Shopify-Hmac-Sha256: " + blank + "\r\nX-Shopify-Api-Version: 2026-07\r\n" +
		"X-Shopify-Webhook-Id: b54557e4-bdd9-4b37-8a5f-bcb7d0e1f2a3\r\nX-Shopify-Triggered-At: " + o.since.Format(timeForm) + "\r\n" +
		"Content-Length: " + strconv.Itoa(len(o.body)) + "\r\n\r\n"
	request := append([]byte(head), o.body...)
	body := request[len(head):]
	place := func(what string) []byte { return request[bytes.Index(request, []byte(what)):] }
	token, domain, signature := place(s.Token), place(s.Domain), place(blank)
	return func(n uint64) []byte {
		s := o.shop(n)
		o.fill(body, n)
		copy(token, s.Token)
		copy(domain, s.Domain)
		copy(signature, o.signature(n, body))
		return request
	}
}
