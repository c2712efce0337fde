package resendtest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// ServeHTTP is POST /emails.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	m, fault := read(body)
	m.Key = key
	index := f.begin(key, m.To)
	if refused := f.admit(r, key, fault); refused.set {
		f.end(index, refused.status, false)
		refused.write(w)
		return
	}
	b := f.next()
	if !pause(r, b.latency) {
		f.end(index, 0, false)
		return
	}
	a, took := f.play(r, b, m, sha256.Sum256(body))
	f.end(index, a.status, took)
	a.write(w)
}

// play is the call behind the door: what the key is worth, and what the script
// says happens to it.
func (f *Fake) play(r *http.Request, b Behaviour, m Mail, body [32]byte) (a answer, took bool) {
	if b.refuse {
		return b.answer, false
	}
	a, known := f.claim(m.Key, body)
	if a.status == http.StatusConflict {
		return a, false
	}
	if !b.after && !held(r, b.hold) {
		if !known {
			f.leave(m.Key)
		}
		return answer{}, false
	}
	if !known {
		a, took = answer{status: http.StatusOK, id: f.take(m)}, true
	}
	if b.after && !held(r, b.hold) {
		return answer{}, took
	}
	if b.answer.set {
		return b.answer, took
	}
	return a, took
}

// admit checks what Resend checks before it looks at the key's history.
func (f *Fake) admit(r *http.Request, key, fault string) answer {
	f.mu.Lock()
	want := f.apiKey
	f.mu.Unlock()
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case r.Header.Get("User-Agent") == "":
		return raw(http.StatusForbidden, "error code: 1010")
	case r.URL.Path != "/emails":
		return refusal(http.StatusNotFound, "not_found")
	case r.Method != http.MethodPost:
		return refusal(http.StatusMethodNotAllowed, "method_not_allowed")
	case !ok || bearer == "":
		return refusal(http.StatusUnauthorized, "missing_api_key")
	case want != "" && bearer != want:
		return refusal(http.StatusForbidden, "invalid_api_key")
	case len(key) > 256:
		return refusal(http.StatusBadRequest, "invalid_idempotency_key")
	case fault != "":
		return refusal(http.StatusUnprocessableEntity, fault)
	}
	return answer{}
}

// request is the body that Resend documents.
type request struct {
	From, Subject, HTML, Text string
	To                        []string
	ReplyTo                   string `json:"reply_to"`
	Headers                   map[string]string
	Tags                      []struct{ Name, Value string }
}

var tagForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// read returns the mail, or Resend's name for what is wrong with it.
func read(body []byte) (m Mail, fault string) {
	var q request
	if err := json.Unmarshal(body, &q); err != nil || len(q.To) == 0 || len(q.To) > 50 {
		return m, "missing_required_field"
	}
	m = Mail{
		From: q.From, To: strings.Join(q.To, ", "), ReplyTo: q.ReplyTo, Subject: q.Subject,
		HTML: q.HTML, Text: q.Text, Headers: q.Headers, Tags: map[string]string{}, Links: linksOf(q.Text),
	}
	for _, t := range q.Tags {
		if !tagForm.MatchString(t.Name) || !tagForm.MatchString(t.Value) {
			return m, "invalid_parameter"
		}
		m.Tags[t.Name] = t.Value
	}
	for name, value := range q.Headers {
		if strings.ContainsAny(name+value, "\r\n") {
			return m, "invalid_parameter"
		}
	}
	if _, err := mail.ParseAddress(q.From); err != nil {
		return m, "invalid_from_address"
	}
	if q.Subject == "" || q.HTML == "" && q.Text == "" {
		return m, "missing_required_field"
	}
	return m, ""
}

// pause waits the latency out, or until the caller leaves.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// held waits for release, if there is one; false means that the caller left.
func held(r *http.Request, release <-chan struct{}) bool {
	if release == nil {
		return true
	}
	select {
	case <-release:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (a answer) write(w http.ResponseWriter) {
	if a.status == 0 {
		// The one way for a handler to close the connection without an answer.
		panic(http.ErrAbortHandler)
	}
	if a.wait != "" {
		w.Header().Set("Retry-After", a.wait)
	}
	var body bytes.Buffer
	switch {
	case a.raw != nil:
		body.WriteString(*a.raw)
	case a.status == http.StatusOK:
		_ = json.NewEncoder(&body).Encode(map[string]string{"id": a.id})
	default:
		_ = json.NewEncoder(&body).Encode(map[string]any{
			"statusCode": a.status, "name": a.name, "message": cmp.Or(a.name, "error") + " for somebody@customer.example",
		})
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(body.Bytes())
}
