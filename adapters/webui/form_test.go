package webui_test

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
)

func TestFormsAreRefused(t *testing.T) {
	g := newWorld(t).sent()
	f := g.fills("text", "x")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(f.Encode()))
	_ = z.Close()
	big := f.Encode() + "&more=" + strings.Repeat("x", 64<<10)
	cases := []struct {
		name, body string
		status     int
		header     []string
	}{
		{"compressed", zipped.String(), 415, []string{"Content-Encoding", "gzip"}},
		{"said to be compressed", f.Encode(), 415, []string{"Content-Encoding", "br"}},
		{"any encoding at all", f.Encode(), 415, []string{"Content-Encoding", "identity"}},
		{"too large", big, 413, nil},
		{"broken escapes", "rating=%zz", 400, nil},
		{"another site, says the browser", f.Encode(), 403, []string{"Sec-Fetch-Site", "cross-site"}},
		{"a sibling site", f.Encode(), 403, []string{"Sec-Fetch-Site", "same-site"}},
		{"another site, says an old browser", f.Encode(), 403, []string{"Origin", "https://evil.example"}},
		{"an origin that cannot be read", f.Encode(), 403, []string{"Origin", "https://%zz"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g.do("POST", g.review, c.body, c.header...).want(t, c.status)
			g.do("POST", g.review+"/open", c.body, c.header...).want(t, c.status)
		})
	}
	g.counts(0, 0)
}

func TestFormsFromThePageAreTaken(t *testing.T) {
	cases := map[string][]string{
		"a browser":                           {"Sec-Fetch-Site", "same-origin", "Origin", "null"},
		"an old browser, by our no-referrer":  {"Origin", "null"},
		"a browser that names its origin":     {"Origin", "http://example.com"},
		"typed by hand":                       {"Sec-Fetch-Site", "none"},
		"a browser that says nothing":         {},
		"a form with its charset":             {"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"},
		"a browser that says both, the first": {"Sec-Fetch-Site", "same-origin", "Origin", "https://proxy.example"},
	}
	for name, header := range cases {
		t.Run(name, func(t *testing.T) {
			g := newWorld(t).sent()
			g.post(g.review, g.fills(), header...).want(t, 200, "Thank you")
		})
	}
}

func FuzzForms(f *testing.F) {
	f.Add("rating=4&text=x", "application/x-www-form-urlencoded")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"rating\"\r\n\r\n4\r\n--b--\r\n", "multipart/form-data; boundary=b")
	f.Add("List-Unsubscribe=One-Click", "")
	f.Add("%00=%ff;&&==", "multipart/form-data; boundary=\"")
	w := newWorld(f)
	g := w.sent()
	f.Fuzz(func(t *testing.T, body, contentType string) {
		g.TB = t
		contentType = strings.Map(printable, contentType) // a header holds nothing else
		for _, path := range []string{g.review, g.review + "/open"} {
			if a := g.do("POST", path, body, "Content-Type", contentType); a.status != 422 && a.status != 400 && a.status != 413 {
				t.Errorf("%s: got %d for %q", path, a.status, body)
			}
		}
		g.counts(0, 0)
	})
}

func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}
