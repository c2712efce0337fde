package main

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// sameMachine refuses a host that is not this machine's name for itself: a page
// elsewhere may have its own name resolved to a loopback address, and read.
func sameMachine(c *fiber.Ctx) error {
	host := c.Hostname()
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if !isLoopbackHost(strings.Trim(host, "[]")) {
		return fiber.NewError(fiber.StatusForbidden, "the mailbox is for this machine alone")
	}
	return c.Next()
}

// forwarded takes the host that a trusted proxy was asked for. Of anybody else
// the header is a claim, and is not looked at.
func forwarded(proxies []string) fiber.Handler {
	trusted := make([]netip.Prefix, 0, len(proxies))
	for _, p := range proxies {
		if addr, err := netip.ParseAddr(p); err == nil {
			trusted = append(trusted, netip.PrefixFrom(addr, addr.BitLen()))
		} else if network, err := netip.ParsePrefix(p); err == nil {
			trusted = append(trusted, network)
		}
	}
	return func(c *fiber.Ctx) error {
		peer, ok := netip.AddrFromSlice(c.Context().RemoteIP())
		host := c.Get(fiber.HeaderXForwardedHost)
		if ok && host != "" && slices.ContainsFunc(trusted, func(n netip.Prefix) bool { return n.Contains(peer.Unmap()) }) {
			c.Request().SetHost(host)
		}
		return c.Next()
	}
}
