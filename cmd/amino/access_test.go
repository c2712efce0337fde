package main

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

func TestForwardedHostIsBelievedOfProxiesAlone(t *testing.T) {
	for name, c := range map[string]struct {
		proxies []string
		want    string
	}{
		"none":            {nil, "inner.example"},
		"another":         {[]string{"10.0.0.1", "10.1.0.0/16"}, "inner.example"},
		"this address":    {[]string{"127.0.0.1"}, "outer.example"},
		"in this network": {[]string{"10.0.0.1", "127.0.0.0/8"}, "outer.example"},
	} {
		app := fiber.New(fiber.Config{DisableStartupMessage: true})
		app.Use(forwarded(c.proxies))
		app.Get("/", func(c *fiber.Ctx) error { return c.SendString(string(c.Request().Host())) })
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = app.Listener(ln) }()
		req, _ := http.NewRequest(http.MethodGet, "http://"+ln.Addr().String()+"/", nil)
		req.Host = "inner.example"
		req.Header.Set("X-Forwarded-Host", "outer.example")
		res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(got) != c.want {
			t.Errorf("%s: the host is %s, want %s", name, got, c.want)
		}
		if err := app.Shutdown(); err != nil {
			t.Error(err)
		}
	}
}
