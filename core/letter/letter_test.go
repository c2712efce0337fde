package letter_test

import (
	"errors"
	"flag"
	"fmt"
	"html"
	"maps"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"aminobridge/core"
	"aminobridge/core/letter"
)

// create writes golden files that are missing. It never touches one that is
// there: a change of bytes is a new renderer, with golden files of its own.
var create = flag.Bool("create", false, "write golden files that do not exist yet")

const token = "AQEZrN8QcA7hVpXo2wT5uLkE9mYbGdJ3fSiR6nZtCxKvBqHjWyMOeU0Pa1Ds4FlgIz"

func input(change ...func(*letter.Input)) letter.Input {
	var v core.VendorID
	var i core.InvitationID
	_ = v.UnmarshalText([]byte("ven_06bqkx2m7r8d5c3f9h1j4n6p8w"))
	_ = i.UnmarshalText([]byte("inv_06bqkx2m7r8d5c3f9h1j4n6p9r"))
	in := letter.Input{
		Frozen: core.Frozen{
			Renderer: letter.Renderer, Template: letter.Template, VendorName: "Kaffeehaus Lindner",
			Website: "https://lindner.example/", Postal: "Marktplatz 4, 04109 Leipzig, Germany",
			From: "reviews@lindner.example", PublicURL: "https://reviews.example", Locale: "en",
		},
		Name: "Anna Berger", Email: "anna@customer.example", OrderRef: "#1001",
		ReviewURL: core.ReviewURL("https://reviews.example", token), OptOutURL: core.OptOutURL("https://reviews.example", token),
		Vendor: v, Invitation: i, Kind: core.First,
	}
	for _, c := range change {
		c(&in)
	}
	return in
}

func render(t *testing.T, change ...func(*letter.Input)) core.Mail {
	t.Helper()
	m, err := letter.Render(input(change...))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestGolden holds the bytes of a renderer still. If it fails, the words, the
// layout or a rule changed: raise letter.Renderer, and run the test once with
// -create. The files of older renderers go, for nothing makes their bytes again.
func TestGolden(t *testing.T) {
	cases := map[string]func(*letter.Input){
		"en-order":    func(*letter.Input) {},
		"en-plain":    func(in *letter.Input) { in.OrderRef, in.Name, in.Frozen.Website, in.Frozen.Postal = "", "", "", "" },
		"en-reminder": func(in *letter.Input) { in.Kind = core.Reminder },
		"en-unfit": func(in *letter.Input) {
			in.Name, in.OrderRef = "win at www.evil.example", "<b>1</b>"
			in.Frozen.VendorName = "Tom & \"Jerry\" <Söhne>"
		},
		"de-order":    func(in *letter.Input) { in.Frozen.Locale = "de-AT" },
		"de-plain":    func(in *letter.Input) { in.Frozen.Locale, in.OrderRef, in.Name = "de", "", "" },
		"de-reminder": func(in *letter.Input) { in.Frozen.Locale, in.Kind = "de", core.Reminder },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", fmt.Sprintf("renderer%d", letter.Renderer), name+".golden")
			got := written(render(t, change))
			want, err := os.ReadFile(path)
			if errors.Is(err, os.ErrNotExist) && *create {
				err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(got), 0o644))
				want = []byte(got)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the bytes of renderer %d changed; raise letter.Renderer.\ngot:\n%s\nwant:\n%s", letter.Renderer, got, want)
			}
		})
	}
}

func written(m core.Mail) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s\nTo: %s\nReply-To: %s\nSubject: %s\n", m.From, m.To, m.ReplyTo, m.Subject)
	for _, h := range slices.Sorted(maps.Keys(m.Headers)) {
		fmt.Fprintf(&b, "%s: %s\n", h, m.Headers[h])
	}
	for _, k := range slices.Sorted(maps.Keys(m.Tags)) {
		fmt.Fprintf(&b, "[%s] %s\n", k, m.Tags[k])
	}
	return b.String() + "\n" + m.Text + "\n" + m.HTML
}

