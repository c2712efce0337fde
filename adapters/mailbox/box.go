// Package mailbox is the sender of development: it keeps each mail in a folder
// instead of handing it to anybody, and shows what it keeps on pages and as JSON.
// It hides the folder: one sealed file a mail, named so that a send key can have
// only one, and written so that a crash leaves a whole mail or none.
package mailbox

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"aminobridge/core"
)

// Box is a folder of mails, as a core.Sender. It is safe for concurrent use, but
// a folder belongs to one Box at a time.
type Box struct {
	// Keep is how many mails stay; the oldest go first. Open sets 10,000, which
	// is a day of trials and some 50 MB.
	Keep int

	dir  string
	seal sealer
	now  func() time.Time

	sending sync.Mutex // one Send at a time
	mu      sync.RWMutex
	order   []entry // by arrival
	byID    map[string]entry
}

// entry is a mail in the folder. Its number tells the order of arrival, which
// the clock does not: it may be moved.
type entry struct {
	number uint64
	id     string
}

func (e entry) file() string { return fmt.Sprintf("%012d-%s.mail", e.number, e.id) }

var fileForm = regexp.MustCompile(`^(\d{12})-([0-9a-f]{32})\.mail$`)

// Open takes the folder, and makes it if it is not there. key seals the mails,
// which hold addresses and links; now is the civil time of their arrival.
func Open(dir string, key [32]byte, now func() time.Time) (*Box, error) {
	b := &Box{Keep: 10_000, dir: dir, seal: newSealer(key), now: now, byID: map[string]entry{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	files, err := os.ReadDir(dir) // in the order of their names, which is that of arrival
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), unfinished) {
			// A crash left it; its letter was not accepted and comes again.
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
		if m := fileForm.FindStringSubmatch(f.Name()); m != nil {
			number, _ := strconv.ParseUint(m[1], 10, 64)
			b.note(entry{number, m[2]})
		}
	}
	return b, nil
}

func (b *Box) note(e entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.order = append(b.order, e)
	b.byID[e.id] = e
}

// Name is the sender's name in settings and in the store.
func (b *Box) Name() string { return "mailbox" }

// Window is without limit: a key is a file's name.
func (b *Box) Window() time.Duration { return core.Forever }

// Send keeps the mail durably. The same key again is the same mail; with other
// content it is core.KeyMismatch.
func (b *Box) Send(ctx context.Context, m core.Mail, key string) (string, error) {
	b.sending.Lock()
	defer b.sending.Unlock()
	if ctx.Err() != nil {
		return "", &core.SendError{Fault: core.Unreachable, Detail: "not_reached"}
	}
	mail := newMail(m, key, core.Micro(b.now()))
	e, known := b.find(mail.ID)
	if known {
		old, err := b.read(e)
		if err == nil && !old.same(mail) {
			return "", &core.SendError{Fault: core.KeyMismatch, Detail: "mailbox_other_content"}
		}
		if err == nil {
			return mail.ID, nil
		}
		// Nobody can read the old file, so the mail is still to be kept.
	}
	if err := b.write(e, mail); err != nil {
		return "", err
	}
	if !known {
		b.note(e)
		b.trim()
	}
	return mail.ID, nil
}

// find returns the entry of an id, or the one that a new mail of that id gets.
func (b *Box) find(id string) (e entry, known bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if e, known = b.byID[id]; known {
		return e, true
	}
	e = entry{number: 1, id: id}
	if n := len(b.order); n > 0 {
		e.number = b.order[n-1].number + 1
	}
	return e, false
}

// trim removes the oldest mails beyond Keep, a few for each new one, so that
// no Send waits for a thousand files.
func (b *Box) trim() {
	b.mu.Lock()
	n := min(max(len(b.order)-b.Keep, 0), 8)
	gone := slices.Clone(b.order[:n])
	b.order = b.order[n:]
	for _, e := range gone {
		delete(b.byID, e.id)
	}
	b.mu.Unlock()
	for _, e := range gone {
		// A file that will not go is found again at the next start.
		_ = os.Remove(filepath.Join(b.dir, e.file()))
	}
}

// List returns up to n mails that arrived before the mail numbered so, newest
// first; 0 begins with the newest. next is where the following page begins, 0 if
// there is none.
func (b *Box) List(before uint64, n int) (mails []Mail, next uint64) {
	for _, e := range b.page(before, n+1) {
		if len(mails) == n {
			return mails, mails[n-1].Number
		}
		if m, err := b.read(e); !errors.Is(err, os.ErrNotExist) { // trimmed meanwhile
			mails = append(mails, m)
		}
	}
	return mails, 0
}

func (b *Box) page(before uint64, n int) []entry {
	b.mu.RLock()
	defer b.mu.RUnlock()
	end := len(b.order)
	if before > 0 {
		end, _ = slices.BinarySearchFunc(b.order, before, func(e entry, n uint64) int { return cmp.Compare(e.number, n) })
	}
	page := slices.Clone(b.order[max(0, end-n):end])
	slices.Reverse(page)
	return page
}

// Mail returns the mail of an id, or core.ErrNotFound. One that is Damaged comes
// without an error.
func (b *Box) Mail(id string) (Mail, error) {
	e, known := b.find(id)
	if !known {
		return Mail{}, fmt.Errorf("mail: %w", core.ErrNotFound)
	}
	m, err := b.read(e)
	if errors.Is(err, os.ErrNotExist) { // trimmed meanwhile
		return Mail{}, fmt.Errorf("mail: %w", core.ErrNotFound)
	}
	return m, nil
}

// Mail is one kept mail, in its file and at /mailbox.json.
type Mail struct {
	ID      string            `json:"id"`
	Number  uint64            `json:"number"`
	Key     string            `json:"key"`
	At      time.Time         `json:"at"`
	From    string            `json:"from"`
	To      string            `json:"to"`
	ReplyTo string            `json:"reply_to,omitempty"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	HTML    string            `json:"html"`
	Headers map[string]string `json:"headers"`
	Tags    map[string]string `json:"tags"`
	// Damaged says that the file cannot be read: it is torn, or was sealed under
	// another key. All but ID and Number is then empty.
	Damaged bool `json:"damaged,omitempty"`
}

func newMail(m core.Mail, key string, at time.Time) Mail {
	sum := sha256.Sum256([]byte(key))
	return Mail{
		ID: hex.EncodeToString(sum[:16]), Key: key, At: at, From: m.From, To: m.To, ReplyTo: m.ReplyTo,
		Subject: m.Subject, Text: m.Text, HTML: m.HTML, Headers: m.Headers, Tags: m.Tags,
	}
}

// same compares what was sent, not when it came.
func (m Mail) same(other Mail) bool {
	m.At, other.At = time.Time{}, time.Time{}
	m.Number, other.Number = 0, 0
	a, _ := json.Marshal(m)
	b, _ := json.Marshal(other)
	return bytes.Equal(a, b)
}
