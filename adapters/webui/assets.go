package webui

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"
)

//go:embed assets/review.css
var styleText string

//go:embed assets/review.js
var scriptText string

//go:embed assets/icon.svg
var iconText string

// asset is a file of the pages. Its name has a hash of its content, so that it
// may be kept for ever, and a page of one release never gets a file of another.
type asset struct{ name, kind, text string }

var (
	style  = newAsset("review.css", "text/css; charset=utf-8", styleText)
	script = newAsset("review.js", "text/javascript; charset=utf-8", scriptText)
	icon   = newAsset("icon.svg", "image/svg+xml", iconText)
)

func newAsset(name, kind, text string) asset {
	sum := sha256.Sum256([]byte(text))
	ext := path.Ext(name)
	return asset{strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext, kind, text}
}

func (a asset) path() string { return "/assets/" + a.name }

func serveAsset(c *fiber.Ctx) error {
	for _, a := range []asset{style, script, icon} {
		if a.name != c.Params("name") {
			continue
		}
		c.Set(fiber.HeaderContentType, a.kind)
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
		c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		c.Set("Cross-Origin-Resource-Policy", "same-origin")
		return c.SendString(a.text)
	}
	return fiber.ErrNotFound
}
