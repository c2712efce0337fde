package main

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// load sends requests over a fixed number of connections, each the next when the
// one before is answered. No two requests have the same number.
type load struct {
	client      *fasthttp.HostClient
	connections int
	numbers     atomic.Uint64
	// request makes request n; buf is the connection's own.
	request func(req *fasthttp.Request, buf []byte, n uint64) []byte
}

// patience is above what any answer may take.
const patience = 30 * time.Second

func newLoad(addr string, connections int, request func(*fasthttp.Request, []byte, uint64) []byte) *load {
	client := &fasthttp.HostClient{
		Addr: addr, MaxConns: connections, ReadTimeout: patience, WriteTimeout: patience,
		// A request is sent once: what was answered is counted.
		MaxIdemponentCallAttempts: 1, RetryIfErr: func(*fasthttp.Request, int, error) (bool, bool) { return false, false },
	}
	return &load{client: client, connections: connections, request: request}
}

// answers are what came back.
type answers struct {
	took   []time.Duration // of those answered 200, shortest first
	status map[int]int     // how often each other status; 0 is no answer
	denied []uint64        // the numbers of those
	lasted time.Duration
}

func (a *answers) add(n uint64, status int, took time.Duration) {
	if status == http.StatusOK {
		a.took = append(a.took, took)
		return
	}
	if a.status == nil {
		a.status = map[int]int{}
	}
	a.status[status]++
	a.denied = append(a.denied, n)
}

func (a *answers) join(b answers) {
	a.took = append(a.took, b.took...)
	a.denied = append(a.denied, b.denied...)
	for s, n := range b.status {
		if a.status == nil {
			a.status = map[int]int{}
		}
		a.status[s] += n
	}
}

// drive sends for d, and until everything sent is answered.
func (l *load) drive(ctx context.Context, d time.Duration) (answers, error) {
	begun := time.Now()
	parts := make([]answers, l.connections)
	var workers sync.WaitGroup
	for i := range parts {
		workers.Go(func() { parts[i] = l.work(ctx, begun.Add(d)) })
	}
	workers.Wait()
	sum := answers{lasted: time.Since(begun)}
	for _, p := range parts {
		sum.join(p)
	}
	slices.Sort(sum.took)
	return sum, ctx.Err()
}

// work is one connection's part.
func (l *load) work(ctx context.Context, until time.Time) (a answers) {
	var buf []byte
	for now := time.Now(); now.Before(until) && ctx.Err() == nil; {
		n := l.numbers.Add(1)
		var status int
		status, buf = l.send(n, buf)
		done := time.Now()
		a.add(n, status, done.Sub(now))
		now = done
	}
	return a
}

// send tells n, and returns the status of the answer, 0 if there is none.
func (l *load) send(n uint64, buf []byte) (int, []byte) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	buf = l.request(req, buf, n)
	if err := l.client.Do(req, res); err != nil {
		return 0, buf
	}
	return res.StatusCode(), buf
}
