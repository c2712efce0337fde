package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

// newLog writes JSON, or colours on a terminal, from a level on. Whatever is logged goes through
// redact: our own lines hold no address, name, key or token, and the errors of
// libraries, which may, do not get past it either.
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	if isTerminal(w) {
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: "15:04:05", ReplaceAttr: redact}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: redact}))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// secrets are the forms of what must not be logged, and what stands in its place.
// What all of a form hold, and how long the shortest is, is looked at first: that
// takes no time, and most lines hold nothing of the kind.
var secrets = []struct {
	holds string
	least int
	form  *regexp.Regexp
	stand string
}{
	{"/", 4, regexp.MustCompile(`/(review|u|webhooks/[a-z]+)/[^\s"'?:][^\s"'?]*`), "/$1/[token]"},
	{"_", 11, regexp.MustCompile(`\b(amino|re|shpss|shpat|shpca|whsec)_[0-9A-Za-z_+/=-]{8,}`), "${1}_[key]"},
	{"@", 3, regexp.MustCompile(`[^\s"'<>(),:;=]+@[^\s"'<>(),:;=]+`), "[address]"},
	{"", 60, regexp.MustCompile(`\b[0-9A-Za-z_-]{60,}`), "[token]"},
}

func scrub(text string) string {
	for _, s := range secrets {
		if len(text) >= s.least && strings.Contains(text, s.holds) {
			text = s.form.ReplaceAllString(text, s.stand)
		}
	}
	return text
}

func redact(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.LevelKey || a.Key == slog.TimeKey) {
		return a
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(scrub(a.Value.String()))
	case slog.KindAny:
		a.Value = slog.StringValue(scrub(fmt.Sprint(a.Value.Any())))
	}
	return a
}
