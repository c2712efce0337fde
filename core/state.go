package core

import "fmt"

// State is where an invitation stands.
type State uint8

const (
	Scheduled  State = iota + 1 // its first letter waits in the queue, or is on its way
	Sent                        // the provider took the first letter
	Opened                      // a person saw the page
	Completed                   // a review was submitted; final
	Expired                     // no review in time; final
	Cancelled                   // withdrawn before it was sent; resting
	Suppressed                  // the address must not be written to; resting
	Failed                      // the provider refuses the letter for good; resting
	Unknown                     // handed over, answer lost, too late to ask again; resting
)

var stateNames = [...]string{
	Scheduled: "scheduled", Sent: "sent", Opened: "opened", Completed: "completed", Expired: "expired",
	Cancelled: "cancelled", Suppressed: "suppressed", Failed: "failed", Unknown: "unknown",
}

// transitions is the one table of what may follow what.
//
// The way back to Scheduled is revival by a new call or a newer fulfilment
// (cancelled, failed), unsuppressing, or a person's release (failed, unknown).
// The way from resting to Sent is proof of sending: a late 2xx, the provider's
// event, or a person who opened the link. The way to Completed is a review by
// the link, from anywhere but the end.
var transitions = map[State][]State{
	Scheduled:  {Sent, Opened, Completed, Cancelled, Suppressed, Failed, Unknown},
	Sent:       {Opened, Completed, Expired},
	Opened:     {Completed, Expired},
	Completed:  {},
	Expired:    {},
	Cancelled:  {Scheduled, Completed},
	Suppressed: {Scheduled, Completed},
	Failed:     {Scheduled, Completed, Suppressed},
	Unknown:    {Scheduled, Sent, Opened, Completed, Suppressed},
}

// May reports whether an invitation in state s may pass to state to.
func (s State) May(to State) bool {
	for _, t := range transitions[s] {
		if t == to {
			return true
		}
	}
	return false
}

// Final reports whether nothing follows s.
func (s State) Final() bool { return s == Completed || s == Expired }

// Resting reports whether s is left only by revival, release, unsuppressing,
// proof of sending or a review.
func (s State) Resting() bool { return s >= Cancelled }

func (s State) String() string { return name(stateNames[:], s) }

// ParseState reads the name of a state.
func ParseState(text string) (State, error) { return parse[State](stateNames[:], "state", text) }

func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
func (s *State) UnmarshalText(b []byte) (err error) {
	*s, err = ParseState(string(b))
	return err
}

// Lane says who goes first inside the cap.
type Lane uint8

const (
	Direct Lane = iota + 1 // a plain REST call
	Orders                 // webhooks, and REST calls that asked to wait
	Bulk                   // imports and backfills
)

var laneNames = [...]string{Direct: "direct", Orders: "orders", Bulk: "bulk"}

// Paced reports whether the lane waits for vt, hours and cooldown.
func (l Lane) Paced() bool { return l != Direct }

func (l Lane) String() string { return name(laneNames[:], l) }

// ParseLane reads the name of a lane.
func ParseLane(text string) (Lane, error) { return parse[Lane](laneNames[:], "lane", text) }

func (l Lane) MarshalText() ([]byte, error) { return []byte(l.String()), nil }
func (l *Lane) UnmarshalText(b []byte) (err error) {
	*l, err = ParseLane(string(b))
	return err
}

// Kind is which mail of an invitation a letter is.
type Kind uint8

const (
	First Kind = iota + 1
	Reminder
)

var kindNames = [...]string{First: "first", Reminder: "reminder"}

func (k Kind) String() string               { return name(kindNames[:], k) }
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

func name[T ~uint8](names []string, v T) string {
	if int(v) < len(names) && names[v] != "" {
		return names[v]
	}
	return fmt.Sprintf("%T(%d)", v, uint8(v))
}

func parse[T ~uint8](names []string, field, text string) (T, error) {
	for i, n := range names {
		if n != "" && n == text {
			return T(i), nil
		}
	}
	return 0, &FieldError{Field: field, Code: "unknown", Reason: "must be one of " + list(names)}
}

func list(names []string) string {
	out := ""
	for _, n := range names {
		if n == "" {
			continue
		}
		if out != "" {
			out += ", "
		}
		out += n
	}
	return out
}
