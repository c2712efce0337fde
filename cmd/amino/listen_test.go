package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestListenerSurvivesFullTable runs a server whose table of file descriptors is
// full: the connections it could not take are answered once some are free.
func TestListenerSurvivesFullTable(t *testing.T) {
	if os.Getenv("AMINO_TEST_LISTENER") != "" {
		serveWithFullTable()
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^TestListenerSurvivesFullTable$")
	child.Env = append(os.Environ(), "AMINO_TEST_LISTENER=1")
	child.Stderr = os.Stderr
	hints, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	says, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(says)
	lines.Scan()
	conn, err := net.Dial("tcp", lines.Text()) // waits in the backlog
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	lines.Scan()
	if lines.Text() != "refused" {
		t.Fatalf("the child said %q, want it to meet the full table", lines.Text())
	}
	fmt.Fprintln(hints, "free")
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if got, err := bufio.NewReader(conn).ReadString('\n'); got != "hello\n" {
		t.Errorf("got %q, %v after descriptors were freed", got, err)
	}
	if err := child.Wait(); err != nil {
		t.Error(err)
	}
}

// serveWithFullTable is the child: it says its address, fills its table, says
// that accept failed, frees the table when told, and greets the connection.
func serveWithFullTable() {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	limit := syscall.Rlimit{Cur: 64, Max: 64}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		panic(err)
	}
	var fillers []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		fillers = append(fillers, f)
	}
	refused := make(chan error, 1)
	ln := &patient{Listener: watched{inner, refused}, closed: make(chan struct{})}
	fmt.Println(inner.Addr())
	go func() {
		<-refused
		fmt.Println("refused")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		for _, f := range fillers {
			_ = f.Close()
		}
	}()
	conn, err := ln.Accept()
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(conn, "hello")
	_ = conn.Close()
	os.Exit(0)
}

// watched tells of the first accept that failed.
type watched struct {
	net.Listener
	refused chan<- error
}

func (w watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		select {
		case w.refused <- err:
		default:
		}
	}
	return c, err
}

func TestListenerEnds(t *testing.T) {
	ln, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { _, err := ln.Accept(); ended <- err }()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("Accept returned a connection after Close")
	}
}

// failing is a listener whose table stays full.
type failing struct{ net.Listener }

func (failing) Accept() (net.Conn, error) {
	return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
}
func (failing) Close() error { return nil }

func TestListenerEndsWhileItWaits(t *testing.T) {
	ln := &patient{Listener: failing{}, closed: make(chan struct{})}
	ended := make(chan error)
	go func() { _, err := ln.Accept(); ended <- err }()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want net.ErrClosed", err)
	}
}
