package httpapi_test

import (
	"flag"
	"io"
	"net/http/httptest"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite openapi.json")

// The committed description is what clients generate code from: a change of it
// is a change of the contract and must be seen in review.
func TestOpenAPI(t *testing.T) {
	_, app, _ := overTaker(t)
	res, err := app.Test(httptest.NewRequest("GET", "/openapi.json", nil), -1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("the API is not what openapi.json says; review the change and run go generate ./adapters/httpapi")
	}
	if ct := res.Header.Get("Content-Type"); res.StatusCode != 200 || ct != "application/openapi+json" {
		t.Errorf("got %d %s", res.StatusCode, ct)
	}
}
