package main_test

import (
	"debug/elf"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The numbers that were promised. These tests do not run beside others.

const (
	firstAnswer = time.Second
	binaryMost  = 35 << 20
	idleMostKB  = 60 << 10
	demoMost    = time.Minute
)

func TestEmptyFolderToFirstAnswer(t *testing.T) {
	best := time.Hour
	for range 3 {
		best = min(best, firstAnswerOf(t))
	}
	if best > firstAnswer {
		t.Errorf("the first 200 came after %s, want %s", best, firstAnswer)
	}
	t.Logf("the first 200 came after %s", best)
}

// firstAnswerOf starts the program on an empty folder and measures from the exec
// to the answer of /healthz.
func firstAnswerOf(t *testing.T) time.Duration {
	t.Helper()
	dir := t.TempDir()
	binary(t) // the building is not measured
	begin := time.Now()
	p := launch(t, dir, nil, "serve", "--addr", "127.0.0.1:0", "--data", dir+"/data")
	w := &world{t: t, program: p}
	w.eventually("the program serves", func() bool { return p.log.listening() != "" })
	web := &http.Client{Timeout: time.Minute}
	res, err := web.Get("http://" + p.log.listening() + "/healthz")
	took := time.Since(begin)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("/healthz: %v", err)
	}
	res.Body.Close()
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("the program ended with %d", code)
	}
	return took
}

func TestTheBinaryIsSmallAndStatic(t *testing.T) {
	path := binary(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > binaryMost {
		t.Errorf("the binary has %d bytes, want at most %d", info.Size(), binaryMost)
	}
	t.Logf("the binary has %.1f MB", float64(info.Size())/1e6)
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			t.Error("the binary is linked to libraries of the system")
		}
	}
}

func TestIdleMemory(t *testing.T) {
	w := newWorld(t)
	v := w.vendor("idle")
	for n := range 20 {
		v.invite(w.person(n), "").is(200)
	}
	w.eventually("all mails are taken", func() bool { return len(w.provider.Mails()) == 20 })
	w.idle()
	kb := resident(t, w.program.cmd.Process.Pid)
	if kb > idleMostKB {
		t.Errorf("%d kB are resident, want at most %d", kb, idleMostKB)
	}
	t.Logf("%.1f MB are resident", float64(kb)/1024)
}

var residentForm = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

func resident(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	found := residentForm.FindSubmatch(status)
	if found == nil {
		t.Fatal("the system does not tell what is resident")
	}
	kb, _ := strconv.Atoi(string(found[1]))
	return kb
}

var promiseForm = regexp.MustCompile(`(?m)^  (\S.*?)  +(\d+)  (ok|MISSING)$`)

// TestTheDemoKeepsItsPromises plays the demo, which needs nothing and leaves nothing.
func TestTheDemoKeepsItsPromises(t *testing.T) {
	dir := t.TempDir()
	binary(t)
	begin := time.Now()
	p := launch(t, dir, []string{"TMPDIR=" + dir}, "demo", "--exit")
	if code := p.code(); code != 0 {
		t.Fatalf("the demo ended with %d: %s%s", code, p.out.String(), p.log.String())
	}
	if took := time.Since(begin); took > demoMost {
		t.Errorf("the demo took %s", took)
	}
	out := p.out.String()
	if first, _, _ := strings.Cut(strings.TrimSpace(out), "\n"); !strings.Contains(first, "http://127.0.0.1:") {
		t.Errorf("the links do not come first: %s", first)
	}
	shown := map[string]int{}
	for _, m := range promiseForm.FindAllStringSubmatch(out, -1) {
		shown[m[1]], _ = strconv.Atoi(m[2])
	}
	for what, least := range map[string]int{
		"sent": 5, "opened": 2, "completed": 1, "expired": 1, "refused with 429": 1, "withdrawn by a refund": 1, "opted out": 1,
	} {
		if shown[what] < least {
			t.Errorf("%s: %d, want at least %d", what, shown[what], least)
		}
	}
	if !strings.Contains(out, "Every link in the mailbox is the review_url of its invitation") {
		t.Error("the links of the mailbox were not compared")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the demo left %v, %v", left, err)
	}
	if p.log.String() != "" {
		t.Errorf("the demo complained: %s", p.log.String())
	}
}
