// Package resend hands letters to Resend. It hides the client library and what
// that library hides in turn: which answer came, and whether a request ever left.
// Both decide if a letter may be tried again, so they are read where they are
// still whole, on the wire, and reach the caller as a *core.SendError.
package resend

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	api "github.com/resend/resend-go/v2"

	"aminobridge/core"
)

const defaultBaseURL = "https://api.resend.com/"

// Sender is Resend as a core.Sender. It is safe for concurrent use.
type Sender struct{ emails api.EmailsSvc }

// New returns a sender that uses the API key. baseURL is another address of the
// same API, "" for Resend's own; it must be https, but on the loopback, where
// tests and trials live. now tells the civil time; transport makes the requests,
// nil for one of its own. No error of New repeats the key.
func New(key, baseURL string, now func() time.Time, transport http.RoundTripper) (*Sender, error) {
	if !printable(key) {
		return nil, errors.New("the Resend API key is empty or has characters that no key has")
	}
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	if transport == nil {
		transport = newTransport()
	}
	client := api.NewCustomClient(&http.Client{Transport: &wire{next: transport, now: now}}, key)
	client.BaseURL = base
	return &Sender{emails: client.Emails}, nil
}

// newTransport lets go of an idle connection well before a server would: a
// request on a connection that just died may or may not have arrived, and such
// a letter is parked in doubt for hours.
func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.IdleConnTimeout = 20 * time.Second
	t.MaxResponseHeaderBytes = maxAnswer
	t.DisableCompression = true
	return t
}

func parseBase(text string) (*url.URL, error) {
	if text == "" {
		text = defaultBaseURL
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the Resend base URL must be an address like " + defaultBaseURL)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, errors.New("the Resend base URL must be https, but on the loopback")
	}
	// Without the slash the library would put its paths in the place of the last
	// part of this one.
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Name is the sender's name in settings and in the store.
func (s *Sender) Name() string { return "resend" }

// Window is how long a key is safe to use again: Resend keeps it for 24 hours,
// less one for the clocks of both sides and the time that an attempt takes.
func (s *Sender) Window() time.Duration { return 23 * time.Hour }

// Send hands over one mail under the key, within ctx. Any error is a
// *core.SendError.
func (s *Sender) Send(ctx context.Context, m core.Mail, key string) (string, error) {
	if len(key) > 256 || !printable(key) {
		return "", &core.SendError{Fault: core.Rejected, Detail: "invalid_idempotency_key"}
	}
	if ctx.Err() != nil {
		return "", &core.SendError{Fault: core.Unreachable, Detail: notReached}
	}
	answer, err := s.emails.SendWithOptions(ctx, request(m), &api.SendEmailOptions{IdempotencyKey: key})
	if fault, ok := errors.AsType[*core.SendError](err); ok {
		return "", fault
	}
	if err != nil {
		// The text of a foreign error may hold a URL or a part of a body.
		return "", &core.SendError{Fault: core.Lost, Detail: answerLost}
	}
	return answer.Id, nil
}

// request is the mail as the library takes it: equal mails make equal bytes, so
// whatever has no order of its own gets one here.
func request(m core.Mail) *api.SendEmailRequest {
	r := &api.SendEmailRequest{
		From: m.From, To: []string{m.To}, ReplyTo: m.ReplyTo, Subject: m.Subject,
		Html: m.HTML, Text: m.Text, Headers: m.Headers,
	}
	for _, name := range slices.Sorted(maps.Keys(m.Tags)) {
		r.Tags = append(r.Tags, api.Tag{Name: name, Value: m.Tags[name]})
	}
	return r
}

func printable(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// String keeps the key out of a log that prints the sender.
func (s *Sender) String() string { return s.Name() }
