package main

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"aminobridge/adapters/httpapi"
	"aminobridge/adapters/shopify/shopifytest"
	"aminobridge/core"
)

// platforms is what a shop may run on.
func platforms() map[string]httpapi.AdminPlatform {
	return map[string]httpapi.AdminPlatform{"shopify": {Domain: shopifyDomain, Sample: shopifySample}}
}

var shopifyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com$`)

func shopifyDomain(text string) (string, error) {
	domain := strings.ToLower(strings.TrimSpace(text))
	if !shopifyForm.MatchString(domain) {
		return "", &core.FieldError{Field: "domain", Code: "invalid", Reason: "must be the shop's permanent name, like x.myshopify.com"}
	}
	return domain, nil
}

// shopifySample is a fulfilled order with the mark of a test. Shopify's own sample
// is cancelled and unfulfilled besides; what a real order would have got could
// not be told from it.
func shopifySample(url, secret string, now time.Time) (*http.Request, string, error) {
	id := rand.Uint64N(1 << 52)
	topic, body := shopifytest.Fulfilled(shopifytest.Order{
		ID: id, Name: "#9999", Email: "jon@example.com", FirstName: "Jon", LastName: "Snow", Total: "20.00", At: now, Test: true,
	})
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	req.Header = shopifytest.Header(topic, secret, body)
	req.Header.Set("X-Shopify-Test", "true")
	return req, strconv.FormatUint(id, 10), nil
}
