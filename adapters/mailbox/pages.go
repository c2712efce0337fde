package mailbox

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"aminobridge/core"
)

//go:embed pages
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"address": readable,
	"when":    func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
	"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
}).ParseFS(files, "pages/*.gohtml"))

// The pages load nothing but their own style sheet, and show a mail only in a
// frame without scripts, forms or an origin.
const (
	pageCSP = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	mailCSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
		"sandbox allow-popups allow-popups-to-escape-sandbox"
)

// handler serves the pages of one box.
type handler struct{ box *Box }

// Mount serves the box at /mailbox, to anybody who can reach the router: the mails
// hold addresses and live links, so it belongs on the loopback only.
func Mount(r fiber.Router, box *Box) {
	h := handler{box}
	r.Get("/mailbox", guarded(pageCSP), h.list)
	r.Get("/mailbox.json", guarded(pageCSP), h.json)
	r.Get("/mailbox.css", guarded(pageCSP), h.style)
	r.Get("/mailbox/:id", guarded(pageCSP), h.mail)
	r.Get("/mailbox/:id/html", guarded(mailCSP), h.html)
}

func guarded(csp string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentSecurityPolicy, csp)
		c.Set(fiber.HeaderCacheControl, "no-store")
		c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
		c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		c.Set("X-Robots-Tag", "noindex")
		return c.Next()
	}
}

func (h handler) list(c *fiber.Ctx) error {
	before, err := number(c, "before", 0, 1, 1<<53)
	if err != nil {
		return err
	}
	mails, next := h.box.List(before, 50)
	return show(c, "list.gohtml", map[string]any{"Mails": mails, "Next": next, "Later": before > 0})
}

func (h handler) mail(c *fiber.Ctx) error {
	m, err := h.box.Mail(c.Params("id"))
	if err != nil {
		return err
	}
	return show(c, "mail.gohtml", detail(m))
}

func (h handler) html(c *fiber.Ctx) error {
	m, err := h.box.Mail(c.Params("id"))
	if err != nil {
		return err
	}
	c.Type("html", "utf-8")
	// A link opens beside the mailbox: the review page refuses to be framed.
	return c.SendString(strings.Replace(m.HTML, "<head>", `<head><base target="_blank">`, 1))
}

func (h handler) style(c *fiber.Ctx) error {
	css, err := files.ReadFile("pages/mailbox.css")
	if err != nil {
		return err
	}
	c.Type("css", "utf-8")
	return c.Send(css)
}

// view is a mail as /mailbox.json tells it.
type view struct {
	Mail
	Links     []string `json:"links"`
	ReviewURL string   `json:"review_url"`
	OptOutURL string   `json:"opt_out_url"`
}

func (h handler) json(c *fiber.Ctx) error {
	limit, err := number(c, "limit", 100, 1, 1000)
	if err != nil {
		return err
	}
	before, err := number(c, "before", 0, 1, 1<<53)
	if err != nil {
		return err
	}
	mails, _ := h.box.List(before, int(limit))
	out := make([]view, len(mails))
	for i, m := range mails {
		out[i] = viewOf(m)
	}
	return c.JSON(out)
}

var linkForm = regexp.MustCompile(`https?://[^\s<>"]+`)

func viewOf(m Mail) view {
	links := linkForm.FindAllString(m.Text, -1)
	with := func(part string) string {
		i := slices.IndexFunc(links, func(l string) bool { return strings.Contains(l, part) })
		if i < 0 {
			return ""
		}
		return links[i]
	}
	return view{Mail: m, Links: append([]string{}, links...), ReviewURL: with("/review/"), OptOutURL: with("/u/")}
}

// pair is a named line of a mail.
type pair struct{ Name, Value string }

// detail is a mail with its headers and tags in a fixed order.
func detail(m Mail) map[string]any {
	var lines []pair
	for name, value := range m.Headers {
		lines = append(lines, pair{name, value})
	}
	for name, value := range m.Tags {
		lines = append(lines, pair{"tag " + name, value})
	}
	slices.SortFunc(lines, func(a, b pair) int { return cmp.Compare(a.Name, b.Name) })
	return map[string]any{"Mail": viewOf(m), "Lines": append(lines, pair{"send key", m.Key})}
}

func show(c *fiber.Ctx, name string, data any) error {
	var page bytes.Buffer
	if err := pages.ExecuteTemplate(&page, name, data); err != nil {
		return err
	}
	c.Type("html", "utf-8")
	return c.Send(page.Bytes())
}

// readable undoes the encoding of a display name.
func readable(address string) string {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Name == "" {
		return address
	}
	return a.Name + " <" + a.Address + ">"
}

// number reads a query parameter; without it the answer is otherwise.
func number(c *fiber.Ctx, name string, otherwise, least, most uint64) (uint64, error) {
	text := c.Query(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, &core.FieldError{Field: name, Code: "invalid", Reason: "must be a whole number from " +
			strconv.FormatUint(least, 10) + " to " + strconv.FormatUint(most, 10)}
	}
	return n, nil
}