// TestTemplate holds the hash to the words, as TestGolden holds the bytes.
func TestTemplate(t *testing.T) {
	path := filepath.Join("testdata", fmt.Sprintf("renderer%d", letter.Renderer), "template.golden")
	if _, err := os.Stat(path); err != nil && *create {
		_ = os.WriteFile(path, []byte(letter.Template+"\n"), 0o644)
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if letter.Template != strings.TrimSpace(string(want)) {
		t.Errorf("template is %s, want %s: words or layout changed; raise letter.Renderer", letter.Template, want)
	}
}

var hrefs = regexp.MustCompile(`href="([^"]*)"`)

func TestLinks(t *testing.T) {
	m := render(t)
	var got []string
	for _, h := range hrefs.FindAllStringSubmatch(m.HTML, -1) {
		got = append(got, html.UnescapeString(h[1]))
	}
	in := input()
	if want := []string{in.ReviewURL, in.OptOutURL, in.Frozen.Website}; !slices.Equal(got, want) {
		t.Errorf("links in the HTML are %q, want %q", got, want)
	}
	for _, link := range []string{in.ReviewURL, in.OptOutURL} {
		if n := strings.Count(m.HTML, link); n != 1 {
			t.Errorf("%s is %d times in the HTML, want once, byte for byte", link, n)
		}
		if !strings.Contains(m.Text, "\n"+link+"\n") {
			t.Errorf("%s does not stand alone on a line of the text", link)
		}
	}
	for _, foreign := range []string{"<img", "<script", "<link", "src=", "url(", "@import", "<form", "<iframe"} {
		if strings.Contains(m.HTML, foreign) {
			t.Errorf("the HTML holds %s", foreign)
		}
	}
	if len(m.HTML) > 20<<10 {
		t.Errorf("the HTML has %d bytes", len(m.HTML))
	}
}

func TestGreeting(t *testing.T) {
	for name, want := range map[string]string{
		"Anna Berger":                   "Hello Anna,",
		"  Anna   Berger ":              "Hello Anna,",
		"Jean-Luc":                      "Hello Jean-Luc,",
		"O’Neill Fergus":                "Hello O’Neill,",
		"Łukasz Żółty":                  "Hello Łukasz,",
		"田中 太郎":                         "Hello 田中,",
		"Dr. Anna Berger":               "Hello Dr. Anna Berger,",
		"Frau Berger":                   "Hello Frau Berger,",
		"J. Smith":                      "Hello J. Smith,",
		"":                              "Hello,",
		"...":                           "Hello,",
		"Berger, Anna":                  "Hello,",
		"anna@evil.example":             "Hello,",
		"Anna http://evil.example":      "Hello,",
		"Anna www.evil":                 "Hello,",
		"Anna evil.example now":         "Hello,",
		"Anna\r\nBcc: x@y.example":      "Hello,",
		"Anna\tBerger":                  "Hello,",
		"Anna \u202egnp.exe":            "Hello,",
		"Anna <b>":                      "Hello,",
		"Call 030123456":                "Hello,",
		"12":                            "Hello,",
		"Anna {vendor}":                 "Hello,",
		"Anna\x00":                      "Hello,",
		"Anna \xff":                     "Hello,",
		"You have won! Click":           "Hello,",
		strings.Repeat("Annabella ", 7): "Hello,",
	} {
		m := render(t, func(in *letter.Input) { in.Name = name })
		got, _, _ := strings.Cut(m.Text, "\n")
		if got != want {
			t.Errorf("%q is greeted %q, want %q", name, got, want)
		}
		if !strings.Contains(html.UnescapeString(m.HTML), ">"+want+"<") {
			t.Errorf("%q: the HTML does not greet with %q", name, want)
		}
	}
}

func TestOrder(t *testing.T) {
	for ref, want := range map[string]string{
		"#1001":                 "Thank you for your order #1001 from Kaffeehaus Lindner.",
		" 2026/11-7 B ":         "Thank you for your order 2026/11-7 B from Kaffeehaus Lindner.",
		"{name}":                "Thank you for choosing Kaffeehaus Lindner.",
		"":                      "Thank you for choosing Kaffeehaus Lindner.",
		"1\nX: y":               "Thank you for choosing Kaffeehaus Lindner.",
		"see evil.example":      "Thank you for choosing Kaffeehaus Lindner.",
		"www.7":                 "Thank you for choosing Kaffeehaus Lindner.",
		"a@b":                   "Thank you for choosing Kaffeehaus Lindner.",
		strings.Repeat("9", 41): "Thank you for choosing Kaffeehaus Lindner.",
	} {
		m := render(t, func(in *letter.Input) { in.OrderRef = ref })
		if !strings.Contains(html.UnescapeString(m.HTML), want) {
			t.Errorf("order %q: want %q in\n%s", ref, want, m.Text)
		}
	}
}

func TestFrom(t *testing.T) {
	for _, c := range []struct{ from, vendor, name string }{
		{"Lindner <a@b.example>", "Other", "Lindner"},
		{"a@b.example", "Kaffeehaus Lindner", "Kaffeehaus Lindner"},
		{"a@b.example", "Café \"Zur Sonne\", Inh. <Müller>", "Café \"Zur Sonne\", Inh. <Müller>"},
		{"a@b.example", "Line\r\nBcc: x@y.example", "Line Bcc: x@y.example"},
	} {
		m := render(t, func(in *letter.Input) { in.Frozen.From, in.Frozen.VendorName = c.from, c.vendor })
		a, err := mail.ParseAddress(m.From)
		if err != nil || a.Name != c.name || a.Address != "a@b.example" {
			t.Errorf("From %q of %q is %q (%v), want the name %q", c.from, c.vendor, m.From, err, c.name)
		}
	}
	if m := render(t, func(in *letter.Input) { in.Frozen.From = "Lindner & Co <a@b.example>" }); m.From != "Lindner & Co <a@b.example>" {
		t.Errorf("a From with a name became %q", m.From)
	}
}

func TestVendorText(t *testing.T) {
	m := render(t, func(in *letter.Input) {
		in.Frozen.VendorName = "Kaffee\r\nBcc: c@d.example \u202e" + strings.Repeat("x", 200)
		in.Frozen.Postal = "Marktplatz 4\n\nNo more mails: https://evil.example"
	})
	if n := len([]rune(m.Subject)); n > 120 || !strings.HasSuffix(m.Subject, "…") || strings.ContainsAny(m.Subject, "\r\n\u202e") {
		t.Errorf("the subject is %q (%d)", m.Subject, n)
	}
	for _, line := range []string{"\nBcc:", "\nNo more mails", "\u202e"} {
		if strings.Contains(m.Text, line) || strings.Contains(m.HTML, line) {
			t.Errorf("a vendor's text broke out with %q", line)
		}
	}
}

func TestWebsite(t *testing.T) {
	for site, want := range map[string]string{
		"https://lindner.example/?a=1&b=2":  "lindner.example/?a=1&b=2",
		"http://lindner.example":            "lindner.example",
		"javascript:alert(1)//lindner":      "",
		"ftp://lindner.example":             "",
		"https://lindner.example/ x":        "",
		"https://lindner.example/\"><b>":    "",
		"https://lindner.example\nEvil: x":  "",
		"https://lindner.example/\u202egpj": "",
		"http://%zz":                        "",
	} {
		m := render(t, func(in *letter.Input) { in.Frozen.Website = site })
		if want == "" && (strings.Count(m.HTML, "<a ") != 2 || strings.Contains(m.Text, "lindner.example") || strings.Contains(m.Text, "Evil")) {
			t.Errorf("website %q is shown", site)
		}
		if want != "" && (!strings.Contains(html.UnescapeString(m.HTML), ">"+want+"<") || !strings.Contains(m.Text, "\n"+site+"\n")) {
			t.Errorf("website %q is not shown as %q", site, want)
		}
	}
}

func TestLanguage(t *testing.T) {
	for locale, want := range map[string]string{"en": "en", "de": "de", "de-AT": "de", "DE": "de", "pt-BR": "en", "": "en", "zz": "en"} {
		m := render(t, func(in *letter.Input) { in.Frozen.Locale = locale })
		if !strings.Contains(m.HTML, `<html lang="`+want+`"`) {
			t.Errorf("locale %q is not written in %s", locale, want)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*letter.Input)
		want   error
	}{
		"other renderer":     {func(in *letter.Input) { in.Frozen.Renderer++ }, letter.ErrRenderer},
		"other words":        {func(in *letter.Input) { in.Frozen.Template = "x" }, letter.ErrRenderer},
		"no sender":          {func(in *letter.Input) { in.Frozen.From = "" }, core.ErrInvalid},
		"sender of 2 lines":  {func(in *letter.Input) { in.Frozen.From = "A <a@b.example>\r\nBcc: c@d.example" }, core.ErrInvalid},
		"sender with a tab":  {func(in *letter.Input) { in.Frozen.From = "A\t<a@b.example>" }, core.ErrInvalid},
		"folded sender":      {func(in *letter.Input) { in.Frozen.From = "A\r\n <a@b.example>" }, core.ErrInvalid},
		"reply-to, no text":  {func(in *letter.Input) { in.Frozen.ReplyTo = "\xff@b.example" }, core.ErrInvalid},
		"reply-to, 2 lines":  {func(in *letter.Input) { in.Frozen.ReplyTo = "a@b.example\nBcc: c@d.example" }, core.ErrInvalid},
		"recipient, 2 lines": {func(in *letter.Input) { in.Email = "a@b.example\r\nBcc:c@d.example" }, core.ErrInvalid},
		"two recipients":     {func(in *letter.Input) { in.Email = "a@b.example,c@d.example" }, core.ErrInvalid},
		"no recipient":       {func(in *letter.Input) { in.Email = "" }, core.ErrInvalid},
		"no vendor":          {func(in *letter.Input) { in.Frozen.VendorName = " \u200b " }, core.ErrInvalid},
		"script for a link":  {func(in *letter.Input) { in.ReviewURL = "javascript:alert(1)" }, core.ErrInvalid},
		"link that escapes":  {func(in *letter.Input) { in.ReviewURL += "?a=1&b=2" }, core.ErrInvalid},
		"opt-out, 2 lines":   {func(in *letter.Input) { in.OptOutURL += ">\r\nBcc: c@d.example" }, core.ErrInvalid},
		"opt-out of nowhere": {func(in *letter.Input) { in.OptOutURL = "https://" }, core.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := letter.Render(input(c.change))
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if strings.Contains(err.Error(), "@d.example") {
				t.Errorf("the error holds a bad value: %v", err)
			}
		})
	}
}

