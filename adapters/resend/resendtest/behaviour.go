package resendtest

import (
	"net/http"
	"time"
)

// Behaviour is what one call meets. The zero value takes the mail and says so.
type Behaviour struct {
	latency time.Duration
	hold    <-chan struct{}
	after   bool // hold after the mail was taken
	refuse  bool // no mail is made
	answer  answer
}

// answer is what goes back. Status 0 closes the connection without one.
type answer struct {
	set    bool // else: what the call earned
	status int
	name   string
	id     string
	raw    *string // in place of a well-made body
	wait   string  // Retry-After
}

func refusal(status int, name string) answer { return answer{set: true, status: status, name: name} }

func raw(status int, body string) answer { return answer{set: true, status: status, raw: &body} }

// OK takes the mail and says so.
func OK() Behaviour { return Behaviour{} }

// Refuse makes no mail and answers with an error of Resend's form.
func Refuse(status int, name string) Behaviour {
	return Behaviour{refuse: true, answer: refusal(status, name)}
}

// The refusals by name. Those of the key and the account concern every letter,
// those of the domain one sender address, the rest this one letter.
func MissingKey() Behaviour   { return Refuse(http.StatusUnauthorized, "missing_api_key") }
func InvalidKey() Behaviour   { return Refuse(http.StatusForbidden, "invalid_api_key") }
func WrongDomain() Behaviour  { return Refuse(http.StatusForbidden, "validation_error") }
func NotFound() Behaviour     { return Refuse(http.StatusNotFound, "not_found") }
func BlockedUser() Behaviour  { return Refuse(http.StatusUnavailableForLegalReasons, "security_error") }
func WrongField() Behaviour   { return Refuse(http.StatusUnprocessableEntity, "invalid_parameter") }
func RateLimited() Behaviour  { return Refuse(http.StatusTooManyRequests, "rate_limit_exceeded") }
func DailyQuota() Behaviour   { return Refuse(http.StatusTooManyRequests, "daily_quota_exceeded") }
func MonthlyQuota() Behaviour { return Refuse(http.StatusTooManyRequests, "monthly_quota_exceeded") }

// FailBefore fails before the mail is taken; the sender cannot know that.
func FailBefore() Behaviour {
	return Refuse(http.StatusInternalServerError, "internal_server_error")
}

// FailAfter takes the mail and then fails.
func FailAfter() Behaviour {
	return Behaviour{answer: refusal(http.StatusInternalServerError, "application_error")}
}

// DropBefore closes the connection; no mail is made.
func DropBefore() Behaviour { return Behaviour{refuse: true, answer: answer{set: true}} }

// DropAnswer takes the mail and closes the connection without an answer.
func DropAnswer() Behaviour { return Behaviour{answer: answer{set: true}} }

// Truncated takes the mail and answers with half a body.
func Truncated() Behaviour { return Behaviour{answer: raw(http.StatusOK, `{"id":"49a3`)} }

// Empty takes the mail and answers 200 with nothing.
func Empty() Behaviour { return Behaviour{answer: raw(http.StatusOK, "")} }

// Raw takes the mail and answers with this status and body.
func Raw(status int, body string) Behaviour { return Behaviour{answer: raw(status, body)} }

// Hang keeps the call waiting before the mail is taken, until release is closed;
// then it goes on. If the caller leaves first, no mail is made.
func Hang(release <-chan struct{}) Behaviour { return Behaviour{hold: release} }

// TakeAndHang takes the mail first.
func TakeAndHang(release <-chan struct{}) Behaviour { return Behaviour{hold: release, after: true} }

// RetryAfter adds the header: seconds or a date.
func (b Behaviour) RetryAfter(value string) Behaviour {
	b.answer.wait = value
	return b
}

// Slow makes the same take that long, in real time.
func (b Behaviour) Slow(d time.Duration) Behaviour {
	b.latency = d
	return b
}
