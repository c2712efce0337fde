package shopify

import (
	"bytes"
	"time"

	"github.com/buger/jsonparser"

	"aminobridge/core"
)

// reader goes over a JSON text once, from left to right. Most of a body is passed
// over, and need not even be valid, because the bytes were signed: what counts is
// to find the end of each value, none too early and none too late.
type reader struct {
	rest []byte // starts with the next value; empty once one has no end
}

func read(body []byte) *reader { return &reader{bytes.TrimLeft(body, " \t\r\n")} }

// each goes over the members of an object or, with '[', over the elements of an
// array, which have no keys; over none if something else comes next. What visit
// does not read is passed over. It reports whether it came to the end of one.
func (r *reader) each(opening byte, visit func(key []byte)) bool {
	if len(r.rest) == 0 || r.rest[0] != opening {
		return false
	}
	r.take(1)
	for len(r.rest) > 0 && r.rest[0] != opening+2 {
		var key []byte
		if opening == '{' {
			key = r.text()
		}
		unread := len(r.rest)
		if visit(key); len(r.rest) == unread {
			r.next()
		}
	}
	if len(r.rest) == 0 {
		return false
	}
	r.take(1)
	return true
}

// text reads a JSON string, number or boolean as text; null and the rest as nil.
// Numbers keep their digits, because ids are larger than a float is exact. The
// text lies in the body, unless something in it was escaped.
func (r *reader) text() []byte {
	if len(r.rest) == 0 {
		return nil
	}
	switch r.rest[0] {
	case '"':
		return r.quoted()
	case '{', '[', 'n':
		r.next()
		return nil
	}
	return r.next()
}

func (r *reader) quoted() []byte {
	n, escaped := stringEnd(r.rest)
	t := r.take(n)
	if len(t) == 0 {
		return nil
	}
	t = t[1 : len(t)-1]
	if escaped {
		t, _ = jsonparser.Unescape(t, nil)
	}
	return t
}

// time reads a time; what is none as zero.
func (r *reader) time() time.Time { return parseTime(string(r.text())) }

// parseTime reads RFC 3339, also with a space between day and hour, as some of
// Shopify's captured bodies have it.
func parseTime(s string) time.Time {
	if s == "" {
		return time.Time{} // the errors of Parse are made on the heap
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00"} {
		if at, err := time.Parse(form, s); err == nil {
			return core.Micro(at)
		}
	}
	return time.Time{}
}

// next takes the next value, whatever it is.
func (r *reader) next() []byte { return r.take(end(r.rest)) }

// take takes n bytes, and drops what only stands between values. Nothing to take
// means that all the rest is no JSON.
func (r *reader) take(n int) []byte {
	taken, i := r.rest[:n], len(r.rest)
	if n > 0 {
		i = n + between(r.rest[n:])
	}
	r.rest = r.rest[i:]
	return taken
}

// between counts the bytes before a value. Commas and colons are no more than
// blanks: what is a key, the order alone tells.
func between(b []byte) int {
	for i, c := range b {
		switch c {
		case ' ', '\t', '\r', '\n', ',', ':':
			continue
		}
		return i
	}
	return len(b)
}

// end is where the value ends that b starts with; 0 if it does not.
func end(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"':
		n, _ := stringEnd(b)
		return n
	case '{', '[':
		return blockEnd(b)
	}
	for i, c := range b {
		switch c {
		case ' ', '\t', '\r', '\n', ',', ':', ']', '}':
			return i
		}
	}
	return 0
}

func stringEnd(b []byte) (n int, escaped bool) {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			return i + 1, escaped
		}
	}
	return 0, false
}

// blockEnd is the end of an object or array. In it, only brackets of its own kind
// count that stand outside of strings, and the number of quotes so far tells which
// ones do. IndexByte and Count look at 32 bytes at once, so that several searches
// take less time than one loop over the bytes.
func blockEnd(b []byte) int {
	opening, closing := b[0], b[0]+2
	depth, inside := 0, false
	for i := 0; i < len(b); {
		// Each part ends with the next byte that may count. The limit is there for
		// a body full of backslashes: the search for a far bracket starts anew with
		// each part.
		part := b[i:min(i+512, len(b))]
		if n := bytes.IndexByte(part, closing); n >= 0 {
			part = part[:n+1]
		}
		if n := bytes.IndexByte(part, opening); n >= 0 {
			part = part[:n+1]
		}
		if n := bytes.IndexByte(part, '\\'); n >= 0 {
			part = part[:n+1]
		}
		i += len(part)
		if bytes.Count(part, []byte{'"'})%2 == 1 {
			inside = !inside
		}
		switch last := part[len(part)-1]; {
		case last == '\\':
			i++ // past what it escapes, which may be a quote
		case inside:
		case last == opening:
			depth++
		case last == closing:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}
