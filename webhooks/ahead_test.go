package webhooks_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/shopify"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
	"aminobridge/webhooks"
)

// ages is a slip of a shop's clock.
var ages = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func at(when time.Time) func(*shopifytest.Order) {
	return func(o *shopifytest.Order) { o.At = when }
}

// TestAheadOfTimeIsNow: an order of the year 9999 is due as if it were of today,
// and its withdrawal of today is the later of the two.
func TestAheadOfTimeIsNow(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Fulfilled, 0, at(ages))
	letters, err := w.store.Letters(t.Context(), w.vendor, 10)
	w.must(err)
	if len(letters) != 1 || !letters[0].Due.Equal(now.Add(core.DefaultSettings().Delay)) {
		t.Fatalf("the queue is %+v, want one letter due a delay after the webhook came", letters)
	}
	w.by(shopifytest.Cancelled, 0, at(w.clock.Now()))
	w.want(0, core.Invited, core.OrderCancelled)
}

// TestWithdrawnAheadOfTime: a withdrawal keeps its time, however far ahead the
// shop's clock runs, or a fulfilment from before it could seem to be newer.
func TestWithdrawnAheadOfTime(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Fulfilled, 0, at(now.Add(24*time.Hour-time.Minute)))
	w.by(shopifytest.Cancelled, 0, at(now.Add(24*time.Hour+time.Minute)))
	w.want(0, core.Invited, core.OrderCancelled)
}

// TestWithdrawnAheadOfTimeFirst: the same, with the cancellation delivered first.
func TestWithdrawnAheadOfTimeFirst(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Cancelled, 0, at(now.AddDate(1, 0, 0)))
	w.clock.Pass(time.Minute)
	w.by(shopifytest.Fulfilled, 0, at(now.AddDate(1, 0, 0).Add(-time.Hour)))
	w.want(0, core.WithdrawalNoted, core.WithdrawnBefore)
}

// TestADayAheadIsBelieved: clocks differ, and zones are forgotten.
func TestADayAheadIsBelieved(t *testing.T) {
	delay := core.DefaultSettings().Delay
	for ahead, due := range map[time.Duration]time.Duration{
		-time.Hour:                 delay - time.Hour,
		24 * time.Hour:             delay + 24*time.Hour,
		24*time.Hour + time.Second: delay,
	} {
		w := begin(t)
		w.by(shopifytest.Fulfilled, 0, at(now.Add(ahead)))
		letters, err := w.store.Letters(t.Context(), w.vendor, 10)
		w.must(err)
		if len(letters) != 1 || !letters[0].Due.Equal(now.Add(due)) {
			t.Errorf("%s ahead: the queue is %+v, want one letter due in %s", ahead, letters, due)
		}
	}
}

// TestAheadOfTimeToldAgain: the same bytes are the same telling, also if the time
// in them is a slip: they bring nothing back that was withdrawn since.
func TestAheadOfTimeToldAgain(t *testing.T) {
	w := begin(t)
	w.by(shopifytest.Fulfilled, 0, at(ages))
	w.by(shopifytest.Cancelled, 0, at(w.clock.Now()))
	w.clock.Pass(time.Hour)
	w.by(shopifytest.Fulfilled, 0, at(ages))
	w.want(0, core.Invited, core.OrderCancelled)
}

// TestBodiesOfEverySize: the server lets through what a webhook refuses in words of
// its own, who asks first, and nothing beyond that.
func TestBodiesOfEverySize(t *testing.T) {
	const most, whole = 1 << 20, 1<<20 + 64<<10
	a := httpapi.App(slog.New(slog.DiscardHandler))
	m := &memory{}
	webhooks.Mount(a, webhooks.Handler{
		Sources: []webhooks.Source{shopify.Source{}}, Store: m, Nudge: func() {},
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	for _, c := range []struct {
		name, token string
		size        int
		status      int
		says        string
	}{
		{"a MiB", "t0ken", most, 200, ""},
		{"a byte more", "t0ken", most + 1, 413, "larger than 1 MiB"},
		{"a byte more, for nobody", "other", most + 1, 404, "no such webhook address"},
		{"all that the server takes", "t0ken", whole, 413, "larger than 1 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			topic, body := shopifytest.Fulfilled(sample)
			body = append(body, strings.Repeat(" ", c.size-len(body))...)
			res, text := post(t, a, "/webhooks/shopify/"+c.token, shopifytest.Header(topic, "new", body), body)
			if res.StatusCode != c.status || !strings.Contains(text, c.says) {
				t.Errorf("got %d %q, want %d %q", res.StatusCode, text, c.status, c.says)
			}
		})
	}
	if len(m.events) != 1 || m.events[0].Kind != core.Fulfilled {
		t.Errorf("kept %d events, want the one whose body is not too large", len(m.events))
	}
}
