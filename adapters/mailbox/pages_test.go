package mailbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"aminobridge/adapters/mailbox"
	"aminobridge/core"
)

func app(b *mailbox.Box) *fiber.App {
	a := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, ErrorHandler: func(c *fiber.Ctx, err error) error {
		switch {
		case errors.Is(err, core.ErrNotFound):
			return c.Status(404).SendString(err.Error())
		case errors.Is(err, core.ErrInvalid):
			return c.Status(400).SendString(err.Error())
		}
		return fiber.DefaultErrorHandler(c, err)
	}})
	mailbox.Mount(a, b)
	return a
}

func get(t *testing.T, a *fiber.App, path string) (*http.Response, string) {
	t.Helper()
	r, err := a.Test(httptest.NewRequest(http.MethodGet, path, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(body)
}

func TestJSON(t *testing.T) {
	b := open(t, t.TempDir())
	a := app(b)
	if _, body := get(t, a, "/mailbox.json"); body != "[]" {
		t.Errorf("an empty box is %s", body)
	}
	send(t, b, 1)
	id := send(t, b, 2)
	r, body := get(t, a, "/mailbox.json?limit=1")
	var got []map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got) != 1 || r.StatusCode != 200 {
		t.Fatalf("%d %v: %s", r.StatusCode, err, body)
	}
	m := got[0]
	for name, want := range map[string]any{
		"id": id, "key": "inv_2/first/0", "to": "anna@customer.example", "subject": "Letter 2", "text": letter(2).Text, "html": letter(2).HTML,
		"from": letter(2).From, "at": "2026-11-22T12:00:00.123456Z", "review_url": "https://r.example/review/abc", "opt_out_url": "https://r.example/u/def",
	} {
		if m[name] != want {
			t.Errorf("%s is %q, want %q", name, m[name], want)
		}
	}
	if links, _ := m["links"].([]any); !slices.Equal(links, []any{"https://r.example/review/abc", "https://r.example/u/def"}) {
		t.Errorf("links are %v", m["links"])
	}
	if headers, _ := m["headers"].(map[string]any); headers["List-Unsubscribe"] != "<https://r.example/u/def>" {
		t.Errorf("headers are %v", m["headers"])
	}
}

func TestPagesShow(t *testing.T) {
	b := open(t, t.TempDir())
	a := app(b)
	for n := 1; n <= 51; n++ {
		send(t, b, n)
	}
	id := send(t, b, 52)
	for path, want := range map[string][]string{
		"/mailbox":                 {"Letter 52", "Letter 3<", "to anna@customer.example", `href="/mailbox/` + id + `"`, "before=3"},
		"/mailbox?before=3":        {"Letter 2<", "Letter 1<", "Newest"},
		"/mailbox/" + id:           {"Letter 52", "anna@customer.example", "Café Lindner &lt;reviews@lindner.example&gt;", `href="https://r.example/review/abc"`, "sandbox=", "inv_52/first/0", "List-Unsubscribe", "ven_1"},
		"/mailbox/" + id + "/html": {`<head><base target="_blank">`, `href="https://r.example/review/abc"`},
		"/mailbox.css":             {"color-scheme"},
	} {
		r, body := get(t, a, path)
		if r.StatusCode != 200 {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s does not hold %q", path, w)
			}
		}
		if strings.Contains(path, "before") && strings.Contains(body, "Older") {
			t.Errorf("%s leads to an older page", path)
		}
		checkHeaders(t, path, r)
		for _, foreign := range []string{"<script", "<img", "src=\"http", "@import", "url("} {
			if strings.Contains(body, foreign) {
				t.Errorf("%s holds %s", path, foreign)
			}
		}
	}
}

func checkHeaders(t *testing.T, path string, r *http.Response) {
	t.Helper()
	csp := r.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "script") {
		t.Errorf("%s: policy %q", path, csp)
	}
	if strings.HasSuffix(path, "/html") && (!strings.Contains(csp, "sandbox allow-popups") || !strings.Contains(csp, "form-action 'none'")) {
		t.Errorf("%s: policy %q lets a mail act", path, csp)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %s is %q", path, name, got)
		}
	}
}

func TestMailCannotWriteThePage(t *testing.T) {
	b := open(t, t.TempDir())
	m := letter(1)
	m.Subject, m.Text, m.To = "</title><script>1</script>", "</pre><script>2</script>", "<script>3</script>@x.example"
	m.Headers = map[string]string{"X": "<script>4</script>"}
	id, err := b.Send(t.Context(), m, "k")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/mailbox", "/mailbox/" + id} {
		if _, body := get(t, app(b), path); strings.Contains(body, "<script") {
			t.Errorf("%s holds the mail's script", path)
		}
	}
}

func TestPagesRefuse(t *testing.T) {
	b := open(t, t.TempDir())
	send(t, b, 1)
	for path, want := range map[string]int{
		"/mailbox/00000000000000000000000000000000":      404,
		"/mailbox/00000000000000000000000000000000/html": 404,
		"/mailbox/..%2f..%2fetc%2fpasswd":                404,
		"/mailbox.json?limit=0":                          400,
		"/mailbox.json?limit=1001":                       400,
		"/mailbox.json?before=x":                         400,
		"/mailbox?before=-1":                             400,
	} {
		if r, body := get(t, app(b), path); r.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", path, r.StatusCode, body, want)
		}
	}
}

func TestDamagedMailIsSaid(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir)
	id := send(t, b, 1)
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if err := os.WriteFile(files[0], []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/mailbox", "/mailbox/" + id} {
		if r, body := get(t, app(b), path); r.StatusCode != 200 || !strings.Contains(body, "cannot be read") {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
	if _, body := get(t, app(b), "/mailbox.json"); !strings.Contains(body, `"damaged":true`) {
		t.Errorf("JSON: %s", body)
	}
}
