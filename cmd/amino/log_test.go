package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/lmittmann/tint"

	"aminobridge/core"
	"aminobridge/core/vault"
)

// TestLogHoldsNoSecret puts secrets where a library's error may hold them.
func TestLogHoldsNoSecret(t *testing.T) {
	key, _ := vault.NewAPIKey()
	keys, _, err := vault.New(vault.NewMaster(), strings.NewReader(strings.Repeat("some text of enough bytes", 100)))
	if err != nil {
		t.Fatal(err)
	}
	token := keys.ReviewToken(keys.TokenVersion(), core.VendorID{1}, core.InvitationID{2})
	hook := vault.NewShopToken()
	secrets := []string{key, token, hook, "anna@example.com", "re_AbCdEf123456", "shpss_0123456789abcdef"}
	var out bytes.Buffer
	for _, log := range []*slog.Logger{newLog(&out, slog.LevelInfo), slog.New(tint.NewTextHandler(&out, &tint.Options{ReplaceAttr: redact}))} {
		log.Error("to anna@example.com", "error", fmt.Errorf("post: %w", &url.Error{Op: "Post", URL: "http://x/review/" + token, Err: errors.New("no route to anna@example.com")}))
		log.Info("hook", "path", "/webhooks/shopify/"+hook, "key", key, "value", struct{ A string }{"re_AbCdEf123456"})
		log.WithGroup("g").With("secret", "shpss_0123456789abcdef").Info("grouped", "to", []string{"Anna <anna@example.com>"})
	}
	for _, s := range secrets {
		if strings.Contains(out.String(), s) {
			t.Errorf("the log holds %q:\n%s", s, &out)
		}
	}
}

func TestLogKeepsTheRest(t *testing.T) {
	var out bytes.Buffer
	inv := core.NewInvitationID(newClock().Now())
	newLog(&out, slog.LevelInfo).Info("sent", "invitation", inv, "attempt", 3, "route", "/review/:token", "error", core.ErrFull)
	for _, want := range []string{`"level":"INFO"`, `"msg":"sent"`, inv.String(), `"attempt":3`, "/review/:token", core.ErrFull.Error()} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not in %s", want, &out)
		}
	}
}
