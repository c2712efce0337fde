package main

import (
	"io"
	"net/http"

	"aminobridge/adapters/httpapi"
)

type clockVerb struct {
	Show    clockShow    `cmd:"" help:"Show the program's time."`
	Advance clockAdvance `cmd:"" help:"Move it ahead; what becomes due is done at once."`
	Next    clockNext    `cmd:"" help:"Move it ahead to the next thing that is due."`
	Trust   clockTrust   `cmd:"" help:"Say that the machine's clock is right after a jump: expiry and retention go on."`
}

type clockShow struct{}

func (clockShow) Help() string { return "Example: amino clock show" }

func (clockShow) Run(s *session) error { return show(s, http.MethodGet, "/clock", nil, tellTime) }

type clockAdvance struct {
	By string `arg:"" help:"How far, like 8d or 90m."`
}

func (clockAdvance) Help() string {
	return "Only on loopback with the mailbox sender; a folder whose clock was moved never takes a real one.\n\nExample: amino clock advance 8d"
}

func (v clockAdvance) Run(s *session) error {
	return show(s, http.MethodPost, "/clock/advance", httpapi.AdminAdvance{By: v.By}, tellTime)
}

type clockNext struct{}

func (clockNext) Help() string { return "Example: amino clock next" }

func (clockNext) Run(s *session) error {
	return show(s, http.MethodPost, "/clock/next", nil, tellTime)
}

type clockTrust struct{}

func (clockTrust) Help() string { return "Example: amino clock trust" }

func (clockTrust) Run(s *session) error {
	return show(s, http.MethodPost, "/clock/trust", nil, tellTime)
}

func tellTime(w io.Writer, a httpapi.AdminTime) {
	row(w, "now", a.Now.Format("2006-01-02 15:04:05Z"))
	row(w, "moved", a.Moved)
	if a.By != "" {
		row(w, "this time by", a.By)
	}
	if a.Why != "" {
		row(w, "not movable", a.Why)
	}
	if !a.Idle {
		row(w, "", "Something is due now, or on its way.")
	}
}
