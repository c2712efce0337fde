package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"aminobridge/core/vault"
	"aminobridge/store/bolt"
)

// liveName marks a folder that has served people: its clock is never moved.
const liveName = "amino.live"

// openFolder opens a folder's file, with the clock where it was moved to. With
// create, what is missing is made.
func openFolder(ctx context.Context, s settings, create bool, log *slog.Logger) (*bolt.Store, *clock, error) {
	if create {
		if err := os.MkdirAll(s.Data, 0o700); err != nil {
			return nil, nil, err
		}
	}
	path := filepath.Join(s.Data, dbName)
	_, err := os.Stat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && (!missing || !create) {
		return nil, nil, err
	}
	master, err := masterKey(s, missing)
	if err != nil {
		return nil, nil, err
	}
	clk := newClock()
	if !missing { // before anything reads it: pace time goes on from the moved clock
		moved, err := bolt.ClockMoved(path)
		if err != nil {
			return nil, nil, err
		}
		clk.move(moved)
	}
	store, err := bolt.Open(path, master, clk)
	if errors.Is(err, vault.ErrMasterKey) {
		return nil, nil, fmt.Errorf("%s was made with another master key than the one in %s: %w", path, masterPlace(s), err)
	}
	if err != nil {
		return nil, nil, err
	}
	if store.JournalRemade() {
		log.Warn("the journal was missing and has been made anew; if the program was killed before, webhooks that it alone had are lost")
	}
	return store, clk, nil
}

func masterPlace(s settings) string {
	if s.MasterKey != "" {
		return "AMINO_MASTER_KEY"
	}
	return filepath.Join(s.Data, masterName)
}

// checkLive keeps a moved clock and real mail apart, for ever: a file that has
// seen the future would write to people at the wrong time, or not at all.
func checkLive(ctx context.Context, s settings, store *bolt.Store) error {
	if !s.realSender() {
		return nil
	}
	moved, err := store.ClockMoved(ctx)
	if err != nil {
		return err
	}
	if moved != 0 {
		return fmt.Errorf("the clock of %s was moved for trying things; it takes no real sender any more. Start with another --data", s.Data)
	}
	return writeOnce(filepath.Join(s.Data, liveName), "This folder has served people, so its clock is never moved.\n")
}

// whyNotMove tells why the folder's clock may not be moved; "" if it may.
func whyNotMove(s settings) string {
	_, err := os.Stat(filepath.Join(s.Data, liveName))
	switch {
	case !isLoopback(s.Addr):
		return "can be moved only where nobody else is served: on a loopback address"
	case s.realSender():
		return "can be moved only while no mail leaves this machine"
	case err == nil:
		return "cannot be moved in a folder that has served people"
	}
	return ""
}

// listenSocket opens the socket of the verbs, for this user alone. Whoever holds
// the folder's file is the only server, so what lies at the path is left over.
func listenSocket(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// A chmod afterwards would leave a moment in which others could connect.
	old := syscall.Umask(0o177)
	defer syscall.Umask(old)
	return net.Listen("unix", path)
}
