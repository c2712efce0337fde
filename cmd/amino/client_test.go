package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSocketPathFitsAnAddress(t *testing.T) {
	short := filepath.Join(t.TempDir(), "d")
	if got := socketPath(short); got != filepath.Join(short, "amino.sock") {
		t.Errorf("got %s, want it in the folder", got)
	}
	long := "/" + strings.Repeat("a", 100)
	got, other := socketPath(long), socketPath(long+"b")
	if len(got) > longestSocket || filepath.Dir(got) != filepath.Clean(os.TempDir()) || got == other {
		t.Errorf("got %s and %s, want two short ones", got, other)
	}
}

// TestSocketOfAnotherUser sees the refusal as root alone, who can give a file away.
func TestSocketOfAnotherUser(t *testing.T) {
	folder := t.TempDir()
	ln, err := net.Listen("unix", socketPath(folder))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	conn, err := dialServer(t.Context(), folder)
	if err != nil {
		t.Fatalf("our own socket: %v", err)
	}
	_ = conn.Close()
	if os.Geteuid() == 0 {
		if err := os.Chown(socketPath(folder), 4711, 4711); err != nil {
			t.Fatal(err)
		}
		if conn, err := dialServer(t.Context(), folder); err == nil {
			_ = conn.Close()
			t.Error("a socket that another user made was believed")
		}
	}
}

func TestSocketIsForOneUser(t *testing.T) {
	path := socketPath(t.TempDir())
	if err := os.WriteFile(path, nil, 0o644); err != nil { // what a killed server left
		t.Fatal(err)
	}
	ln, err := listenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v, %v, want 0600", info.Mode(), err)
	}
}

func TestMasterKeyIsMadeOnce(t *testing.T) {
	s := settings{Data: t.TempDir()}
	if _, err := masterKey(s, false); err == nil {
		t.Error("a folder with data and without its key got a new one")
	}
	first, err := masterKey(s, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeOnce(filepath.Join(s.Data, masterName), "another\n"); err != nil {
		t.Fatal(err)
	}
	again, err := masterKey(s, true)
	if err != nil || string(again) != string(first) {
		t.Errorf("a second start has another key, %v", err)
	}
	if info, err := os.Stat(filepath.Join(s.Data, masterName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, %v, want 0600", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.Data, "*.key.*")); len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
}
