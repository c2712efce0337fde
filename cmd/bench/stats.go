package main

import (
	"math"
	"slices"
	"time"
)

// brief writes a time with three figures.
func brief(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

func duration(v float64) string { return brief(time.Duration(v)) }

// percentile is the smallest of the sorted values that p of 100 are not above;
// 0 of none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// median of an even number is the mean of the middle two.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// ratio is the median of what the rounds of a have over the rounds of b, each
// beside its own: what the machine does in a round, it does to both.
func ratio(a, b []round, of func(round) float64) float64 {
	var each []float64
	for i := range min(len(a), len(b)) {
		each = append(each, of(a[i])/of(b[i]))
	}
	return median(each)
}

// middle is the median of the rounds alone, for an aside.
func middle(rounds []round, of func(round) float64) float64 {
	var each []float64
	for _, r := range rounds {
		each = append(each, of(r))
	}
	return median(each)
}
