package mailbox_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"aminobridge/adapters/mailbox"
	"aminobridge/core"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

func now() time.Time { return noon }

func open(t *testing.T, dir string) *mailbox.Box {
	t.Helper()
	b, err := mailbox.Open(dir, [32]byte{1}, now)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func letter(n int) core.Mail {
	return core.Mail{
		From: `=?utf-8?q?Caf=C3=A9_Lindner?= <reviews@lindner.example>`, To: "anna@customer.example", Subject: fmt.Sprintf("Letter %d", n),
		HTML:    `<!doctype html><html><head><title>x</title></head><body><a href="https://r.example/review/abc">Go</a>`,
		Text:    "Hello,\n\nWrite a review:\nhttps://r.example/review/abc\n\nStop:\nhttps://r.example/u/def\n",
		Headers: map[string]string{"List-Unsubscribe": "<https://r.example/u/def>"},
		Tags:    map[string]string{"vendor": "ven_1"},
	}
}

func send(t *testing.T, b *mailbox.Box, n int) string {
	t.Helper()
	id, err := b.Send(t.Context(), letter(n), fmt.Sprintf("inv_%d/first/0", n))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func subjects(b *mailbox.Box) string {
	mails, _ := b.List(0, 100)
	var out []string
	for _, m := range mails {
		out = append(out, strings.TrimPrefix(m.Subject, "Letter "))
	}
	return strings.Join(out, " ")
}

func TestKeeps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mails")
	b := open(t, dir)
	id := send(t, b, 1)
	send(t, b, 2)

	b = open(t, dir) // as after a restart
	if got := subjects(b); got != "2 1" {
		t.Errorf("after a restart there are %q, want newest first", got)
	}
	send(t, b, 3)
	if got := subjects(b); got != "3 2 1" {
		t.Errorf("got %q", got)
	}
	m, err := b.Mail(id)
	want := letter(1)
	if err != nil || m.Subject != want.Subject || m.HTML != want.HTML || m.Text != want.Text || m.From != want.From || m.To != want.To ||
		m.Headers["List-Unsubscribe"] != want.Headers["List-Unsubscribe"] || m.Tags["vendor"] != "ven_1" ||
		m.Key != "inv_1/first/0" || !m.At.Equal(core.Micro(noon)) {
		t.Errorf("kept %+v, %v", m, err)
	}
	if b.Name() != "mailbox" || b.Window() != core.Forever {
		t.Errorf("%s has a window of %s", b.Name(), b.Window())
	}
}

func TestSameKeyIsOneMail(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	id := send(t, b, 1)
	if again := send(t, open(t, dir), 1); again != id {
		t.Errorf("the same key is %q, then %q", id, again)
	}
	_, err := b.Send(t.Context(), letter(2), "inv_1/first/0")
	if e, ok := errors.AsType[*core.SendError](err); !ok || e.Fault != core.KeyMismatch {
		t.Errorf("other content under the key: %v", err)
	}

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := b.Send(context.Background(), letter(3), "inv_3/first/0"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := subjects(b); got != "3 1" {
		t.Errorf("got %q", got)
	}
}

func TestSealed(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	id := send(t, b, 1)
	send(t, b, 2)
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 2 {
		t.Fatalf("the folder holds %q", files)
	}
	first, err := os.ReadFile(files[0])
	if err != nil || strings.Contains(string(first), "customer.example") || strings.Contains(string(first), "review") {
		t.Errorf("the file tells what it holds: %v", err)
	}
	if info, _ := os.Stat(files[0]); info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %s", info.Mode())
	}

	stranger, _ := mailbox.Open(dir, [32]byte{2}, now)
	if m, err := stranger.Mail(id); err != nil || !m.Damaged || m.To != "" {
		t.Errorf("under another key: %+v, %v", m, err)
	}
	// A file put in another's place is sealed under the other's id.
	if err := os.WriteFile(files[1], first, 0o600); err != nil {
		t.Fatal(err)
	}
	mails, _ := b.List(0, 10)
	if !mails[0].Damaged || mails[1].Damaged {
		t.Errorf("got %+v", mails)
	}
	// And the letter whose file is gone may be kept again, in its place.
	send(t, b, 2)
	if got := subjects(b); got != "2 1" {
		t.Errorf("got %q", got)
	}
}

func TestTornFiles(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	send(t, b, 1)
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"", "\x01", "\x01short", "\x02" + string(whole[1:]), string(whole[:len(whole)-1])} {
		if err := os.WriteFile(files[0], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if mails, _ := b.List(0, 10); len(mails) != 1 || !mails[0].Damaged {
			t.Errorf("%q: %+v", content, mails)
		}
	}
	unfinished := files[0] + ".new"
	if err := os.WriteFile(unfinished, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if open(t, dir); exists(unfinished) {
		t.Error("an unfinished file stays")
	}
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func TestBound(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	b.Keep = 3
	first := send(t, b, 1)
	for n := 2; n <= 5; n++ {
		send(t, b, n)
	}
	if got := subjects(b); got != "5 4 3" {
		t.Errorf("kept %q", got)
	}
	if _, err := b.Mail(first); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("the oldest is still there: %v", err)
	}
	if got := subjects(open(t, dir)); got != "5 4 3" {
		t.Errorf("in the folder there are %q", got)
	}
}

func TestBoundInSteps(t *testing.T) {
	b := open(t, t.TempDir())
	for n := 1; n <= 20; n++ {
		send(t, b, n)
	}
	b.Keep = 1
	send(t, b, 21)
	if mails, _ := b.List(0, 100); len(mails) != 21-8 {
		t.Errorf("one Send left %d of 21", len(mails))
	}
}

func TestPages(t *testing.T) {
	b := open(t, t.TempDir())
	for n := 1; n <= 5; n++ {
		send(t, b, n)
	}
	var sizes []int
	for before, first := uint64(0), true; first || before != 0; first = false {
		var mails []mailbox.Mail
		mails, before = b.List(before, 2)
		sizes = append(sizes, len(mails))
	}
	if fmt.Sprint(sizes) != "[2 2 1]" {
		t.Errorf("pages of %v", sizes)
	}
}

func TestNothingLeft(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mails")
	b := open(t, dir)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.Send(done, letter(1), "k")
	if e, ok := errors.AsType[*core.SendError](err); !ok || e.Fault != core.Unreachable {
		t.Errorf("too late: %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, err = b.Send(t.Context(), letter(1), "k")
	if e, ok := errors.AsType[*core.SendError](err); !ok || e.Fault != core.Unreachable || strings.Contains(err.Error(), "@") {
		t.Errorf("without its folder: %v", err)
	}
	if mails, _ := b.List(0, 10); len(mails) != 0 {
		t.Errorf("kept %+v", mails)
	}
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mailbox.Open(file, [32]byte{1}, now); err == nil {
		t.Error("a file is taken for a folder")
	}
}
