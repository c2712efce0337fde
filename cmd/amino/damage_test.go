package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bbolt "go.etcd.io/bbolt"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
)

// damage gives the page at the root of a bucket a type that there is not; "" is
// the root of all.
func damage(t *testing.T, folder, bucket string) {
	t.Helper()
	path := filepath.Join(folder, dbName)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var root int64
	err = db.View(func(tx *bbolt.Tx) error {
		b := tx.Cursor().Bucket()
		if bucket != "" {
			b = tx.Bucket([]byte(bucket))
		}
		root = int64(b.Root()) * int64(db.Info().PageSize)
		return nil
	})
	if err = errors.Join(err, db.Close()); err != nil || root == 0 {
		t.Fatalf("no page of its own: %v", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(binary.NativeEndian.AppendUint16(nil, 0x7ffc), root+8)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestLastWordsNameTheCause: a program that ends because its file cannot be read
// any more says so, and its last answer is to come again.
func TestLastWordsNameTheCause(t *testing.T) {
	folder := t.TempDir()
	r := start(t, folder)
	key := r.vendor("acme")
	for n := range 30 { // so many that they fill a page of their own
		admin[httpapi.AdminSecretKey](r, "POST", "/vendors/acme/keys", httpapi.AdminNewKey{Name: fmt.Sprint(n)})
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	damage(t, folder, "key")
	r = start(t, folder)
	req, _ := http.NewRequest("POST", r.base+"/api/v1/invitations", strings.NewReader(`{"email":"anna@customer.example","name":"Anna"}`))
	req.Header.Set("Authorization", "Bearer "+key)
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != 503 {
		t.Errorf("the answer is %d %s, want 503", res.StatusCode, body)
	}
	select {
	case <-r.store.Fenced():
	case <-time.After(10 * time.Second):
		t.Fatal("the store is not fenced")
	}
	if err := r.stop(); !errors.Is(err, core.ErrFenced) || !strings.Contains(err.Error(), "page ") {
		t.Errorf("it ended with %v, want the fence and its cause", err)
	}
}

// TestDamagedFolderIsAnError: neither a server nor a verb panics over it.
func TestDamagedFolderIsAnError(t *testing.T) {
	folder := t.TempDir()
	r := start(t, folder)
	r.vendor("acme")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	damage(t, folder, "")
	err := serve(t.Context(), settings{Addr: "127.0.0.1:0", Data: folder}, newLog(io.Discard, slog.LevelInfo), func(*service) { t.Error("it serves") })
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("it ended with %v, want it to say that the file is damaged", err)
	}
}

// TestMissingJournalIsTold by whatever opens the folder first.
func TestMissingJournalIsTold(t *testing.T) {
	folder := t.TempDir()
	r := start(t, folder)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, dbName+"-journal")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		var out, errs strings.Builder
		if err := run(t.Context(), env(), []string{"check", "--data", folder}, &out, &errs); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(errs.String(), "the journal was missing"); told != want {
			t.Errorf("told: %t, want %t: %s", told, want, &errs)
		}
	}
}
