package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// conn is one keep-alive connection. It writes requests that are ready as bytes
// and reads just enough of the answer: a client that does more takes from the
// cores that it shares with what it measures.
type conn struct {
	addr string
	c    net.Conn
	r    *bufio.Reader
}

// patience is above what any answer may take.
const patience = 30 * time.Second

// answer is what a request got. The body is the connection's until the next one.
type answer struct {
	status     int
	retryAfter bool
	body       []byte
}

// wanted reports whether what was asked for is done, or will be.
func (a answer) wanted() bool {
	return a.status == http.StatusOK || a.status == http.StatusCreated || a.status == http.StatusAccepted
}

// do sends a request whole and reads its answer. After an error, or an answer
// that ends the connection, the next request opens a new one.
func (c *conn) do(request []byte) (a answer, err error) {
	if c.c == nil {
		if err := c.dial(); err != nil {
			return a, err
		}
	}
	keep := false
	if _, err = c.c.Write(request); err == nil {
		a, keep, err = c.read()
	}
	if err != nil || !keep {
		c.close()
	}
	return a, err
}

func (c *conn) dial() (err error) {
	if c.c, err = net.DialTimeout("tcp", c.addr, patience); err != nil {
		c.c = nil
		return err
	}
	c.r = bufio.NewReaderSize(c.c, 4<<10)
	return c.c.SetDeadline(time.Now().Add(10 * patience)) // for all of its requests: a timer for each costs more than it finds
}

func (c *conn) close() {
	if c.c != nil {
		_ = c.c.Close() // all that was sent on it is answered, or counted as not
		c.c = nil
	}
}

// read reads an answer, and whether the connection goes on.
func (c *conn) read() (a answer, keep bool, err error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return a, false, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return a, false, errors.New("not an answer in HTTP/1.1")
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, false, err
	}
	length, keep := 0, true
	for {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return a, false, err
		}
		name, value, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		switch value = bytes.TrimSpace(value); {
		case len(name) == 0:
			a.body, err = c.content(length)
			return a, keep, err
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return a, false, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return a, false, fmt.Errorf("an answer comes in the encoding %q, which the load does not read", value)
		case bytes.EqualFold(name, []byte("Connection")):
			keep = !bytes.EqualFold(value, []byte("close"))
		case bytes.EqualFold(name, []byte("Retry-After")):
			a.retryAfter = true
		}
	}
}

// content is a body: as a rule none, or some bytes that the reader holds already.
func (c *conn) content(length int) ([]byte, error) {
	if length == 0 {
		return nil, nil
	}
	if length > c.r.Size() {
		_, err := c.r.Discard(length) // pages, of which the status is enough
		return nil, err
	}
	body, err := c.r.Peek(length)
	if err == nil {
		_, err = c.r.Discard(length)
	}
	return body, err
}
