package main

import (
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
)

// demoMost is how long the story may take.
const demoMost = 60 * time.Second

// errDemo ends the demo with a code that a script sees.
var errDemo = errors.New("the demo did not show what it promises")

// promise is one thing the demo must have shown.
type promise struct {
	what string
	got  int
	want int
}

// sum prints the table out of the program's own counters, and reports whether
// every promise was kept.
func (d *play) sum(took time.Duration) error {
	if d.ctx.Err() != nil {
		return nil // Ctrl-C is no broken promise
	}
	fault := d.fault
	d.fault = nil // so that the counters can still be read
	s := adminCall[httpapi.AdminStats](d, http.MethodGet, vendorPath(demoSlug, "/stats"), nil)
	kept := fault == nil && d.fault == nil && took <= demoMost
	fmt.Fprintln(d.out)
	w := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	for _, p := range d.promises(s) {
		mark := "ok"
		if p.got < p.want {
			mark, kept = "MISSING", false
		}
		row(w, "  "+p.what, p.got, mark)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\n  %d days in %.0f seconds.\n", int(d.clock().Now.Sub(d.began).Hours()/24), took.Seconds())
	if !kept {
		return errors.Join(errDemo, fault)
	}
	return nil
}

func (d *play) promises(s httpapi.AdminStats) []promise {
	scanned := 0
	if d.scanned {
		scanned = 1
	}
	return []promise{
		{"sent", int(s.Sent), 5},
		{"opened", int(s.Opened), 2},
		{"completed", int(s.Completed), 1},
		{"expired", int(s.Expired), 1},
		{"refused with 429", d.refused, 1},
		{"withdrawn by a refund", d.withdrew, 1},
		{"opted out", d.optedOut, 1},
		{"not invited after the no", int(s.Verdicts[core.OnSuppression]), 1},
		{"scanner that counted nothing", scanned, 1},
	}
}

// since is the program's time, as days and hours of the story.
func (d *play) since() string { return d.storyTime(d.clock().Now) }

func (d *play) storyTime(at time.Time) string {
	gone := at.Sub(d.began)
	return fmt.Sprintf("day %2d  %02d:%02d", int(gone.Hours()/24), int(gone.Hours())%24, int(gone.Minutes())%60)
}

// sayAt tells what happened at another moment than now.
func (d *play) sayAt(at time.Time, format string, args ...any) {
	if d.fault == nil {
		fmt.Fprintf(d.out, "%s  %s\n", d.storyTime(at), fmt.Sprintf(format, args...))
	}
}
