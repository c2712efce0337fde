package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/resend/resendtest"
	"aminobridge/core"
)

const (
	publicURL = "https://reviews.corner.example"
	resendKey = "re_e2eQuokkaVorpal7391"
)

// world is one folder with the real program on it, and everybody outside: a mail
// provider with a clock and a log of its own, shops, vendors' software and
// customers. The first thing that goes wrong ends the test. When the story is
// over the world looks at what no story may leave behind; see judge.
type world struct {
	t    *testing.T
	root string // where the program is started
	data string
	env  []string

	provider *resendtest.Fake
	web      *http.Client
	moved    atomic.Int64 // how far the program's clock is ahead
	program  *program     // nil while it is off

	mu      sync.Mutex
	logs    []*logbook
	secrets []string       // what no log may hold
	caps    map[string]int // the largest of each vendor, by its id
}

// newWorld starts the program on an empty folder, with the provider at a loopback
// address.
func newWorld(t *testing.T) *world {
	t.Helper()
	root := t.TempDir()
	w := &world{
		t: t, root: root, data: filepath.Join(root, "data"), caps: map[string]int{}, secrets: []string{resendKey},
		web: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
	}
	w.provider = resendtest.New(w.now)
	w.provider.Require(resendKey)
	w.env = append([]string{"AMINO_PUBLIC_URL=" + publicURL}, w.provides(w.provider)...)
	t.Cleanup(w.judge)
	w.start()
	return w
}

// provides serves a provider on the loopback and returns the settings that lead
// the program to it.
func (w *world) provides(p http.Handler) []string {
	server := httptest.NewServer(p)
	w.t.Cleanup(server.Close)
	return []string{"RESEND_BASE_URL=" + server.URL, "AMINO_RESEND_API_KEY=" + resendKey, "AMINO_FROM=Corner <asks@corner.example>"}
}

// now is the program's time.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.moved.Load())) }

// start starts the program and waits until it serves.
func (w *world) start() {
	w.t.Helper()
	p := w.launch("serve", "--addr", "127.0.0.1:0", "--data", w.data)
	w.program = p
	w.eventually("the program serves", func() bool {
		p.addr = p.log.listening()
		return p.addr != ""
	})
}

// launch starts a process whose log is looked at in the end.
func (w *world) launch(args ...string) *program {
	w.t.Helper()
	p := launch(w.t, w.root, w.env, args...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logs = append(w.logs, &p.log)
	return p
}

// kill ends the program in the middle of whatever it does.
func (w *world) kill() {
	w.program.end(syscall.SIGKILL)
	w.program = nil
	w.web.CloseIdleConnections()
}

// stop ends the program as an operator does.
func (w *world) stop() {
	w.t.Helper()
	if code := w.program.end(syscall.SIGTERM); code != 0 {
		w.t.Errorf("after SIGTERM the program ended with %d", code)
	}
	w.program = nil
	w.web.CloseIdleConnections()
}

// amino runs a verb, which must succeed, and returns what it prints.
func (w *world) amino(args ...string) string {
	w.t.Helper()
	out, told, code := w.tryAmino(args...)
	if code != 0 {
		w.t.Fatalf("amino %s ended with %d: %s%s", strings.Join(args, " "), code, out, told)
	}
	return out
}

// tryAmino runs a verb and returns what it prints, what it complains of, and its
// exit code.
func (w *world) tryAmino(args ...string) (out, told string, code int) {
	p := w.launch(append([]string{"--json", "--data", w.data}, args...)...)
	code = p.code()
	return p.out.String(), p.log.String(), code
}

// ask is amino with its answer taken apart.
func ask[T any](w *world, args ...string) (answer T) {
	w.t.Helper()
	out := w.amino(args...)
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		w.t.Fatalf("amino %s printed %q: %v", strings.Join(args, " "), out, err)
	}
	return answer
}

// eventually waits for what another process does by itself.
func (w *world) eventually(what string, reached func() bool) {
	w.t.Helper()
	limit := time.NewTimer(30 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer limit.Stop()
	defer tick.Stop()
	for !reached() {
		select {
		case <-tick.C:
		case <-limit.C:
			w.t.Fatalf("in vain: %s", what)
		}
		if w.program != nil && w.program.over() {
			w.t.Fatalf("the program ended with %d before %s", w.program.code(), what)
		}
	}
}

// idle waits until nothing is due and no letter is on its way.
func (w *world) idle() {
	w.t.Helper()
	w.eventually("the program has nothing to do", func() bool { return ask[httpapi.AdminTime](w, "clock", "show").Idle })
}

// advance moves the program's clock, whether it runs or not, and returns when what
// became due is done.
func (w *world) advance(by time.Duration) {
	w.t.Helper()
	if w.program != nil {
		w.idle()
	}
	w.move(by)
}

// move is advance for a program that has nothing to do now. The provider's clock
// goes first: a mail of the later hour must not seem to be of the one before.
func (w *world) move(by time.Duration) {
	w.t.Helper()
	w.moved.Add(int64(by))
	w.amino("clock", "advance", by.String())
}

const day = 24 * time.Hour

// same fails the test unless got is want.
func (w *world) same(what string, got, want any) {
	w.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// clockAt is by how much the clock is ahead, as `amino clock show` prints it.
func clockAt(out string) time.Duration {
	var shown httpapi.AdminTime
	if json.Unmarshal([]byte(out), &shown) != nil {
		return -1
	}
	moved, _ := core.ParseDuration(shown.Moved)
	return moved
}
