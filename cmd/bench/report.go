package main

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is all that was measured.
type report struct {
	first      time.Duration
	idle, busy memory
	each       float64 // bytes of the store a webhook
	rounds     []round
	calls      []round
}

// print writes the one table: a column for each round, then the median, and
// below what was measured once.
func (r report) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) {
		cells[0] = fmt.Sprintf("%-36s", cells[0]) // the one column that begins at the left
		fmt.Fprintln(w, strings.Join(cells, "\t")+"\t")
	}
	head := []string{"webhooks of 12 KB"}
	for i := range r.rounds {
		head = append(head, fmt.Sprintf("round %d", i+1))
	}
	row(append(head, "median")...)
	for _, l := range lines {
		row(l.cells(r.rounds)...)
	}
	others := []string{"answers other than 200"}
	for _, one := range r.rounds {
		others = append(others, one.others())
	}
	row(append(others, "")...)
	row("bytes of the file a webhook", whole(r.each))
	row("resident memory, idle", r.idle.String())
	row("resident memory, at the end", r.busy.String())
	row("empty folder to the first 200", brief(r.first))
	_ = w.Flush() // to the terminal
	for _, c := range r.calls {
		fmt.Fprintf(out, "POST /api/v1/invitations: %.0f a second, p50 %s, p99 %s, max %s, answers other than 200: %s; %.0f mails a second left meanwhile\n",
			c.rate(), duration(within(50)(c)), duration(within(99)(c)), duration(within(100)(c)), c.others(), float64(c.mails)/c.lasted.Seconds())
	}
	fmt.Fprintln(out, "Every order and every call became one invitation, told once or twice; amino check finds nothing.")
}

func (l line) cells(rounds []round) []string {
	cells := []string{l.name}
	var values []float64
	for _, r := range rounds {
		values = append(values, l.of(r))
		cells = append(cells, l.write(l.of(r)))
	}
	return append(cells, l.write(median(values)))
}

// line is a row of the table: a value for each round, and how it is written.
type line struct {
	name  string
	of    func(round) float64
	write func(float64) string
}

var lines = []line{
	{"answered a second", round.rate, whole},
	{"p50", within(50), duration},
	{"p99", within(99), duration},
	{"max", within(100), duration},
	{"processor time a webhook", func(r round) float64 { return r.each(float64(r.used.cpu)) }, duration},
	{"processor time a webhook of the load", func(r round) float64 { return r.each(float64(r.loader.cpu)) }, duration},
	{"share of the machine that both had", round.share, percent},
	{"bytes written a webhook", func(r round) float64 { return r.each(float64(r.used.written)) }, whole},
	{"bytes to the disk a webhook", func(r round) float64 { return r.each(float64(r.used.stored)) }, whole},
	{"verdicts a second under load", func(r round) float64 { return float64(r.decided) / r.lasted.Seconds() }, whole},
	{"undecided when the load stops", func(r round) float64 { return float64(r.behind) }, whole},
	{"verdict lag after the load", func(r round) float64 { return float64(r.lag) }, duration},
}

func (r round) rate() float64 { return float64(len(r.took)) / r.lasted.Seconds() }

func (r round) each(sum float64) float64 { return sum / float64(len(r.took)) }

func within(p float64) func(round) float64 {
	return func(r round) float64 { return float64(percentile(r.took, p)) }
}

// share tells a slow program from a machine that others use.
func (r round) share() float64 {
	return float64(r.used.cpu+r.loader.cpu) / float64(r.lasted) / float64(runtime.NumCPU())
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

func whole(v float64) string { return fmt.Sprintf("%.0f", v) }

func duration(v float64) string { return brief(time.Duration(v)) }

// brief writes a time with three figures.
func brief(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// percentile is the smallest of the sorted values that p of 100 are not above;
// 0 of none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// median of an even number is the mean of the middle two.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
