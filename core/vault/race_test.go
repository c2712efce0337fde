//go:build race

package vault_test

// The race detector empties pools at random, so allocations mean nothing under it.
const raceEnabled = true