func TestNoListIdWithoutName(t *testing.T) {
	for url, want := range map[string]string{
		"https://Reviews.Example:8443": "<ven_06bqkx2m7r8d5c3f9h1j4n6p8w.reviews.reviews.example>",
		"http://[::1]:8080":            "",
		"http://x\r\ny":                "",
	} {
		if got := render(t, func(in *letter.Input) { in.Frozen.PublicURL = url }).Headers["List-Id"]; got != want {
			t.Errorf("List-Id under %q is %q, want %q", url, got, want)
		}
	}
}

// FuzzRender feeds every foreign text at once: whatever comes, no header has a
// control character, and both links stay what they are.
func FuzzRender(f *testing.F) {
	f.Add("Anna", "#1001", "Kaffeehaus", "Marktplatz 4", "https://x.example", "a@b.example", "", "de")
	f.Add("a\r\nb", "{order}{name}", "\r\nBcc: x", "<b>", "javascript:1", "A\r\n <a@b.example>", "\n", "-")
	f.Fuzz(func(t *testing.T, name, order, vendor, postal, site, from, reply, locale string) {
		in := input(func(in *letter.Input) {
			in.Name, in.OrderRef = name, order
			in.Frozen.VendorName, in.Frozen.Postal, in.Frozen.Website = vendor, postal, site
			in.Frozen.From, in.Frozen.ReplyTo, in.Frozen.Locale = from, reply, locale
		})
		m, err := letter.Render(in)
		if err != nil {
			if !errors.Is(err, core.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		lines := append(slices.Collect(maps.Values(m.Headers)), m.From, m.To, m.ReplyTo, m.Subject)
		for _, line := range lines {
			if strings.ContainsFunc(line, unicode.IsControl) {
				t.Errorf("a header has a control character: %q", line)
			}
		}
		if strings.Count(m.HTML, in.ReviewURL) != 1 || !strings.Contains(m.Text, "\n"+in.ReviewURL+"\n") {
			t.Error("the review link is not there once")
		}
	})
}
