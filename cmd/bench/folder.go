package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"aminobridge/core/vault"
	"aminobridge/store/bolt"
)

// folder is a data folder that was filled: the file, its key and what is known of
// its shops.
type folder struct {
	dir   string
	shops []filledShop
}

// filledShop is a shop of a filled folder, an API key of its vendor, some of the
// vendor's invitations, and the bytes that its slots take in the file.
type filledShop struct {
	shop
	Key         string   `json:"key"`
	Invitations []string `json:"invitations"`
	Slots       int      `json:"slots"`
}

func (f folder) file() string { return filepath.Join(f.dir, "amino.db") }

// stays is how long a kept folder is as it was meant: its letters wait a week.
const stays = 6 * 24 * time.Hour

// fill makes a data folder in a state that store/bolt's TestFill knows. With -keep it
// is made once, and every run works on a copy.
func (p *plan) fill(ctx context.Context, state string, vendors, invitations int) (f folder, err error) {
	name := fmt.Sprintf("%s-%d-%d", state, invitations, vendors)
	f.dir = filepath.Join(p.dir, name)
	made := f.dir
	if p.keep != "" {
		made = filepath.Join(p.keep, name)
	}
	begun := time.Now()
	// The list of shops is written last.
	if is, err := os.Stat(filepath.Join(made, "shops.json")); err != nil || time.Since(is.ModTime()) > stays {
		if err := errors.Join(os.RemoveAll(made), runFill(ctx, made, state, vendors, invitations)); err != nil {
			return f, err
		}
	}
	if made != f.dir {
		if err := copyFolder(f.dir, made); err != nil {
			return f, err
		}
	}
	text, err := os.ReadFile(filepath.Join(f.dir, "shops.json"))
	if err != nil {
		return f, err
	}
	p.say("  %d invitations %s of %d vendors, %s, after %s", invitations, state, vendors, gigabytes(f.size()), brief(time.Since(begun)))
	return f, json.Unmarshal(text, &f.shops)
}

func runFill(ctx context.Context, dir, state string, vendors, invitations int) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	words, err := exec.CommandContext(ctx, "go", "test", "aminobridge/store/bolt", "-run", "^TestFill$", "-count", "1", "-timeout", "1h",
		"-state", state, "-vendors", strconv.Itoa(vendors), "-fill", strconv.Itoa(invitations), "-folder", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("filling a folder: %w\n%s", err, words)
	}
	return nil
}

func copyFolder(to, from string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		if err := copyFile(filepath.Join(to, e.Name()), filepath.Join(from, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Sync(), dst.Close())
}

// open opens the folder's file as the program does, with another clock.
func (f folder) open(c clock) (*bolt.Store, error) {
	text, err := os.ReadFile(filepath.Join(f.dir, "amino.key"))
	if err != nil {
		return nil, err
	}
	master, err := vault.ParseMaster(string(text))
	if err != nil {
		return nil, err
	}
	return bolt.Open(f.file(), master, c)
}

func (f folder) size() int64 {
	is, err := os.Stat(f.file())
	if err != nil {
		return 0 // whoever opens it tells
	}
	return is.Size()
}

func (f folder) remove() error { return os.RemoveAll(f.dir) }

// slotBytes is what the slots of a vendor take in the file.
func (f folder) slotBytes() float64 {
	sum := 0
	for _, s := range f.shops {
		sum += s.Slots
	}
	return float64(sum) / float64(max(1, len(f.shops)))
}

// counts are those of the folder's vendors, as a server over it tells them.
func (f folder) counts(ctx context.Context, s *server) (sum counts, err error) {
	for _, shop := range f.shops {
		c, err := s.counts(ctx, shop.Key)
		if err != nil {
			return sum, err
		}
		sum.Accepted += c.Accepted
		sum.Sent += c.Sent
		sum.Expired += c.Expired
	}
	return sum, nil
}

// senders are the shops as the load of orders wants them.
func (f folder) senders() (shops []shop) {
	for _, s := range f.shops {
		shops = append(shops, s.shop)
	}
	return shops
}

func gigabytes(n int64) string { return fmt.Sprintf("%.2f GB", float64(n)/1e9) }
