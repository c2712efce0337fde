// Package storetest is the suite that holds every store to the contract of
// store.Store. A story is one promise, in the words of the contract or of the
// design, and the shortest course of events that shows whether it is kept. After
// each story the store recounts itself and must find no difference (I5).
//
// The suite hides how a vendor, a shop, a call or an attempt is made up; a store
// brings nothing but a way to open it.
package storetest

import (
	"testing"

	"aminobridge/core"
	"aminobridge/store"
)

// Opener opens the store that lies in dir, and makes it if there is none. The
// suite closes it. It opens the same dir again for a restart, with the clock of
// before or one that tells of a new boot, so whatever else the store needs, such
// as its master key, must be the same each time.
type Opener func(t *testing.T, dir string, clock core.Clock) store.Store

// story is one promise. Settings are the vendor's, over those of newWorld.
type story struct {
	promise  string
	settings string
	tell     func(w *world)
}

// Run tells every story to a store of its own.
func Run(t *testing.T, open Opener) {
	for _, chapter := range []struct {
		name    string
		stories []story
	}{
		{"Append", appendStories}, {"Decide", decideStories}, {"Withdraw", withdrawStories}, {"Join", joinStories},
		{"Due", dueStories}, {"Claim", claimStories}, {"Lanes", laneStories}, {"Slots", slotStories},
		{"Round", roundStories}, {"Settle", settleStories}, {"No", noStories}, {"Wanted", wantedStories}, {"Reviewed", reviewedStories},
		{"Accept", acceptStories}, {"Repeat", repeatStories}, {"Admit", admitStories}, {"Read", readStories}, {"Cancel", cancelStories},
		{"Open", openStories}, {"Complete", completeStories}, {"Suppress", suppressStories},
		{"Desk", deskStories}, {"Upkeep", upkeepStories}, {"Clock", clockStories}, {"Drain", drainStories},
	} {
		t.Run(chapter.name, func(t *testing.T) {
			for _, s := range chapter.stories {
				t.Run(s.promise, func(t *testing.T) {
					t.Parallel()
					s.tell(newWorld(t, open, s.settings))
				})
			}
		})
	}
}
