package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// preamble stands in for what a reader has and a test must not do: build from
// the clone, run the suites inside the suites, and hold accounts at Shopify and
// Resend.
const preamble = `set -eu
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null' EXIT
go() { [ "$*" = "run ./cmd/amino demo" ] && ./bin/amino demo --exit; }
make() { command make -C "$CLONE" -n "$@" > /dev/null; }
export SHOPIFY_SIGNING_KEY=0123456789abcdef0123456789abcdef RESEND_KEY=re_readme_0123456789
`

// started waits for the server that a block has put in the background.
const started = `
for _ in $(seq 100); do curl -sf http://127.0.0.1:8080/healthz > /dev/null && break; sleep 0.1; done
`

var block = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```")

// TestReadme runs the shell blocks of the README as a reader would, one after
// the other in one shell.
func TestReadme(t *testing.T) {
	clone, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(clone, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString(preamble)
	blocks := block.FindAllStringSubmatch(string(readme), -1)
	for _, b := range blocks {
		script.WriteString(b[1])
		if strings.Contains(b[1], "serve & ") {
			script.WriteString(started)
		}
	}
	if len(blocks) < 8 {
		t.Fatalf("found %d blocks of shell in the README", len(blocks))
	}
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin", "amino"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	addr := freeAddr(t)
	run := exec.Command("bash", "-c", strings.ReplaceAll(script.String(), "127.0.0.1:8080", addr))
	run.Dir = dir
	run.Env = append(os.Environ(), "CLONE="+clone, "AMINO_ADDR="+addr)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`"review_url":"http://` + addr + `/review/`, `"ok":true`, "a real one  invited", `"stats":{"sent":0`, "moved         8d", "All is well",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the blocks did not print %s:\n%s", want, out)
		}
	}
}

// freeAddr is a loopback address that nothing listens on.
func freeAddr(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}
