package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"aminobridge/core/vault"
)

// env makes an environment of pairs.
func env(pairs ...string) environment {
	vars := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		vars[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

// file writes a file into a folder of the test.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSettingsComeFromTheFirstPlaceThatHasThem(t *testing.T) {
	toml := file(t, "addr = \"127.0.0.1:3\" # from the file\nfrom = 'A <a@b.example>'\ntrusted_proxies = [\"10.0.0.1\", '10.1.0.0/16',]\n")
	s, err := loadSettings(map[string]string{"addr": "127.0.0.1:1"}, env("AMINO_ADDR", "127.0.0.1:2", "AMINO_PUBLIC_URL", "https://x.example/"), toml)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, value, origin string }{
		{"addr", "127.0.0.1:1", "flag"},
		{"public_url", "https://x.example", "environment"},
		{"from", "A <a@b.example>", "amino.toml"},
		{"trusted_proxies", "10.0.0.1, 10.1.0.0/16", "amino.toml"},
		{"resend_api_key", "", ""},
	} {
		if got := shownOf(s, c.key); got.Value != c.value || got.Origin != c.origin {
			t.Errorf("%s is %q from %q, want %q from %q", c.key, got.Value, got.Origin, c.value, c.origin)
		}
	}
	if !filepath.IsAbs(s.Data) || filepath.Base(s.Data) != "amino-data" || s.origin["data"] != "default" {
		t.Errorf("data is %q from %q", s.Data, s.origin["data"])
	}
	s, err = loadSettings(nil, env("AMINO_ADDR", "127.0.0.1:2"), toml)
	if err != nil || s.Addr != "127.0.0.1:2" {
		t.Errorf("addr is %q, %v; the environment goes before the file", s.Addr, err)
	}
}

func shownOf(s settings, key string) shown {
	for _, o := range s.show() {
		if o.Key == key {
			return o
		}
	}
	return shown{}
}

func TestSecretsComeFromFilesAndAreNotShown(t *testing.T) {
	master := vault.FormatMaster(vault.NewMaster())
	s, err := loadSettings(nil, env("AMINO_RESEND_API_KEY_FILE", file(t, "re_abc123def456\n"), "AMINO_MASTER_KEY", master), "")
	if err != nil {
		t.Fatal(err)
	}
	if s.ResendAPIKey != "re_abc123def456" || s.MasterKey != master {
		t.Error("the secrets were not read")
	}
	for _, o := range s.show() {
		if strings.Contains(o.Value, "re_abc") || strings.Contains(o.Value, master) {
			t.Errorf("%s is shown", o.Key)
		}
	}
	if shownOf(s, "master_key").Value == "" {
		t.Error("that a secret is set is not shown")
	}
}

