package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// verifying measures row 14 by the benchmarks beside the code: they run the
// handler's own part of a webhook without HTTP.
func (b *bench) verifying(ctx context.Context) ([]figure, error) {
	b.say("row 14: go test ./adapters/shopify -bench")
	var out []byte
	for range max(5, b.rounds) { // with -count, each of the two would have all of its runs at once
		one, err := exec.CommandContext(ctx, "go", "test", "aminobridge/adapters/shopify", "-run", "^$", "-bench", "^(BenchmarkHMAC|BenchmarkVerifyAndExtract)$",
			"-benchmem", "-benchtime", "0.5s", "-count", "1").CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("go test -bench: %w\n%s", err, one)
		}
		out = append(out, one...)
	}
	hmac, _ := readBenchmark("HMAC", out)
	both, allocs := readBenchmark("VerifyAndExtract", out)
	if len(hmac) == 0 || len(hmac) != len(both) {
		return nil, errors.Join(errors.New("adapters/shopify has not both benchmarks, of the HMAC alone and of verify and extract"), errors.New(string(out)))
	}
	var each []float64
	for i := range both {
		each = append(each, both[i]/hmac[i])
	}
	return []figure{
		{row: 14, part: "a", what: "verify and extract 12 KB: time over the HMAC alone", bar: 2, write: times, got: median(each),
			aside: fmt.Sprintf("%.1f over %.1f µs", median(both)/1000, median(hmac)/1000)},
		{row: 14, part: "b", what: "verify and extract: allocations in the handler's own code", bar: 10, write: count, got: median(allocs)},
	}, nil
}

func count(v float64) string { return fmt.Sprintf("%.0f", v) }

// readBenchmark reads what go test printed of one benchmark: nanoseconds and
// allocations of each run.
func readBenchmark(name string, out []byte) (ns, allocs []float64) {
	form := regexp.MustCompile(`(?m)^Benchmark` + name + `(?:-\d+)?\s+\d+\s+([\d.]+) ns/op.*?(\d+) allocs/op`)
	for _, m := range form.FindAllSubmatch(out, -1) {
		n, _ := strconv.ParseFloat(string(m[1]), 64)
		a, _ := strconv.ParseFloat(string(m[2]), 64)
		ns, allocs = append(ns, n), append(allocs, a)
	}
	return ns, allocs
}
