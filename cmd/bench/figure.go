package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// bench is what every row needs: the program built, a folder that is removed at
// the end, and how long and with how much to load.
type bench struct {
	dir                 string
	bin                 string    // amino, built
	out                 io.Writer // progress, a line for each thing that begins
	connections, rounds int
	seconds             time.Duration // of a round
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.out, format+"\n", args...) }

// figure is one line of the table: what was measured beside its bar. A row of the
// table may have several, told apart by part.
type figure struct {
	row     int // 0: beside the table
	part    string
	what    string
	bar     float64
	atLeast bool // the bar is the least that meets it, else the most
	got     float64
	write   func(float64) string
	aside   string // absolute figures, which hold for one machine on one day
	missing string // why it was not measured
}

func (f figure) met() bool {
	return f.missing == "" && (f.got == f.bar || f.atLeast == (f.got > f.bar))
}

// cells are the line as the table writes it.
func (f figure) cells() []string {
	name := fmt.Sprint(f.row, f.part)
	if f.row == 0 {
		name = f.part
	}
	sign, met := "≤ ", "no"
	if f.atLeast {
		sign = "≥ "
	}
	if f.met() {
		met = "yes"
	}
	if f.missing != "" {
		return []string{name, f.what, sign + f.write(f.bar), "not measured: " + f.missing, "", ""}
	}
	return []string{name, f.what, sign + f.write(f.bar), f.write(f.got), met, f.aside}
}

// printTable writes the figures in the order of their rows, those beside the
// table last.
func printTable(out io.Writer, figures []figure) {
	sorted := slices.Clone(figures)
	slices.SortStableFunc(sorted, func(a, b figure) int {
		return cmp.Or(-cmp.Compare(min(a.row, 1), min(b.row, 1)), cmp.Compare(a.row, b.row))
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "row\tfigure\tbar\tmeasured\tmet?\t")
	for _, f := range sorted {
		fmt.Fprintln(w, strings.Join(f.cells(), "\t"))
	}
	_ = w.Flush() // to the terminal
}

func times(v float64) string { return fmt.Sprintf("%.2f×", v) }

func percent(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }

func rate(v float64) string { return fmt.Sprintf("%.0f/s", v) }

func kilobytes(v float64) string { return fmt.Sprintf("%.2f KB", v/1000) }
