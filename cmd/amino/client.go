package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofiber/fiber/v2"
)

// longestSocket keeps the path within what a socket's address holds: 108 bytes on
// Linux, 104 elsewhere.
const longestSocket = 100

// socketPath is where the server of a folder listens for verbs.
func socketPath(folder string) string {
	path := filepath.Join(folder, "amino.sock")
	if len(path) <= longestSocket {
		return path
	}
	sum := sha256.Sum256([]byte(folder))
	return filepath.Join(os.TempDir(), "amino-"+hex.EncodeToString(sum[:8])+".sock")
}

// call asks the admin API, and returns the body of its answer.
func (s *session) call(method, path string, in any) (json.RawMessage, error) {
	client, end, err := s.client()
	if err != nil {
		return nil, err
	}
	defer end()
	return ask(s.ctx, client, method, path, in)
}

// ask is one call of the admin API.
func ask(ctx context.Context, client *http.Client, method, path string, in any) (json.RawMessage, error) {
	var body io.Reader = http.NoBody
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://amino/admin"+path, body)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = refusal(res.StatusCode, answer)
	}
	if res.StatusCode == http.StatusNotFound {
		err = fmt.Errorf("%s: %w", subject(path), err)
	}
	return answer, err
}

// subject is what the path names: /vendors/acme/keys is about acme.
func subject(path string) string {
	parts := strings.Split(path, "/")
	name, _, _ := strings.Cut(parts[min(2, len(parts)-1)], "?")
	return name
}

// asked is ask with its answer taken apart.
func asked[T any](ctx context.Context, client *http.Client, method, path string, in any) (out T, err error) {
	raw, err := ask(ctx, client, method, path, in)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

// refusal is the sentence of a problem, with a line for each field.
func refusal(status int, answer []byte) error {
	var p struct {
		Error string
		Field []struct{ Field, Detail string } `json:"fields"`
	}
	if json.Unmarshal(answer, &p) != nil || p.Error == "" {
		return fmt.Errorf("the server answered %d", status)
	}
	if len(p.Field) == 0 {
		return errors.New(p.Error)
	}
	var lines []string
	for _, f := range p.Field {
		lines = append(lines, f.Field+" "+f.Detail)
	}
	return errors.New(strings.Join(lines, "\n       "))
}

// client reaches the server that holds the folder, or else the same API in
// memory over the file. The caller ends it.
func (s *session) client() (client *http.Client, end func(), err error) {
	if conn, err := dialServer(s.ctx, s.settings.Data); err == nil {
		_ = conn.Close()
		transport := overSocket(s.settings.Data)
		return &http.Client{Transport: transport}, transport.CloseIdleConnections, nil
	}
	_, err = os.Stat(filepath.Join(s.settings.Data, dbName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s holds no data yet; `amino serve --data %s` makes it", s.settings.Data, s.settings.Data)
	}
	if err != nil {
		return nil, nil, err
	}
	app, end, err := offline(s)
	if err != nil {
		return nil, nil, err
	}
	return &http.Client{Transport: inMemory{app}}, end, nil
}

// overSocket carries requests to the server of a folder.
func overSocket(folder string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialServer(ctx, folder) }}
}

// dialServer reaches the server of a folder. A socket that somebody else made
// where the server's would be is refused: it would be told secrets.
func dialServer(ctx context.Context, folder string) (net.Conn, error) {
	path := socketPath(folder)
	made, err := ownerOf(path)
	if err != nil {
		return nil, err
	}
	if held, err := ownerOf(folder); err != nil || made != held && made != os.Geteuid() {
		return nil, fmt.Errorf("%s belongs to another user", path)
	}
	return new(net.Dialer).DialContext(ctx, "unix", path)
}

func ownerOf(path string) (uid int, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	return int(info.Sys().(*syscall.Stat_t).Uid), nil // on every Unix
}

// inMemory serves a client from an app without a network.
type inMemory struct{ app *fiber.App }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) { return m.app.Test(r, -1) }
