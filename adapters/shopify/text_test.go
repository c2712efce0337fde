package shopify

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzText: whatever encoding/json writes as a text, in whatever company, decodes
// to the same text.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"", "Kim", `"\/`, "ä\u2028\U0001F600", "<script>&", "\x00\x1f\x7f", `{"id":2}`, `],"id":2`, `\`} {
		f.Add(seed, "junk")
		f.Add("Kim", seed)
	}
	f.Fuzz(func(t *testing.T, name, junk string) {
		if !utf8.ValidString(name) || !utf8.ValidString(junk) {
			return // encoding/json would replace it
		}
		body, err := json.Marshal(map[string]any{
			"id": 1, "name": name, "a": junk, "zz": map[string]any{junk: []any{junk, map[string]any{"id": 7}}},
			"customer": map[string]any{"email": "a@x.example", "note": junk, "last_name": name},
		})
		if err != nil {
			t.Fatal(err)
		}
		e := decode("orders/fulfilled", body)
		if want := clip(name, 128); e.Order.ID != "1" || e.OrderName != want || e.Email != "a@x.example" {
			t.Errorf("%s: got %q of order %q, want %q", body, e.OrderName, e.Order.ID, want)
		}
		if want := clip(strings.TrimSpace(name), 200); e.Name != want {
			t.Errorf("%s: got the name %q, want %q", body, e.Name, want)
		}
	})
}
