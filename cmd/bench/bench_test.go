package main

import (
	"encoding/json"
	"testing"
	"time"

	"aminobridge/adapters/shopify"
	"aminobridge/core"
)

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		name string
		of   []time.Duration
		p    float64
		want time.Duration
	}{
		{"of none", nil, 50, 0},
		{"of one", hundred[:1], 99, 1},
		{"the lowest", hundred, 0, 1},
		{"half", hundred, 50, 50},
		{"half of three", hundred[:3], 50, 2},
		{"99 of 100", hundred, 99, 99},
		{"a part of one counts as one", hundred, 99.1, 100},
		{"all", hundred, 100, 100},
	} {
		if got := percentile(c.of, c.p); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{nil, 0}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.of); got != c.want {
			t.Errorf("of %v: got %v, want %v", c.of, got, c.want)
		}
	}
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 999: "999ns", 1234567: "1.23ms", 9_999_999: "10ms", 12*time.Second + 345*time.Millisecond: "12.3s"} {
		if got := brief(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

// Orders differ in all that intake looks at, or they would be repeats, or in the
// cooldown of one customer.
func TestOrdersDiffer(t *testing.T) {
	o, err := newOrders(time.Date(2026, 11, 20, 12, 0, 0, 999, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var events []core.Event
	for _, n := range []uint64{1, 987_654_321} {
		body := o.write(nil, n)
		if !json.Valid(body) || len(body) < 12_000 || len(body) > 13_000 {
			t.Fatalf("order %d has %d bytes", n, len(body))
		}
		events = append(events, shopify.Source{}.Decode(o.topic, func(string) string { return "" }, body))
	}
	a, b := events[0], events[1]
	if a.Kind != core.Fulfilled || !a.IsFulfilled || a.Email == "" || a.At.IsZero() {
		t.Errorf("got %+v", a)
	}
	if a.Order == b.Order || a.OrderName == b.OrderName || a.Email == b.Email || a.At.Equal(b.At) {
		t.Errorf("%+v and %+v are alike", a, b)
	}
}
