package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// ledger is a server that keeps orders by their bodies, more or less well.
type ledger struct {
	mu    sync.Mutex
	seen  map[string]bool
	count int64
	busy  int // so many are refused first
	loses int // so many it answers and forgets
	twice bool
}

func (l *ledger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case l.busy > 0:
		l.busy--
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
	case l.loses > 0:
		l.loses--
	case !l.seen[string(body)] || l.twice:
		l.seen[string(body)] = true
		l.count++
	}
}

// A server that loses an order or makes two of one is found out; one that refuses
// some for a while is asked again.
func TestAccount(t *testing.T) {
	for _, c := range []struct {
		name, fault string
		ledger      *ledger
	}{
		{"honest", "", &ledger{}},
		{"busy at first", "", &ledger{busy: 7}},
		{"one is lost", "LOST:", &ledger{loses: 1}},
		{"a repeat is kept", "LOST OR DOUBLED", &ledger{twice: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
			defer stop()
			l := c.ledger
			l.seen = map[string]bool{}
			server := httptest.NewServer(l)
			defer server.Close()
			o, err := newOrders(time.Now(), shop{Domain: "a", Token: "b", Secret: "c"})
			if err != nil {
				t.Fatal(err)
			}
			to := &target{
				process: &process{name: "ledger", cmd: &exec.Cmd{Process: &os.Process{Pid: os.Getpid()}}},
				load:    load{addr: server.Listener.Addr().String(), writer: o.writer},
				kept: func(context.Context) (int64, error) {
					l.mu.Lock()
					defer l.mu.Unlock()
					return l.count, nil
				},
			}
			o.sign(1, 50)
			r, err := to.round(ctx, 4, time.Minute, 1, 50)
			if err == nil {
				err = to.account(ctx, 1)
			}
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Fatalf("got %v, want a fault like %q", err, c.fault)
			}
			if got := len(r.took) + len(r.denied); got != 50 {
				t.Errorf("%d were sent, want 50", got)
			}
			if c.name == "busy at first" && (r.status[http.StatusServiceUnavailable] != 7 || r.silent != 0 || len(r.denied) != 7) {
				t.Errorf("got %v, %d of them without Retry-After; want 7 refused", r.status, r.silent)
			}
		})
	}
}

// What a server says is read, and what comes after it is not taken for it.
func TestConn(t *testing.T) {
	const whole = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
	for _, c := range []struct {
		name, says   string
		status       int
		body         string
		retry, fails bool
		dials        int
	}{
		{"a body", whole, 200, "hello", false, false, 1},
		{"no body", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 60\r\n\r\n", 503, "", true, false, 1},
		{"the last on its connection", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 200, "", false, false, 2},
		{"cut off", "HTTP/1.1 200 OK\r\nContent-Le", 0, "", false, true, 2},
		{"in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", false, true, 2},
		{"something else", "SSH-2.0-OpenSSH\r\n", 0, "", false, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr, dials := speak(t, c.says)
			to := conn{addr: addr}
			defer to.close()
			for range 2 {
				got, err := to.do([]byte("GET / HTTP/1.1\r\n\r\n"))
				if got.status != c.status && !c.fails || string(got.body) != c.body || got.retryAfter != c.retry || (err != nil) != c.fails {
					t.Errorf("got %+v, %v", got, err)
				}
			}
			if got := dials(); got != c.dials {
				t.Errorf("dialled %d times, want %d", got, c.dials)
			}
		})
	}
}

// speak answers every request with the same words, or, where they are no whole
// answer, with the end of the connection behind them.
func speak(t *testing.T, words string) (addr string, dials func() int) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	var mu sync.Mutex
	dialled := 0
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			dialled++
			mu.Unlock()
			go answerAll(c, []byte(words))
		}
	}()
	return ln.Addr().String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return dialled
	}
}

func answerAll(c net.Conn, words []byte) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	for {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		if _, err := c.Write(words); err != nil || !bytes.Contains(words, []byte("\r\n\r\n")) {
			return
		}
	}
}
