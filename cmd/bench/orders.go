package main

import (
	"bytes"
	"fmt"
	"strconv"
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

// orders are bodies of webhooks, alike but for the order's id, name, address and
// time, which are written over a body made once: the load must cost less than
// what it loads.
type orders struct {
	topic      string
	body       []byte
	ids, times []int // where they stand
	since      time.Time
}

func newOrders(now time.Time) (orders, error) {
	// The last digit keeps RFC 3339 from being written any shorter.
	o := orders{since: now.UTC().Add(-time.Hour).Truncate(time.Second).Add(time.Microsecond)}
	id := strconv.Itoa(firstOrder)
	o.topic, o.body = shopifytest.Fulfilled(shopifytest.Order{
		ID: firstOrder, Name: "#" + id, Email: "buyer" + id + "@shop.example", FirstName: "Kim", LastName: "Doe", Locale: "en",
		Total: "30.00", At: o.since, Size: bodySize,
	})
	o.ids, o.times = all(o.body, id), all(o.body, o.since.Format(timeForm))
	if len(o.ids) < 3 || len(o.times) < 2 {
		return o, fmt.Errorf("a body has its id %d times and its time %d times", len(o.ids), len(o.times))
	}
	return o, nil
}

func all(body []byte, what string) (at []int) {
	for from := 0; ; {
		i := bytes.Index(body[from:], []byte(what))
		if i < 0 {
			return at
		}
		at = append(at, from+i)
		from += i + len(what)
	}
}

// write makes the body of order n in buf.
func (o orders) write(buf []byte, n uint64) []byte {
	buf = append(buf[:0], o.body...)
	id := strconv.FormatUint(firstOrder+n, 10)
	for _, at := range o.ids {
		copy(buf[at:], id)
	}
	stamp := o.since.Add(time.Duration(n) * time.Microsecond).Format(timeForm)
	for _, at := range o.times {
		copy(buf[at:], stamp)
	}
	return buf
}
