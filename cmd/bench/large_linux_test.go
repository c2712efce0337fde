package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestMain is the bench itself where the bench starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == dispatchMode {
		if err := begin(context.Background(), os.Args[1:], os.Stdout); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// The rows of large stores, small: each is measured, and nothing is lost or doubled.
func TestLargeRows(t *testing.T) {
	var out strings.Builder
	err := begin(t.Context(), []string{"-rows", "7,8,10,11,12,13", "-big", "2000", "-seconds", "100ms", "-rounds", "1", "-connections", "8", "-dir", t.TempDir()}, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, row := range []string{"7 ", "8a", "8b", "10 ", "11a", "11b", "11c", "12a", "12b", "13a", "13b"} {
		if !regexp.MustCompile(`(?m)^` + row + `.*\s(yes|no)\s`).MatchString(out.String()) {
			t.Errorf("row %s is not measured", row)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

// A kept folder is made once, and each run has its own copy.
func TestKeptFolder(t *testing.T) {
	kept := t.TempDir()
	var lists []string
	for range 2 {
		p := plan{keep: kept, bench: bench{dir: t.TempDir(), out: t.Output()}}
		f, err := p.fill(t.Context(), "sent", 2, 40)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.shops) != 2 || len(f.shops[0].Invitations) != 10 {
			t.Fatalf("got %+v, want two shops and ten invitations of each", f.shops)
		}
		store, err := f.open(clock{time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = store.Close() }() // after a second run, which must not feel it
		lists = append(lists, f.shops[0].Token)
	}
	if lists[0] != lists[1] {
		t.Error("the folder was made twice")
	}
}
