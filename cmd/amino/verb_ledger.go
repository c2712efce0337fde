package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"aminobridge/adapters/httpapi"
)

type queueVerb struct {
	List queueList `cmd:"" help:"List the letters that wait, those first that go first."`
}

type queueList struct {
	Vendor string `required:"" placeholder:"SLUG" help:"The vendor."`
	N      int    `short:"n" default:"50" help:"How many at most."`
}

func (queueList) Help() string { return "Example: amino queue list --vendor my-shop --json" }

func (v queueList) Run(s *session) error {
	return show(s, http.MethodGet, vendorPath(v.Vendor, "/queue?n="+strconv.Itoa(v.N)), nil, func(w io.Writer, a httpapi.AdminQueue) {
		row(w, "INVITATION", "ORDER", "LANE", "DUE", "EXPECTED", "ATTEMPTS", "")
		for _, l := range a.Letters {
			now := ""
			if l.Leased {
				now = "on its way"
			}
			row(w, l.Invitation, orDash(l.OrderRef), l.Lane, minute(&l.DueAt), minute(l.ExpectedSendAt), l.Attempts, now)
		}
		tellBudget(w, a.Budget)
		if a.Closed != "" {
			row(w, "closed", a.Closed+"; after mending: amino sender open")
		}
	})
}

func tellBudget(w io.Writer, b httpapi.AdminBudget) {
	row(w, "cap", fmt.Sprintf("%d of %d used in the last hour", b.Live, b.Cap))
}

type eventVerb struct {
	List eventList `cmd:"" help:"List the events with their verdicts, newest first."`
}

type eventList struct {
	Vendor string `required:"" placeholder:"SLUG" help:"The vendor."`
	N      int    `short:"n" default:"50" help:"How many at most."`
	Cursor string `help:"Go on where the last list ended."`
}

func (eventList) Help() string { return "Example: amino event list --vendor my-shop --json" }

func (v eventList) Run(s *session) error {
	q := url.Values{"n": {strconv.Itoa(v.N)}, "cursor": {v.Cursor}}
	return show(s, http.MethodGet, vendorPath(v.Vendor, "/events?"+q.Encode()), nil, func(w io.Writer, a httpapi.AdminEvents) {
		row(w, "RECEIVED", "TOPIC", "ORDER", "VERDICT", "")
		for _, e := range a.Events {
			row(w, minute(&e.ReceivedAt), e.Topic, orDash(e.Order), e.Verdict, e.Sentence+more(e))
		}
		tellNext(w, "--cursor", a.Next)
	})
}

// more is what a verdict has to tell beside its sentence.
func more(e httpapi.AdminEvent) string {
	switch {
	case e.Would != "":
		return " A real one: " + string(e.Would) + "."
	case e.Detail != "":
		return " (" + e.Detail + ")"
	}
	return ""
}

type statsVerb struct {
	Vendor string `required:"" placeholder:"SLUG" help:"The vendor."`
}

func (statsVerb) Help() string { return "Example: amino stats --vendor my-shop --json" }

func (v statsVerb) Run(s *session) error {
	return show(s, http.MethodGet, vendorPath(v.Vendor, "/stats"), nil, func(w io.Writer, a httpapi.AdminStats) {
		row(w, "sent", a.Sent)
		row(w, "opened", a.Opened)
		row(w, "completed", a.Completed)
		row(w, "expired", a.Expired)
		row(w, "visits", a.Visits)
		for _, state := range slices.Sorted(maps.Keys(a.ByState)) {
			row(w, "now "+state.String(), a.ByState[state])
		}
		for _, reason := range slices.Sorted(maps.Keys(a.Verdicts)) {
			row(w, "verdict "+string(reason), a.Verdicts[reason])
		}
		tellBudget(w, a.Budget)
	})
}

type senderVerb struct {
	Show senderShow `cmd:"" help:"Show whether a sender is open, and why not."`
	Open senderOpen `cmd:"" help:"Open a sender after its cause is gone."`
}

// senderName is which sender a person means: the program's own, unless named.
type senderName struct {
	Name string `arg:"" optional:"" help:"resend or mailbox; without it the one that the program was started with."`
}

func (n senderName) path() string {
	if n.Name == "" {
		return "/senders/" + httpapi.OwnSender
	}
	return "/senders/" + url.PathEscape(n.Name)
}

type senderShow struct{ senderName }

func (senderShow) Help() string { return "Example: amino sender show" }

func (v senderShow) Run(s *session) error {
	return show(s, http.MethodGet, v.path(), nil, tellSender)
}

type senderOpen struct{ senderName }

func (senderOpen) Help() string { return "Example: amino sender open" }

func (v senderOpen) Run(s *session) error {
	return show(s, http.MethodPost, v.path()+"/open", nil, tellSender)
}

func tellSender(w io.Writer, a httpapi.AdminSender) {
	row(w, "sender", a.Name)
	if a.Open && len(a.Domains) > 0 {
		row(w, "open", "true, but for a domain:")
	} else {
		row(w, "open", a.Open)
	}
	if !a.Open {
		row(w, "until", minute(a.Until))
		row(w, "cause", a.Cause)
	}
	for _, domain := range slices.Sorted(maps.Keys(a.Domains)) {
		row(w, "closed "+domain, a.Domains[domain])
	}
}

type checkVerb struct{}

func (checkVerb) Help() string { return "Example: amino check --json" }

// errFindings ends `amino check` with a code that a script sees.
var errFindings = errors.New("what is kept differs from what is stored")

func (checkVerb) Run(s *session) error {
	raw, err := s.call(http.MethodGet, "/check", nil)
	if err != nil {
		return err
	}
	var found httpapi.AdminCheck
	if err := json.Unmarshal(raw, &found); err != nil {
		return err
	}
	if s.json {
		fmt.Fprintf(s.out, "%s\n", raw)
	} else {
		tellFindings(s.out, found)
	}
	if !found.OK {
		return errFindings
	}
	return nil
}

func tellFindings(w io.Writer, a httpapi.AdminCheck) {
	if a.OK {
		row(w, "All is well: every counter equals its recount.")
	}
	for _, f := range a.Findings {
		row(w, orDash(f.Vendor), fmt.Sprintf("%s: kept %d, found %d", f.What, f.Kept, f.Found))
	}
}
