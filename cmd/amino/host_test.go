package main

import (
	"net/http"
	"testing"
	"time"
)

// TestMailboxIsForThisMachineAlone: a page elsewhere whose name was made to lead to
// this machine reads no mails. What anybody may see it may see.
func TestMailboxIsForThisMachineAlone(t *testing.T) {
	r := start(t, t.TempDir())
	r.invite(r.vendor("acme"), "anna@customer.example")
	for _, c := range []struct {
		host, path string
		status     int
	}{
		{"", "/mailbox", 200},
		{"localhost", "/mailbox", 200},
		{"localhost:8080", "/mailbox", 200},
		{"127.0.0.2:8080", "/mailbox", 200},
		{"[::1]", "/mailbox", 200},
		{"[::1]:8080", "/mailbox", 200},
		{"evil.example", "/mailbox", 403},
		{"evil.example:8080", "/mailbox", 403},
		{"localhost.evil.example", "/mailbox", 403},
		{"127.0.0.1.evil.example", "/mailbox", 403},
		{"192.0.2.1", "/mailbox", 403},
		{"evil.example", "/mailbox/1", 403},
		{"evil.example", "/mailbox/", 403},
		{"evil.example", "/MAILBOX", 403},
		{"evil.example", "/healthz", 200},
	} {
		req, _ := http.NewRequest(http.MethodGet, r.base+c.path, nil)
		if c.host != "" {
			req.Host = c.host
		}
		req.Header.Set("X-Forwarded-Host", "localhost") // which anybody may write
		res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s of host %q: %d, want %d", c.path, c.host, res.StatusCode, c.status)
		}
	}
}
