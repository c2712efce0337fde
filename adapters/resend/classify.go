package resend

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"aminobridge/core"
)

// classify is the table of DESIGN section 7 for this provider. It returns nil for
// an answer that proves that the mail was taken.
func (w *wire) classify(answer *http.Response, body []byte) *core.SendError {
	r, ok := readReply(body)
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		if ok && len(r.ID) <= 128 && printable(r.ID) {
			return nil
		}
		return &core.SendError{Fault: core.Lost, Status: answer.StatusCode, Detail: unreadable}
	}
	e := &core.SendError{Fault: fault(answer.StatusCode, r.Name), Status: answer.StatusCode, Detail: codeName(r.Name)}
	if e.Fault == core.QuotaUsed {
		e.RetryAfter = untilQuota(answer.Header, r.Name, w.now())
	} else {
		e.RetryAfter = said(answer.Header, w.now())
	}
	return e
}

func fault(status int, name string) core.SendFault {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return core.Rejected
	case http.StatusForbidden:
		// Resend's name for a domain that is not verified, or not yet free to
		// write to everybody; with any other name it is the key.
		if name == "validation_error" {
			return core.DomainShut
		}
		return core.SenderShut
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusUnavailableForLegalReasons:
		return core.SenderShut
	case http.StatusConflict:
		switch name {
		case "concurrent_idempotent_requests":
			return core.InFlight
		case "invalid_idempotent_request":
			return core.KeyMismatch
		}
	case http.StatusTooManyRequests:
		if strings.HasSuffix(name, "_quota_exceeded") {
			return core.QuotaUsed
		}
		return core.RateLimited
	}
	return core.Lost
}

var codeForm = regexp.MustCompile(`^[a-z_0-9]{1,64}$`)

// codeName lets nothing through but a code: a message may hold an address.
func codeName(name string) string {
	if codeForm.MatchString(name) {
		return name
	}
	return "no_code"
}

// longest is how far ahead an answer may send us: further is a fault of theirs,
// and must not silence a sender for a year.
const longest = 31 * 24 * time.Hour

// said is how long the answer asks us to wait; 0 if it does not.
func said(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"Retry-After", "Ratelimit-Reset"} {
		if d := wait(h.Get(name), h.Get("Date"), now); d > 0 {
			return min(d, longest)
		}
	}
	return 0
}

// wait reads seconds or a date. A date is taken against the answer's own Date, so
// that a clock of ours that is off or was moved does not matter.
func wait(value, date string, now time.Time) time.Duration {
	if s, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(s, uint64(longest/time.Second))) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(date); err == nil {
		now = theirs
	}
	return at.Sub(now)
}

// untilQuota is how long a used-up quota lasts. The headers are documented for the
// rate of requests, whose window is a second, and are believed for a quota only
// from a minute on. Else it is an estimate: quotas begin anew with the UTC day or
// month. If that is too early, the provider refuses again, and no letter is hurt.
func untilQuota(h http.Header, name string, now time.Time) time.Duration {
	if d := said(h, now); d >= time.Minute {
		return d
	}
	year, month, day := now.UTC().Date()
	next := time.Date(year, month, day+1, 0, 0, 0, 0, time.UTC)
	if strings.HasPrefix(name, "monthly_") {
		next = time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC)
	}
	return next.Sub(now)
}
