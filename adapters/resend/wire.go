package resend

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"aminobridge/core"
)

// maxAnswer bounds what is read of an answer; a good one has 50 bytes.
const maxAnswer = 64 << 10

// Details of ours, beside the provider's names, for answers that have none.
const (
	notReached = "not_reached"
	answerLost = "answer_lost"
	unreadable = "unreadable_answer"
)

// wire sits between the library and the network. It passes on an answer only if
// that is a success with an id; everything else becomes a *core.SendError, which
// the library hands through unread. So the library never follows a redirect, and
// never decides what an answer means.
type wire struct {
	next http.RoundTripper
	now  func() time.Time
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var seen progress
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), seen.trace()))
	answer, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, seen.fault()
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	_ = answer.Body.Close()
	if err != nil || len(body) > maxAnswer {
		// A refusal cut short lacks its name, and to take it for the wrong one
		// could close the sender; in doubt the letter is only tried again.
		return nil, &core.SendError{Fault: core.Lost, Status: answer.StatusCode, Detail: unreadable}
	}
	if fault := w.classify(answer, body); fault != nil {
		return nil, fault
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// progress is how far a request came.
type progress struct{ asked, left atomic.Bool }

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:          func(string) { p.asked.Store(true) },
		WroteHeaderField: func(string, []string) { p.left.Store(true) },
		WroteHeaders:     func() { p.left.Store(true) },
	}
}

// fault says that nothing left only if the transport is one that tells (it asked
// for a connection) and did not tell of a header. A dial that fails and a broken
// handshake come before the first header; a reused connection that dies under
// the request comes after it.
func (p *progress) fault() *core.SendError {
	if p.asked.Load() && !p.left.Load() {
		return &core.SendError{Fault: core.Unreachable, Detail: notReached}
	}
	return &core.SendError{Fault: core.Lost, Detail: answerLost}
}

// reply is what we read of an answer, good or bad.
type reply struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func readReply(body []byte) (r reply, ok bool) {
	err := json.Unmarshal(body, &r)
	return r, err == nil
}
