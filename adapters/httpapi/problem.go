package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
)

// What only HTTP can refuse. Everything else is an error of core.
var (
	errNoKey    = errors.New("no API key")
	errBadKey   = errors.New("unknown API key")
	errScope    = errors.New("the key's scope is too small")
	errEncoding = errors.New("the body has a content encoding")
	errTooLarge = errors.New("the body is too large")
	errFraming  = errors.New("ambiguous framing")
	errNotReady = errors.New("not ready")
)

// internal is all that a caller learns of a fault of ours.
const internal = "internal error"

// answers is the one table from errors to answers. What matches no line is a
// fault of ours.
var answers = []struct {
	err      error
	status   int
	code     string
	sentence string        // "": made from the error by sentenceOf
	retry    time.Duration // 0: the answer has no Retry-After
}{
	{errNoKey, 401, "unauthorized", "Send your API key as Authorization: Bearer amino_….", 0},
	{errBadKey, 401, "unauthorized", "This API key is not valid, or was revoked.", 0},
	{errScope, 403, "forbidden", "This needs an API key of scope manage.", 0},
	{errEncoding, 415, "content_encoding", "Send the body without a content encoding.", 0},
	{errTooLarge, 413, "too_large", "The body is larger than 64 KiB.", 0},
	{errFraming, 400, "bad_framing", "The request's headers can be read in two ways.", 0},
	{core.ErrInvalid, 400, "invalid", "", 0},
	{core.ErrNotFound, 404, "not_found", "There is no such thing.", 0},
	{core.ErrRefusedLink, 404, "link_not_valid", "This link is not valid.", 0},
	{core.ErrAlreadySent, 409, "already_sent", "The mail has left; it cannot be taken back.", 0},
	{core.ErrConflict, 409, "conflict", "It exists already, or was changed since you read it.", 0},
	{core.ErrMismatch, 422, "idempotency_mismatch", "This Idempotency-Key was used with another body.", 0},
	{errNotReady, 503, "not_ready", "The service is not ready.", 5 * time.Second},
	{core.ErrWait, 503, "in_flight", "The mail is on its way; ask again when its attempt has ended.", 5 * time.Second},
	{core.ErrBusy, 503, "busy", "Too much waits already; come again.", 30 * time.Second},
	{core.ErrFull, 503, "full", "Nothing more can be stored.", time.Minute},
	{core.ErrFenced, 503, "unavailable", "It could not be stored; come again.", 5 * time.Second},
	{context.DeadlineExceeded, 503, "unavailable", "It took too long; come again.", 5 * time.Second},
	{context.Canceled, 503, "unavailable", "The service is stopping; come again.", 5 * time.Second},
}

// problem is the body of every refusal: RFC 9457, and the contract's ok and error.
type problem struct {
	OK        bool    `json:"ok" example:"false" doc:"Always false."`
	Sentence  string  `json:"error" example:"email is missing." doc:"What is wrong, in one sentence."`
	Code      string  `json:"code" example:"invalid" doc:"What is wrong, for programs. Codes are added, never changed."`
	Fields    []fault `json:"fields,omitempty" nullable:"false" doc:"Each field that is wrong."`
	Type      string  `json:"type" example:"about:blank"`
	Title     string  `json:"title" example:"Bad Request"`
	Status    int     `json:"status" example:"400"`
	RequestID string  `json:"request_id" doc:"Also in the header X-Request-Id; name it when you ask for help."`

	header http.Header
}

// fault is one field that is wrong. It never holds the value.
type fault struct {
	Field  string `json:"field" example:"email"`
	Code   string `json:"code" example:"required"`
	Detail string `json:"detail" example:"is missing"`
}

func (p *problem) Error() string             { return p.Sentence }
func (p *problem) GetStatus() int            { return p.Status } // GetStatus, GetHeaders and ContentType are huma's names
func (p *problem) GetHeaders() http.Header   { return p.header }
func (p *problem) ContentType(string) string { return "application/problem+json" }

