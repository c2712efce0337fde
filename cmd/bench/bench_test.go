package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
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
// cooldown of one customer; and each request is signed for what it says.
func TestOrdersDiffer(t *testing.T) {
	shops := []shop{
		{Domain: "bench-0000.myshopify.com", Token: "aaaa", Secret: "one"},
		{Domain: "bench-0001.myshopify.com", Token: "bbbb", Secret: "two"},
	}
	o, err := newOrders(time.Date(2026, 11, 20, 12, 0, 0, 999, time.UTC), shops...)
	if err != nil {
		t.Fatal(err)
	}
	o.sign(5, 1)
	write := o.writer()
	var events []core.Event
	for _, n := range []uint64{1, 987_654_320, 5} {
		s := o.shop(n)
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(write(n))))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(body) || len(body) < 12_000 || len(body) > 13_000 {
			t.Errorf("order %d has %d bytes", n, len(body))
		}
		if req.URL.Path != "/webhooks/shopify/"+s.Token || req.Header.Get("X-Shopify-Shop-Domain") != s.Domain {
			t.Errorf("order %d goes to %s of %s, want the shop %s", n, req.URL.Path, req.Header.Get("X-Shopify-Shop-Domain"), s.Domain)
		}
		if !(shopify.Source{}).Signed([]string{s.Secret}, req.Header.Get, body) {
			t.Errorf("order %d is not signed by its shop", n)
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

// Mixed up, every id of a window still comes once.
func TestMixedOrders(t *testing.T) {
	o := orders{mixed: true}
	seen := map[uint64]bool{}
	for n := uint64(2 * window); n < 3*window; n++ {
		id := o.id(n) - firstOrder
		if id < 2*window || id >= 3*window || seen[id] {
			t.Fatalf("order %d has the id %d, of another window or for the second time", n, id)
		}
		seen[id] = true
	}
}

// A row whose bar is met says so, whichever way the bar is, and one that was not
// measured says why.
func TestTable(t *testing.T) {
	var out strings.Builder
	printTable(&out, []figure{
		{row: 0, part: "beyond", what: "aside", bar: 1, write: times, got: 0.5},
		{row: 2, what: "most", bar: 2, write: times, got: 2.5},
		{row: 1, what: "least", bar: 0.45, atLeast: true, write: percent, got: 0.45, aside: "9/s"},
		{row: 3, what: "gone", bar: 6, atLeast: true, write: times, missing: "no redis-server"},
	})
	want := [][]string{
		{"row", "figure", "bar", "measured", "met?"},
		{"1", "least", "≥ 45 %", "45 %", "yes", "9/s"},
		{"2", "most", "≤ 2.00×", "2.50×", "no"},
		{"3", "gone", "≥ 6.00×", "not measured: no redis-server"},
		{"beyond", "aside", "≤ 1.00×", "0.50×", "yes"},
	}
	var got [][]string
	for line := range strings.Lines(out.String()) {
		got = append(got, regexp.MustCompile(`\s{2,}`).Split(strings.TrimSpace(line), -1))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// Ratios are of rounds side by side: the middle one counts, not the sums.
func TestRatio(t *testing.T) {
	of := func(each ...int) (rounds []round) {
		for _, n := range each {
			rounds = append(rounds, round{answers: answers{took: make([]time.Duration, n), lasted: time.Second}})
		}
		return rounds
	}
	if got := ratio(of(10, 90, 30), of(20, 100, 100), round.rate); got != 0.5 {
		t.Errorf("got %v, want 0.5", got)
	}
}

// A benchmark is found by its whole name.
func TestReadBenchmark(t *testing.T) {
	const out = `goos: linux
BenchmarkHMAC-2              	  150000	      7512 ns/op	       0 B/op	       0 allocs/op
BenchmarkHMACTwice-2         	  150000	     15512 ns/op	       0 B/op	       9 allocs/op
BenchmarkVerifyAndExtract    	   90000	     13000.5 ns/op	 944.61 MB/s	     120 B/op	       4 allocs/op
BenchmarkHMAC-2              	  150000	      7612 ns/op	       0 B/op	       0 allocs/op
`
	ns, allocs := readBenchmark("HMAC", []byte(out))
	if !slices.Equal(ns, []float64{7512, 7612}) || !slices.Equal(allocs, []float64{0, 0}) {
		t.Errorf("got %v and %v", ns, allocs)
	}
	ns, allocs = readBenchmark("VerifyAndExtract", []byte(out))
	if !slices.Equal(ns, []float64{13000.5}) || !slices.Equal(allocs, []float64{4}) {
		t.Errorf("got %v and %v", ns, allocs)
	}
}

// Of the backlogs the one that used least counts, and what the tests do not tell is a
// fault.
func TestPacedFigures(t *testing.T) {
	const out = `=== RUN   TestBacklogOnTime
    late_test.go:250: backlog: pacing=burst answer=100ms hours=25 sends=2340 p50=0s p99=2ms max=2ms used=0.999612
    late_test.go:250: backlog: pacing=smooth answer=1s hours=25 sends=2252 p50=0s p99=0s max=0s used=0.998900
    late_test.go:272: many: vendors=1000 lasts=1m0s sends=4000 p50=3.223326ms p99=10.93552ms max=18.53955ms
`
	got, err := pacedFigures([]byte(out))
	if err != nil || len(got) != 2 {
		t.Fatalf("got %v, %v", got, err)
	}
	if got[0].got != 10_935_520 || !got[0].met() || got[1].got != 0.9989 || got[1].met() {
		t.Errorf("got %v and %v", got[0].cells(), got[1].cells())
	}
	if _, err := pacedFigures([]byte(strings.ReplaceAll(out, "many", "few"))); err == nil {
		t.Error("no word of many vendors is no fault")
	}
}

// A run's speed is taken once the backlog is full, or after its first third, and of
// a part of it alone.
func TestSpeed(t *testing.T) {
	of := func(sent ...int64) (r run) {
		begun := time.Now()
		for i, n := range sent {
			r.marks = append(r.marks, mark{begun.Add(time.Duration(i) * time.Second), n})
		}
		return r
	}
	full := of(7, 7+backlog, 107+backlog, 207+backlog, 307+backlog, 807+backlog)
	slow := of(7, 7, 8, 108, 208, 308)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"all of it", full.whole(), 200},
		{"the last fourth", full.speed(3, 4), 500},
		{"a backlog that never fills", slow.whole(), 100},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}

// The gate holds back what is a backlog ahead, and nothing once it is removed.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, through := newGate(3), make(chan uint64, 9)
		for n := range uint64(9) {
			go func() { g.wait(n); through <- n }()
		}
		for _, step := range []struct {
			open func()
			want int
		}{{func() {}, 3}, {func() { g.open(5) }, 5}, {g.remove, 9}} {
			step.open()
			synctest.Wait()
			if len(through) != step.want {
				t.Fatalf("%d are through, want %d", len(through), step.want)
			}
		}
	})
}

// The ratio is over the faster peer, round by round.
func TestOverBest(t *testing.T) {
	got, _ := overBest([]float64{100, 80, 120}, map[string][]float64{"slow": {10, 10, 10}, "quick": {20, 20, 20}})
	if got != 5 {
		t.Errorf("got %v, want 5", got)
	}
}

func TestLags(t *testing.T) {
	late, err := lags([]int64{100, 0, 300}, map[uint64]int64{7: 150, 9: 290}, 7)
	if err != nil || !slices.Equal(late, []time.Duration{0, 50}) {
		t.Errorf("got %v, %v", late, err)
	}
	if _, err := lags([]int64{100}, map[uint64]int64{}, 7); err == nil {
		t.Error("an order without a verdict is no fault")
	}
}
