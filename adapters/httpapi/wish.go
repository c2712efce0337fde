package httpapi

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"aminobridge/core"
	"aminobridge/core/intake"
)

const (
	maxName     = 200
	maxOrderRef = 128
	maxKey      = 256
	// maxWait is how far ahead a mail may be wanted: as far as a vendor's delay may
	// reach, so more is a slip of the caller's.
	maxWait = 365 * 24 * time.Hour
)

// known are the members of a body that mean something. All others are ignored.
var known = map[string]bool{"email": true, "name": true, "order_ref": true, "send_at": true, "delay_days": true, "lane": true}

// wish is what a POST asks for, by its body and headers.
type wish struct {
	ask   core.Ask
	whole bool // return=representation
	later bool // it waits in a paced lane and is answered 202
}

// readWish reads a POST tolerantly, as the contract has it. Its error joins a
// *core.FieldError for each field that is wrong.
func readWish(body []byte, now time.Time, keys, prefer []string) (wish, error) {
	m, err := readObject(body)
	if err != nil {
		return wish{}, errors.Join(err, checkKey(keys))
	}
	w := wish{ask: core.Ask{Lane: core.Direct, Delay: -1, BodyHash: sha256.Sum256(body)}}
	w.whole, w.later = preferred(prefer)
	err = errors.Join(w.readWho(m), w.readWhen(m, now), checkKey(keys))
	if len(keys) > 0 {
		w.ask.IdempotencyKey = keys[0]
	}
	return w, err
}

func (w *wish) readWho(m members) error {
	email, errEmail := required(m, "email")
	name, errName := required(m, "name")
	ref, errRef := orderRef(m["order_ref"])
	if errEmail == nil {
		w.ask.Email, errEmail = intake.Address(email)
	}
	if errName == nil && utf8.RuneCountInString(name) > maxName {
		errName = &core.FieldError{Field: "name", Code: "too_long", Reason: "must have at most 200 characters"}
	}
	w.ask.Name, w.ask.OrderRef = name, ref
	return errors.Join(errEmail, errName, errRef)
}

// readWhen reads what moves a call out of the direct lane.
func (w *wish) readWhen(m members, now time.Time) error {
	lane, errLane := paced(m["lane"])
	at, errAt := sendAt(m["send_at"], now)
	delay, errDelay := delayDays(m["delay_days"])
	if errAt == nil && errDelay == nil && !at.IsZero() && delay >= 0 {
		errDelay = &core.FieldError{Field: "delay_days", Code: "conflict", Reason: "cannot be given together with send_at"}
	}
	w.later = w.later || lane != 0 || !at.IsZero() || delay >= 0
	if w.later {
		w.ask.Lane, w.ask.SendAt, w.ask.Delay = core.Orders, at, delay
	}
	if lane != 0 {
		w.ask.Lane = lane
	}
	return errors.Join(errLane, errAt, errDelay)
}

// required reads text that must be there and not blank.
func required(m members, field string) (string, error) {
	if absent(m[field]) {
		return "", &core.FieldError{Field: field, Code: "required", Reason: "is missing"}
	}
	text, ok := textOf(m[field])
	if !ok {
		return "", &core.FieldError{Field: field, Code: "invalid", Reason: "must be text"}
	}
	if strings.TrimSpace(text) == "" {
		return "", &core.FieldError{Field: field, Code: "required", Reason: "must not be blank"}
	}
	return text, nil
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func textOf(raw json.RawMessage) (text string, ok bool) {
	return text, len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil
}

func isNumber(raw json.RawMessage) bool {
	return raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'
}

// orderRef keeps a number as it was written: an id of 64 bits would lose digits
// as a float.
func orderRef(raw json.RawMessage) (string, error) {
	if absent(raw) {
		return "", nil
	}
	ref, ok := textOf(raw)
	if !ok && isNumber(raw) {
		ref, ok = string(raw), true
	}
	if !ok {
		return "", &core.FieldError{Field: "order_ref", Code: "invalid", Reason: "must be text or a number"}
	}
	if utf8.RuneCountInString(ref) > maxOrderRef {
		return "", &core.FieldError{Field: "order_ref", Code: "too_long", Reason: "must have at most 128 characters"}
	}
	return ref, nil
}

func paced(raw json.RawMessage) (core.Lane, error) {
	if absent(raw) {
		return 0, nil
	}
	text, _ := textOf(raw)
	lane, err := core.ParseLane(text)
	if err != nil || !lane.Paced() {
		return 0, &core.FieldError{Field: "lane", Code: "unknown", Reason: "must be orders or bulk; leave it out for a direct call"}
	}
	return lane, nil
}

func sendAt(raw json.RawMessage, now time.Time) (time.Time, error) {
	if absent(raw) {
		return time.Time{}, nil
	}
	text, _ := textOf(raw)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.After(now.Add(maxWait)) {
		return time.Time{}, &core.FieldError{Field: "send_at", Code: "invalid", Reason: "must be a time like 2026-11-22T09:00:00Z, at most 365 days ahead"}
	}
	if at.Before(now) { // the zero time among them, which would mean that none was given
		at = now
	}
	return core.Micro(at), nil
}

// delayDays is negative if there is none: the vendor's delay holds then.
func delayDays(raw json.RawMessage) (time.Duration, error) {
	if absent(raw) {
		return -1, nil
	}
	var days uint16
	if err := json.Unmarshal(raw, &days); err != nil || days > 365 {
		return -1, &core.FieldError{Field: "delay_days", Code: "invalid", Reason: "must be a whole number from 0 to 365"}
	}
	return time.Duration(days) * 24 * time.Hour, nil
}

// checkKey wants an Idempotency-Key to be one of visible ASCII characters.
func checkKey(keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	visible := strings.IndexFunc(keys[0], func(r rune) bool { return r <= ' ' || r > '~' }) < 0
	if len(keys) > 1 || keys[0] == "" || len(keys[0]) > maxKey || !visible {
		return &core.FieldError{Field: "Idempotency-Key", Code: "invalid", Reason: "must be 1 to 256 visible characters, once"}
	}
	return nil
}

// preferred reads the Prefer headers (RFC 7240): of a preference told twice the
// first counts, and what we do not know is ignored.
func preferred(headers []string) (whole, later bool) {
	told := false
	for part := range strings.SplitSeq(strings.ToLower(strings.Join(headers, ",")), ",") {
		part, _, _ = strings.Cut(part, ";")
		name, value, _ := strings.Cut(part, "=")
		switch strings.TrimSpace(name) {
		case "return":
			whole = whole || !told && strings.Trim(value, ` "`) == "representation"
			told = true
		case "respond-async":
			later = true
		}
	}
	return whole, later
}
