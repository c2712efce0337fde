// Package resendtest is Resend as an outside observer: an http.Handler that takes
// mails as the real one does, with a log and a clock of its own, so that a test
// can ask the far side what really happened. It hides the provider's rules about
// idempotency: a key is remembered for 24 hours, from the HTTP header alone.
//
// What the next well-formed calls meet is scripted with Behaviour; without a
// script the fake is well.
package resendtest

import (
	"crypto/sha256"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Mail is one effective mail: what would have reached somebody's inbox.
type Mail struct {
	ID, Key                    string
	From, To, ReplyTo, Subject string
	HTML, Text                 string
	Headers, Tags              map[string]string
	Links                      []string // of the text, in order
	At                         time.Time
}

// Link returns the first link of the mail that holds part, such as "/review/".
func (m Mail) Link(part string) string {
	for _, l := range m.Links {
		if strings.Contains(l, part) {
			return l
		}
	}
	return ""
}

// Call is one request, whatever came of it. Status 0 means that the connection
// was closed without an answer.
type Call struct {
	Key, To string
	At      time.Time // its beginning
	Status  int
	Took    bool // it made a mail
}

// remembered is a key that the provider knows.
type remembered struct {
	body [32]byte
	id   string
	at   time.Time
	busy bool
}

// Fake is the provider. The zero value is not usable; see New.
type Fake struct {
	now func() time.Time

	mu     sync.Mutex
	apiKey string
	script []Behaviour
	always Behaviour
	keys   map[string]*remembered
	mails  []Mail
	calls  []Call
}

// New returns a fake whose clock is now.
func New(now func() time.Time) *Fake {
	return &Fake{now: now, keys: map[string]*remembered{}}
}

// Require makes every API key but this one an invalid one.
func (f *Fake) Require(apiKey string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.apiKey = apiKey
}

// Script queues what the next calls meet, one each.
func (f *Fake) Script(next ...Behaviour) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.script = append(f.script, next...)
}

// Always is what calls meet when the script is used up, until it is set again.
func (f *Fake) Always(b Behaviour) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.always = b
}

// Mails are the effective mails, in the order they were taken.
func (f *Fake) Mails() []Mail {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.mails)
}

// Calls are all requests, in the order they were read.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// MaxInHour is the most mails in any hour (t-1h, t], by the fake's own clock.
func (f *Fake) MaxInHour() int { return MaxInHour(f.Mails()) }

// MaxInHour is the same of some mails, such as those of one vendor.
func MaxInHour(mails []Mail) int {
	times := make([]time.Time, len(mails))
	for i, m := range mails {
		times[i] = m.At
	}
	slices.SortFunc(times, time.Time.Compare)
	most, from := 0, 0
	for i, t := range times {
		for !times[from].After(t.Add(-time.Hour)) {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// begin notes a request and returns its place in calls.
func (f *Fake) begin(key, to string) (index int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, Call{Key: key, To: to, At: f.now()})
	return len(f.calls) - 1
}

// next takes what the script says about a call.
func (f *Fake) next() Behaviour {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.script) == 0 {
		return f.always
	}
	b := f.script[0]
	f.script = f.script[1:]
	return b
}

func (f *Fake) end(index, status int, took bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[index].Status, f.calls[index].Took = status, took
}

// claim looks the key up. done tells that there is an answer already; else the
// key is busy until take or leave.
func (f *Fake) claim(key string, body [32]byte) (a answer, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.keys[key]
	if key == "" {
		return answer{}, false
	}
	if old == nil || !old.busy && f.now().Sub(old.at) >= 24*time.Hour {
		f.keys[key] = &remembered{body: body, busy: true}
		return answer{}, false
	}
	switch {
	case old.body != body:
		return refusal(http.StatusConflict, "invalid_idempotent_request"), true
	case old.busy:
		return refusal(http.StatusConflict, "concurrent_idempotent_requests"), true
	}
	return answer{status: http.StatusOK, id: old.id}, true
}

// take makes the mail effective and returns its id.
func (f *Fake) take(m Mail) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	m.At = f.now()
	sum := sha256.Sum256([]byte(m.Key + "|" + strconv.Itoa(len(f.mails))))
	m.ID = uuid(sum)
	f.mails = append(f.mails, m)
	if k := f.keys[m.Key]; k != nil {
		k.id, k.at, k.busy = m.ID, m.At, false
	}
	return m.ID
}

// leave forgets a key whose request made no mail.
func (f *Fake) leave(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.keys, key)
}

func uuid(b [32]byte) string {
	const hex = "0123456789abcdef"
	var s strings.Builder
	for i, c := range b[:16] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			s.WriteByte('-')
		}
		s.WriteByte(hex[c>>4])
		s.WriteByte(hex[c&15])
	}
	return s.String()
}

var linkForm = regexp.MustCompile(`https?://[^\s<>"]+`)

func linksOf(text string) []string { return linkForm.FindAllString(text, -1) }
