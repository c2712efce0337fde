package shopify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"aminobridge/adapters/shopify"
	"aminobridge/adapters/shopify/shopifytest"
)

const benchSecret = "shpss_0123456789abcdef0123456789abcdef"

func benchBody() (topic string, body []byte, header func(string) string) {
	topic, body = shopifytest.Fulfilled(shopifytest.Order{
		ID: 5_000_000_000_000, Name: "#1001", Email: "buyer@shop.example", FirstName: "Kim", LastName: "Doe", Locale: "en",
		Total: "30.00", At: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), Size: 12_000,
	})
	mac := hmac.New(sha256.New, []byte(benchSecret))
	mac.Write(body)
	signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return topic, body, func(name string) string {
		switch name {
		case "X-Shopify-Hmac-Sha256":
			return signature
		case "X-Shopify-Topic":
			return topic
		}
		return ""
	}
}

// BenchmarkHMAC is what the check of a signature cannot do without.
func BenchmarkHMAC(b *testing.B) {
	_, body, _ := benchBody()
	mac := hmac.New(sha256.New, []byte(benchSecret))
	var sum [sha256.Size]byte
	for b.Loop() {
		mac.Reset()
		mac.Write(body)
		mac.Sum(sum[:0])
	}
}

// BenchmarkVerifyAndExtract is all that the package does for one webhook.
func BenchmarkVerifyAndExtract(b *testing.B) {
	_, body, header := benchBody()
	secrets := []string{benchSecret}
	b.ReportAllocs()
	for b.Loop() {
		if !(shopify.Source{}).Signed(secrets, header, body) {
			b.Fatal("the signature is refused")
		}
		if e := (shopify.Source{}).Decode(shopify.Source{}.Topic(header), header, body); e.Order.ID != "5000000000000" {
			b.Fatalf("got %+v", e)
		}
	}
}

// Five of its texts are all that an order leaves on the heap.
func TestAllocations(t *testing.T) {
	_, body, header := benchBody()
	secrets := []string{benchSecret}
	got := testing.AllocsPerRun(100, func() {
		s := shopify.Source{}
		s.Signed(secrets, header, body)
		s.Decode(s.Topic(header), header, body)
	})
	if got > 5 {
		t.Errorf("%v allocations, want 5", got)
	}
}
