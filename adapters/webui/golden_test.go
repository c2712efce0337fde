package webui_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the pages to testdata as they are now")

// TestGolden shows every page as it stands in testdata, so that none changes by
// accident. To look at one with its style, run the program.
func TestGolden(t *testing.T) {
	pages := map[string]func(g *guest) answer{
		"form":         func(g *guest) answer { return g.get(g.review) },
		"form-hint":    func(g *guest) answer { return g.get(g.review + "?stars=4") },
		"form-faults":  refusedForm,
		"form-unsaved": unsavedForm,
		"form-edit": func(g *guest) answer {
			g.post(g.review, g.fills("title", "Schöne Bohnen", "text", "Gut.\nSchnell.", "display_name", "Kim"))
			return g.get(g.review)
		},
		"thanks": func(g *guest) answer {
			return g.post(g.review, g.fills("title", "Schöne Bohnen", "text", "Gut.\nSchnell.", "display_name", "Kim"))
		},
		"thanks-anonymous": func(g *guest) answer { return g.post(g.review, g.fills("rating", "1")) },
		"expired":          func(g *guest) answer { g.now = g.now.Add(91 * day); return g.get(g.review) },
		"expired-reviewed": func(g *guest) answer {
			g.post(g.review, g.fills())
			g.now = g.now.Add(91 * day)
			return g.get(g.review)
		},
		"no-such-link": func(g *guest) answer { return g.get("/review/x") },
		"opt-out":      func(g *guest) answer { return g.get(g.optOut) },
		"opted-out":    func(g *guest) answer { return g.post(g.optOut, oneClick) },
	}
	for name, page := range pages {
		t.Run(name, func(t *testing.T) { compare(t, name, page(newWorld(t).sent())) })
	}
	t.Run("opt-out-waits", func(t *testing.T) {
		w := newWorld(t)
		g, _ := w.leased()
		w.mount(time.Millisecond)
		compare(t, "opt-out-waits", g.post(g.optOut, oneClick))
	})
}

func refusedForm(g *guest) answer {
	return g.post(g.review, g.fills("rating", "", "text", "Kept.", "display_name", strings.Repeat("z", 81), "homepage", "x"))
}

func unsavedForm(g *guest) answer {
	g.broken.complete = errors.New("no disk")
	return g.post(g.review, g.fills("rating", "5", "title", "Kept"))
}

// ours are the parts of a page that differ from run to run, or with the style.
var ours = regexp.MustCompile(`(name="stamp" value="|/review/|/assets/[a-z]+-)[A-Za-z0-9_-]+`)

// compare puts a line end after each tag, so that a difference can be read.
func compare(t *testing.T, name string, a answer) {
	t.Helper()
	got := strings.ReplaceAll(ours.ReplaceAllString(a.body, "${1}…"), "><", ">\n<") + "\n"
	file := filepath.Join("testdata", name+".html")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	is, was := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(is), len(was)) {
		if i >= len(is) || i >= len(was) || is[i] != was[i] {
			t.Fatalf("%s, line %d: got\n%s\nwant\n%s\nIf it shall change, run the test with -update.", file, i+1,
				strings.Join(is[min(i, len(is)):], "\n"), strings.Join(was[min(i, len(was)):], "\n"))
		}
	}
}
