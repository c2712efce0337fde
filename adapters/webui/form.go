package webui

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// maxForm holds a review of 5000 characters of four bytes each, percent-encoded.
const maxForm = 64 << 10

// readForm reads the fields of a form from the raw body: Fiber's own readers
// inflate whatever calls itself compressed. A provider's one-click opt-out may
// come as multipart/form-data (RFC 8058, section 3.2).
func readForm(c *fiber.Ctx) (url.Values, error) {
	body := c.BodyRaw()
	switch {
	case len(c.Request().Header.ContentEncoding()) > 0:
		return nil, fiber.NewError(fiber.StatusUnsupportedMediaType, "A form must not be compressed.")
	case len(body) > maxForm:
		return nil, fiber.NewError(fiber.StatusRequestEntityTooLarge,
			"This is too long to be sent. Please go back: what you wrote is still there, and shorter it will fit.")
	}
	fields, err := parseForm(c.Get(fiber.HeaderContentType), body)
	if err != nil {
		return nil, fiber.NewError(fiber.StatusBadRequest, "The form could not be read.")
	}
	return fields, nil
}

func parseForm(contentType string, body []byte) (url.Values, error) {
	kind, params, _ := mime.ParseMediaType(contentType)
	if kind != fiber.MIMEMultipartForm {
		return url.ParseQuery(string(body))
	}
	fields := url.Values{}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return nil, err
		}
		value, err := io.ReadAll(part) // no longer than the body
		if err != nil {
			return nil, err
		}
		fields.Add(part.FormName(), string(value))
	}
}

// ownPageOnly refuses what a browser sends on behalf of another site. The token
// in the address is the authority; this keeps another site from using a link it
// got hold of in its visitors' name. Our pages' own Origin is "null", because of
// their referrer policy, so a browser is judged by Sec-Fetch-Site where it says so.
func ownPageOnly(c *fiber.Ctx) error {
	foreign := false
	if site := c.Get("Sec-Fetch-Site"); site != "" {
		foreign = site != "same-origin" && site != "none"
	} else if origin := c.Get(fiber.HeaderOrigin); origin != "" && origin != "null" {
		u, err := url.Parse(origin)
		foreign = err != nil || !strings.EqualFold(u.Host, c.Hostname()) && !strings.EqualFold(u.Host, string(c.Request().Host()))
	}
	if foreign {
		return fiber.NewError(fiber.StatusForbidden, "A review can be sent from its own page only.")
	}
	return c.Next()
}
