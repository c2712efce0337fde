package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// How long a backlog lasts in virtual time: a full day of rounds, and one more.
const backlogHours = 25

// paced measures row 15 by the tests of core/queue, which hold the log of a provider
// that answers at once to the rule, written down again: in virtual time how many of
// its slots a backlog uses, in real time and on the disk how late letters leave.
// They fail when a letter leaves too soon, or too many in an hour.
func (p *plan) paced(ctx context.Context) ([]figure, error) {
	p.say("row 15: go test ./core/queue, %d virtual hours and %s", backlogHours, p.onTime)
	test := exec.CommandContext(ctx, "go", "test", "aminobridge/core/queue", "-run", "^(TestBacklogOnTime|TestManyOnTime)$", "-v", "-count", "1",
		"-timeout", (p.onTime + 10*time.Minute).String(), "-args", "-hours", strconv.Itoa(backlogHours), "-real", p.onTime.String())
	test.Env = append(os.Environ(), "TMPDIR="+p.dir) // where the store's file is
	out, err := test.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test: %w\n%s", err, out)
	}
	return pacedFigures(out)
}

// pacedFigures reads what the tests printed.
func pacedFigures(out []byte) ([]figure, error) {
	backlogs, many := readRuns("backlog", out), readRuns("many", out)
	if len(backlogs) == 0 || len(many) != 1 {
		return nil, fmt.Errorf("the tests of core/queue did not tell of backlogs and of many vendors:\n%s", out)
	}
	m := many[0]
	late := figure{row: 15, part: "a", what: fmt.Sprintf("%s vendors, paced smoothly for %s: how late letters leave, p99", m["vendors"], m["lasts"]), bar: float64(250 * time.Millisecond), write: duration}
	took, err := time.ParseDuration(m["p99"])
	if err != nil {
		return nil, err
	}
	late.got, late.aside = float64(took), fmt.Sprintf("p50 %s, at most %s, of %s letters; we aim at 50ms", short(m["p50"]), short(m["max"]), m["sends"])
	used := figure{row: 15, part: "b", what: fmt.Sprintf("a backlog of %d virtual hours: slots used of P·3600/(3602 + d)", backlogHours), bar: 0.999, atLeast: true, write: finely, got: 1}
	var each []string
	for _, b := range backlogs {
		part, err := strconv.ParseFloat(b["used"], 64)
		if err != nil {
			return nil, err
		}
		used.got = min(used.got, part)
		each = append(each, fmt.Sprintf("%s, d = %s: p99 %s late", b["pacing"], b["answer"], short(b["p99"])))
	}
	used.aside = "the least of " + strings.Join(each, "; ") + "; we aim at 99.95 %"
	return []figure{late, used}, nil
}

// readRuns are the lines with the name and pairs like p99=3ms.
func readRuns(name string, out []byte) (runs []map[string]string) {
	pair := regexp.MustCompile(`(\w+)=(\S+)`)
	for line := range strings.Lines(string(out)) {
		_, said, ok := strings.Cut(line, ": "+name+": ")
		if !ok {
			continue
		}
		run := map[string]string{}
		for _, m := range pair.FindAllStringSubmatch(said, -1) {
			run[m[1]] = m[2]
		}
		runs = append(runs, run)
	}
	return runs
}

// short writes a time as briefly as all others in the table.
func short(text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		return text
	}
	return brief(d)
}

func finely(v float64) string { return fmt.Sprintf("%.3f %%", 100*v) }