// newProblem turns an error into its answer.
func newProblem(err error, requestID string) *problem {
	p := &problem{Status: 500, Code: "internal", Sentence: internal, header: http.Header{}}
	if row, ok := rowOf(err); ok {
		p.Status, p.Code, p.Sentence = answers[row].status, answers[row].code, answers[row].sentence
		p.Fields = faultsOf(err)
		p.header = headersOf(err, answers[row].retry)
	} else if full, ok := errors.AsType[*core.CapError](err); ok {
		p.Status, p.Code, p.Sentence = 429, "rate_limited", "You have sent as many invitations as one hour may have."
		p.header = headersOf(err, full.RetryAfter)
	} else if e, ok := errors.AsType[*fiber.Error](err); ok && e.Code != 500 {
		p.Status, p.Code = e.Code, codeOf(e.Code)
		p.Sentence = http.StatusText(e.Code) + "."
	}
	if p.Sentence == "" {
		p.Sentence = sentenceOf(p.Fields)
	}
	p.Type, p.Title, p.RequestID = "about:blank", http.StatusText(p.Status), requestID
	return p
}

func rowOf(err error) (int, bool) {
	for i := range answers {
		if errors.Is(err, answers[i].err) {
			return i, true
		}
	}
	return 0, false
}

// codeOf is the code of a status that Fiber answers by itself: 404 is not_found.
func codeOf(status int) string {
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

func headersOf(err error, retry time.Duration) http.Header {
	h := http.Header{}
	if retry > 0 {
		h.Set("Retry-After", strconv.Itoa(retryAfter(retry)))
	}
	if errors.Is(err, errNoKey) {
		h.Set("WWW-Authenticate", `Bearer realm="amino"`)
	}
	if errors.Is(err, errBadKey) {
		h.Set("WWW-Authenticate", `Bearer realm="amino", error="invalid_token"`)
	}
	return h
}

// retryAfter is max(1, t) and at most an hour, after which a place is free in
// any case.
func retryAfter(d time.Duration) int { return min(max(1, seconds(d)), 3600) }

// seconds rounds up, so that whoever waits that long has waited long enough.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// faultsOf collects the field errors of a tree of joined and wrapped errors.
func faultsOf(err error) []fault {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case *core.FieldError:
		return []fault{{e.Field, e.Code, e.Reason}}
	case interface{ Unwrap() error }:
		return faultsOf(e.Unwrap())
	case interface{ Unwrap() []error }:
		var out []fault
		for _, part := range e.Unwrap() {
			out = append(out, faultsOf(part)...)
		}
		return out
	}
	return nil
}

func sentenceOf(fields []fault) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.Field + " " + f.Detail
	}
	if len(parts) == 0 {
		return "The request is not valid."
	}
	return strings.Join(parts, "; ") + "."
}

// refuse turns an error into its answer and logs it whole if the fault is ours.
// The path is not logged: it may hold a link's token.
func refuse(ctx context.Context, log *slog.Logger, err error) *problem {
	id := requestID(ctx)
	p := newProblem(err, id)
	if p.Code == "internal" {
		log.ErrorContext(ctx, "a request failed", "request", id, "error", err)
	}
	return p
}

// ErrorHandler answers for the whole app: problem+json under /api and /admin and
// for clients that ask for JSON, one line of text elsewhere.
func ErrorHandler(log *slog.Logger) fiber.ErrorHandler {
	return func(c *fiber.Ctx, err error) error {
		identify(c) // what fails before the first middleware has no id yet
		p := refuse(c.UserContext(), log, err)
		for name := range p.header {
			c.Set(name, p.header.Get(name))
		}
		if !wantsJSON(c) {
			return c.Status(p.Status).SendString(p.Sentence + "\n")
		}
		return c.Status(p.Status).JSON(p, p.ContentType(""))
	}
}

func wantsJSON(c *fiber.Ctx) bool {
	path := c.Path()
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/admin") ||
		strings.Contains(c.Get(fiber.HeaderAccept), "json")
}