func TestEveryFaultOfTheSettingsIsReportedAtOnce(t *testing.T) {
	toml := file(t, "colour = \"red\"\nfrom = a@b.example\n[vendor]\naddr = \"127.0.0.1:1\"\naddr = \"127.0.0.1:1\"\n")
	_, err := loadSettings(nil, env(
		"AMINO_ADDR", "8080", "AMINO_PUBLIC_URL", "https://x.example/path", "AMINO_RESEND_API_KEY", "",
		"RESEND_BASE_URL", "ftp://x", "AMINO_FROM", "nobody", "AMINO_TRUSTED_PROXIES", "10.0.0.1, proxy", "AMINO_MASTER_KEY", "c2hvcnQ=",
	), toml)
	if err == nil {
		t.Fatal("no fault found")
	}
	for _, want := range []string{
		"addr (AMINO_ADDR)", "public_url (", "resend_api_key (AMINO_RESEND_API_KEY): is empty", "resend_base_url (", "from (AMINO_FROM)",
		"trusted_proxies (", "master_key (", "colour is not a setting", "line 2: from: must be text in quotes", "line 3", "line 5: addr is set twice",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "c2hvcnQ=") {
		t.Error("a secret stands in the error")
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	for name, e := range map[string]environment{
		"placeholder":    env("AMINO_RESEND_API_KEY", "changeme"),
		"sample":         env("AMINO_RESEND_API_KEY", "re_123456789"),
		"blank":          env("AMINO_RESEND_API_KEY", " \n"),
		"empty file":     env("AMINO_RESEND_API_KEY_FILE", file(t, "\n")),
		"no such file":   env("AMINO_RESEND_API_KEY_FILE", "/does/not/exist"),
		"both":           env("AMINO_RESEND_API_KEY", "re_abc123def456", "AMINO_RESEND_API_KEY_FILE", file(t, "re_abc123def456")),
		"all one byte":   env("AMINO_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
		"base without":   env("RESEND_BASE_URL", "https://api.resend.example"),
		"secret as name": env("AMINO_RESEND_API_KEY_FILE", "re_abc123def456"),
	} {
		_, err := loadSettings(nil, e, "")
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "re_abc123def456") {
			t.Errorf("%s: the secret stands in the error", name)
		}
	}
}

func TestWhatMayBeServed(t *testing.T) {
	const key, from, public = "re_abc123def456", "A <a@b.example>", "https://x.example"
	for name, c := range map[string]struct {
		s    settings
		want string // "" if it may be served
	}{
		"nothing configured":      {settings{Addr: "127.0.0.1:8080"}, ""},
		"localhost":               {settings{Addr: "localhost:8080"}, ""},
		"loopback of IPv6":        {settings{Addr: "[::1]:8080"}, ""},
		"public without a URL":    {settings{Addr: ":8080"}, "AMINO_PUBLIC_URL="},
		"any address":             {settings{Addr: "0.0.0.0:8080"}, "AMINO_PUBLIC_URL="},
		"public":                  {settings{Addr: ":8080", PublicURL: public}, ""},
		"sender without a URL":    {settings{Addr: "127.0.0.1:1", ResendAPIKey: key, From: from}, "AMINO_PUBLIC_URL="},
		"sender without from":     {settings{Addr: "127.0.0.1:1", ResendAPIKey: key, PublicURL: public}, "AMINO_FROM="},
		"sender":                  {settings{Addr: "127.0.0.1:1", ResendAPIKey: key, PublicURL: public, From: from}, ""},
		"a fake on loopback":      {settings{Addr: "127.0.0.1:1", ResendAPIKey: key, From: from, ResendBaseURL: "http://127.0.0.1:9"}, ""},
		"another that is no fake": {settings{Addr: "127.0.0.1:1", ResendAPIKey: key, From: from, ResendBaseURL: "https://mail.example"}, "AMINO_PUBLIC_URL="},
	} {
		err := c.s.checkServe()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestWhatIsPrivate(t *testing.T) {
	for _, c := range []struct {
		addr, public string
		want         bool
	}{
		{"127.0.0.1:1", "", true},
		{"127.0.0.1:1", "http://localhost:1", true},
		{"127.0.0.1:1", "https://x.example", false}, // through a proxy or a tunnel
		{"0.0.0.0:1", "", false},
		{"0.0.0.0:1", "http://localhost:1", false},
	} {
		if got := (settings{Addr: c.addr, PublicURL: c.public}).private(); got != c.want {
			t.Errorf("%s as %q: private is %v, want %v", c.addr, c.public, got, c.want)
		}
	}
}

func FuzzTOML(f *testing.F) {
	f.Add("a = \"b\"\nc = ['d', \"e\"] # f\n")
	f.Add("a = \"\\u0041\"\n[t]\n'''")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseTOML(text)
		if err == nil && len(values) > strings.Count(text, "\n")+1 {
			t.Errorf("%d values out of fewer lines", len(values))
		}
		for key := range values {
			if !bareKey.MatchString(key) {
				t.Errorf("%q is no key", key)
			}
		}
	})
}
