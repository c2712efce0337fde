package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"aminobridge/adapters/httpapi"
)

func TestDemo(t *testing.T) {
	folders := t.TempDir()
	t.Setenv("TMPDIR", folders)
	var out, errs bytes.Buffer
	began := time.Now()
	if err := run(t.Context(), env(), []string{"demo", "--exit"}, &out, &errs); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &out, &errs)
	}
	if took := time.Since(began); took > demoMost {
		t.Errorf("it took %v, want less than %v", took, demoMost)
	}
	first, _, _ := strings.Cut(out.String(), "\n")
	if !strings.Contains(first, "http://127.0.0.1:") {
		t.Errorf("it begins with %q, want its links", first)
	}
	for _, want := range []string{"forged signature: 401", "withdrawn", "scanner", "says no", "429", "expired", "review_url"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not told in\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "MISSING") {
		t.Errorf("a promise was broken:\n%s", &out)
	}
	if errs.Len() > 0 {
		t.Errorf("errors were logged:\n%s", &errs)
	}
	left, err := os.ReadDir(folders)
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
}

// TestDemoLinkForYou opens the link with which it ends, as whoever watched would.
func TestDemoLinkForYou(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, env(), []string{"demo"}, in, io.Discard)
		_ = in.Close()
	}()
	asked := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		asked = asked || strings.Contains(lines.Text(), "Write a review yourself")
		link := strings.TrimSpace(lines.Text())
		if !asked || !strings.HasPrefix(link, "http") {
			continue
		}
		answer, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Errorf("%s answers %d, want a page to write a review on", link, answer.StatusCode)
		}
		stop()
	}
	if err := <-ended; err != nil || !asked || ctx.Err() == nil {
		t.Errorf("it ended with %v; it has shown a link: %t", err, ctx.Err() != nil)
	}
}

func TestDemoStaysOnThisMachine(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), env(), []string{"demo", "--exit", "--addr", "0.0.0.0:0"}, &out, &out); err == nil {
		t.Error("the demo listens on a public address")
	}
}

// TestDemoTellsBrokenPromises sums up a story in which nothing has happened.
func TestDemoTellsBrokenPromises(t *testing.T) {
	r := start(t, t.TempDir())
	r.vendor(demoSlug)
	var out bytes.Buffer
	d := newPlay(t.Context(), &out, r.base, r.settings.Data)
	if err := d.sum(time.Second); !errors.Is(err, errDemo) {
		t.Errorf("got %v, want errDemo", err)
	}
	if n := strings.Count(out.String(), "MISSING"); n != len(d.promises(httpapi.AdminStats{})) {
		t.Errorf("%d promises are told as broken:\n%s", n, &out)
	}
	d = newPlay(t.Context(), &out, r.base, r.settings.Data)
	d.broken("the story ends")
	d.play()
	if err := d.sum(time.Second); err == nil || !strings.Contains(err.Error(), "the story ends") {
		t.Errorf("got %v, want what went wrong", err)
	}
}
