package httpapi_test

import (
	"strings"
	"testing"

	"aminobridge/adapters/httpapi"
	"aminobridge/core"
)

// TestAdminVendorKeepsToSendersThereAre: a vendor is led to no sender that this
// program does not run, and what it has stays as it is.
func TestAdminVendorKeepsToSendersThereAre(t *testing.T) {
	o := newOffice(t)
	o.vendor("acme")
	for _, name := range []string{"resend", "pigeon"} {
		status, answer := o.call("PATCH", "/vendors/acme", `{"set":["cap=7","sender=`+name+`"]}`)
		if status != 400 || !strings.Contains(answer, `"field":"sender"`) {
			t.Errorf("%s: %d %s, want 400 naming the sender", name, status, answer)
		}
		if name == "resend" && !strings.Contains(answer, "started with") {
			t.Errorf("%s: the answer %s does not say why", name, answer)
		}
	}
	if got := must[httpapi.AdminVendor](o, "GET", "/vendors/acme", "").Settings; got["cap"] != "100" || got["sender"] != "" {
		t.Errorf("cap is %s and sender %q after refusals, want 100 and none", got["cap"], got["sender"])
	}
	if got := must[httpapi.AdminVendor](o, "PATCH", "/vendors/acme", `{"set":["sender=mailbox"]}`).Settings["sender"]; got != "mailbox" {
		t.Errorf("sender is %q, want mailbox", got)
	}
}

// TestAdminPausesWhoeverItMayNotSendFor: a vendor that was led to a sender of an
// earlier start can still be changed, and paused above all.
func TestAdminPausesWhoeverItMayNotSendFor(t *testing.T) {
	o := newOffice(t)
	o.vendor("acme")
	v, err := o.store.VendorBySlug(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	v.Settings.Sender = "resend"
	if _, err := o.store.PutVendor(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if got := must[httpapi.AdminVendor](o, "PATCH", "/vendors/acme", `{"set":["paused=true"]}`).Settings["paused"]; got != "true" {
		t.Errorf("paused is %s, want true", got)
	}
}

// TestAdminSaysWhatIsWrongWithAnID of another kind, or none at all.
func TestAdminSaysWhatIsWrongWithAnID(t *testing.T) {
	o := newOffice(t)
	key, shop := core.NewKeyID(o.clock.Now()).String(), core.NewShopID(o.clock.Now()).String()
	for _, c := range []struct{ method, path, body, begins string }{
		{"DELETE", "/keys/x", "", "key_"},
		{"DELETE", "/keys/" + shop, "", "key_"},
		{"POST", "/shops/x/test", "", "shop_"},
		{"POST", "/shops/" + key + "/test", "", "shop_"},
		{"PATCH", "/shops/" + key, `{"secret":"s"}`, "shop_"},
	} {
		status, answer := o.call(c.method, c.path, c.body)
		if status != 400 || !strings.Contains(answer, `"field":"id"`) || !strings.Contains(answer, "begins with "+c.begins) {
			t.Errorf("%s %s: %d %s, want 400 and the form of an id", c.method, c.path, status, answer)
		}
	}
}
