package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"aminobridge/core"
)

// members are the members of a JSON object, each as it was written.
type members map[string]json.RawMessage

// readObject reads one JSON object and is strict about its form, because what two
// readers may read differently is a hole: no member twice at any depth, no
// trailing data, no text that is not Unicode. It knows no member by name.
func readObject(body []byte) (members, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return nil, malformed(err)
	}
	if !utf8.Valid(body) || loneSurrogate(body) {
		return nil, bodyError("bad_unicode", "holds text that is not Unicode")
	}
	if whole = bytes.TrimSpace(whole); whole[0] != '{' {
		return nil, bodyError("not_an_object", "must be a JSON object")
	}
	if err := namedOnce(body); err != nil {
		return nil, err
	}
	var m members
	return m, json.Unmarshal(body, &m)
}

func bodyError(code, reason string) error {
	return &core.FieldError{Field: "body", Code: code, Reason: reason}
}

// malformed tells where the text ceases to be JSON, and not what stands there.
func malformed(err error) error {
	reason := "is not JSON"
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		reason += ", at byte " + strconv.FormatInt(e.Offset, 10)
	}
	return bodyError("malformed", reason)
}

// loneSurrogate reports whether valid JSON escapes half of a surrogate pair,
// which encoding/json would replace in silence.
func loneSurrogate(body []byte) bool {
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		i++
		r, ok := unit(body[i:])
		if !ok {
			continue
		}
		i += 4
		if !utf16.IsSurrogate(r) {
			continue
		}
		if body[i+1] != '\\' {
			return true
		}
		low, _ := unit(body[i+2:])
		if utf16.DecodeRune(r, low) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// unit reads the rest of an escape like \ud83d: u, and four digits.
func unit(b []byte) (rune, bool) {
	if b[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(b[1:5]), 16, 16)
	return rune(n), err == nil
}

// level is an object or array that is being read.
type level struct {
	names  map[string]bool // nil for an array
	atName bool            // the next text is a member's name
}

// namedOnce returns a *core.FieldError if an object in valid JSON names a member
// twice: encoding/json keeps the last, others the first.
func namedOnce(body []byte) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	stack := []level{{}}
	for {
		token, err := dec.Token()
		if err != nil {
			return nil // the end: the text is known to be JSON
		}
		top := &stack[len(stack)-1]
		if name, ok := token.(string); ok && top.atName {
			if top.names[name] {
				return twice(name, len(stack) == 2)
			}
			top.names[name], top.atName = true, false
			continue
		}
		switch token {
		case json.Delim('{'):
			stack = append(stack, level{names: map[string]bool{}, atName: true})
			continue
		case json.Delim('['):
			stack = append(stack, level{})
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
			top = &stack[len(stack)-1]
		}
		top.atName = top.names != nil
	}
}

// twice names only members that we know: what else stands there is the caller's.
func twice(name string, outmost bool) error {
	if outmost && known[name] {
		return &core.FieldError{Field: name, Code: "duplicate", Reason: "is given twice"}
	}
	return bodyError("duplicate_member", "names a member twice")
}
