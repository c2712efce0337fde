package main_test

import (
	"strings"

	"aminobridge/adapters/resend/resendtest"
)

// judge ends the world and looks at it from outside: every counter equals its
// recount, the program ends by itself, no letter became two mails, no vendor's
// cap was broken, and nobody's data is in a log.
func (w *world) judge() {
	if out, told, code := w.tryAmino("check"); code != 0 {
		w.t.Errorf("amino check: %s%s", out, told)
	}
	if w.program != nil {
		w.stop()
	}
	w.judgeMails()
	w.judgeLogs()
}

func (w *world) judgeMails() {
	links := map[string]int{}
	byVendor := map[string][]resendtest.Mail{}
	for _, m := range w.provider.Mails() {
		links[m.Link("/review/")]++
		byVendor[m.Tags["vendor"]] = append(byVendor[m.Tags["vendor"]], m)
	}
	for link, n := range links {
		if n > 1 || link == "" {
			w.t.Errorf("%d mails for one letter (I2)", n)
		}
	}
	for vendor, mails := range byVendor {
		if n := resendtest.MaxInHour(mails); n > w.caps[vendor] {
			w.t.Errorf("%d mails in an hour under a cap of %d (I3)", n, w.caps[vendor])
		}
	}
}

// judgeLogs looks for whatever the story knew that a log must not. The marks are
// what the log puts where it stopped a value at the last moment: whoever tried
// to log that is at fault as well.
func (w *world) judgeLogs() {
	marks := []string{"@", "[address]", "[key]", "[token]", "amino_"}
	n := 0
	for _, log := range w.logs {
		for line := range strings.Lines(log.String()) {
			n++
			for _, secret := range append(marks, w.secrets...) {
				if strings.Contains(strings.ToLower(line), strings.ToLower(secret)) {
					w.t.Errorf("a log line holds %q: %s", secret, line)
				}
			}
		}
	}
	if n == 0 {
		w.t.Error("no log was read")
	}
	if w.t.Failed() {
		w.t.Log(w.tail())
	}
}

// tail is the end of what the server and the verbs logged.
func (w *world) tail() string {
	var all strings.Builder
	for _, log := range w.logs {
		all.WriteString(log.String())
	}
	text := all.String()
	return "the end of the log:\n" + text[max(0, len(text)-8000):]
}

// secret notes what no log may hold.
func (w *world) secret(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets = append(w.secrets, texts...)
}
