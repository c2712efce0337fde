package main_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// answer is what came back over HTTP.
type answer struct {
	w      *world
	status int
	header http.Header
	body   string
}

// do makes one request. Headers come in pairs of name and value.
func (w *world) do(method, url, body string, headers ...string) answer {
	w.t.Helper()
	a, err := w.try(method, url, body, headers...)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// try is do for another goroutine than the test's. Links are those of the mails
// and answers: what stands before the program leads their host to it.
func (w *world) try(method, url, body string, headers ...string) (a answer, err error) {
	url = strings.Replace(url, publicURL, "http://"+w.program.addr, 1)
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	res, err := w.web.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{w, res.StatusCode, res.Header, string(text)}, err
}

// is fails the test unless the answer has the status.
func (a answer) is(status int) answer {
	a.w.t.Helper()
	if a.status != status {
		a.w.t.Fatalf("the answer is %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// object is the body, which must be a JSON object.
func (a answer) object() (m map[string]any) {
	a.w.t.Helper()
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		a.w.t.Fatalf("the body is %q: %v", a.body, err)
	}
	return m
}

// keys fails the test unless the body has exactly these members.
func (a answer) keys(want ...string) answer {
	a.w.t.Helper()
	a.w.same("the members", slices.Sorted(maps.Keys(a.object())), slices.Sorted(slices.Values(want)))
	return a
}

// says fails the test unless the header has the value; "" is its absence.
func (a answer) says(header, value string) answer {
	a.w.t.Helper()
	a.w.same(header, a.header.Get(header), value)
	return a
}

func (a answer) text(member string) string {
	text, _ := a.object()[member].(string)
	return text
}

// link is the review_url.
func (a answer) link() string {
	link := a.text("review_url")
	a.w.secret(link[strings.LastIndexByte(link, '/')+1:])
	return link
}

// id names the invitation.
func (a answer) id() string {
	location := a.header.Get("Location")
	return location[strings.LastIndexByte(location, '/')+1:]
}
