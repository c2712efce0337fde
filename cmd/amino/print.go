package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// show calls the admin API and prints its answer: as it is with --json, else by
// tell.
func show[T any](s *session, method, path string, in any, tell func(w io.Writer, answer T)) error {
	raw, err := s.call(method, path, in)
	if err != nil {
		return err
	}
	if s.json {
		_, err := fmt.Fprintf(s.out, "%s\n", raw)
		return err
	}
	var answer T
	if err := json.Unmarshal(raw, &answer); err != nil {
		return err
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	tell(w, answer)
	return w.Flush()
}

// row writes one line of aligned text.
func row(w io.Writer, cells ...any) {
	for i, c := range cells {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, c)
	}
	fmt.Fprintln(w)
}

// minute writes a time for people; "-" for one that is not.
func minute(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// orDash writes text that may be missing.
func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
