package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"aminobridge/adapters/httpapi"
)

// firstSlug is the vendor that a first start on a terminal makes.
const firstSlug = "my-shop"

// greetWithKey prints a line that sends a first invitation. A folder without
// vendors gets one, and a key; of a key made earlier nobody knows the secret.
func (p *service) greetWithKey(ctx context.Context, out io.Writer) {
	key, err := p.firstKey(ctx)
	if err != nil {
		p.log.Error("no first key", "error", err)
		return
	}
	if key == "" {
		fmt.Fprintf(out, "\nMake a key with: amino key create --vendor SLUG --name NAME\n\n")
		return
	}
	fmt.Fprintf(out, "\nSend a first invitation with this key of the vendor %s, which is shown once:\n\n  curl %s/api/v1/invitations \\\n    -H 'Authorization: Bearer %s' \\\n    -d '{\"email\":\"customer@example.com\",\"name\":\"John Doe\",\"order_ref\":\"ORD-12345\"}'\n\n", firstSlug, p.base, key)
}

func (p *service) firstKey(ctx context.Context) (string, error) {
	own := &http.Client{Transport: inMemory{p.admin}}
	there, err := asked[httpapi.AdminVendors](ctx, own, http.MethodGet, "/vendors?n=1", nil)
	if err != nil || len(there.Vendors) > 0 {
		return "", err
	}
	if _, err := ask(ctx, own, http.MethodPost, "/vendors", httpapi.AdminNewVendor{Slug: firstSlug, Name: "My Shop"}); err != nil {
		return "", err
	}
	made, err := asked[httpapi.AdminSecretKey](ctx, own, http.MethodPost, vendorPath(firstSlug, "/keys"), httpapi.AdminNewKey{Name: "first key"})
	return made.Key, err
}
