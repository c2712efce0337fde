package main

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/netutil"
)

// maxConnections keeps the program within the file descriptors that a usual
// system gives it (1024 on some), with room for the store, the mail provider and
// the socket of the verbs.
const maxConnections = 900

// listen opens the public address. The listener survives what passes by itself:
// the HTTP server below would end for good at the first "too many open files".
func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return netutil.LimitListener(&patient{Listener: ln, closed: make(chan struct{})}, maxConnections), nil
}

// patient is a listener that tries again after faults that are not its own.
type patient struct {
	net.Listener
	closed chan struct{}
	once   sync.Once
}

const (
	firstPause = 5 * time.Millisecond
	mostPause  = time.Second
)

func (p *patient) Accept() (net.Conn, error) {
	for pause := firstPause; ; pause = min(2*pause, mostPause) {
		c, err := p.Listener.Accept()
		if err == nil || !passing(err) {
			return c, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-p.closed:
			timer.Stop()
			return nil, net.ErrClosed
		}
	}
}

// Close ends a pause too.
func (p *patient) Close() error {
	p.once.Do(func() { close(p.closed) })
	return p.Listener.Close()
}

// passing lists the faults of accept(2) that the caller hanging up, or the load
// going down, heals.
func passing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
