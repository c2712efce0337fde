package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"aminobridge/core/vault"
)

// settings is what an operator may choose. Everything else is a constant with
// its reason beside it. Packages get the values they need, never this struct.
type settings struct {
	Addr           string
	Data           string   // the folder
	PublicURL      string   // without a slash at its end; "": the listener's own address
	ResendAPIKey   string   // "": the mailbox sender
	ResendBaseURL  string   // another address of the same API
	From           string   // "Name <a@b>"
	TrustedProxies []string // addresses or networks
	MasterKey      string   // replaces the file DIR/amino.key

	origin map[string]string // by key: flag, environment, amino.toml or default
}

// option is one setting: its key in amino.toml, its name in the environment and
// how its text is read. The text of a secret is never shown.
type option struct {
	key, env string
	usual    string
	secret   bool
	set      func(*settings, string) error
	get      func(*settings) string
}

var options = []option{
	{key: "addr", env: "AMINO_ADDR", usual: "127.0.0.1:8080", set: setAddr, get: func(s *settings) string { return s.Addr }},
	{key: "data", env: "AMINO_DATA", usual: "amino-data", set: setData, get: func(s *settings) string { return s.Data }},
	{key: "public_url", env: "AMINO_PUBLIC_URL", set: setPublicURL, get: func(s *settings) string { return s.PublicURL }},
	{key: "resend_api_key", env: "AMINO_RESEND_API_KEY", secret: true, set: setResendAPIKey, get: func(s *settings) string { return s.ResendAPIKey }},
	{key: "resend_base_url", env: "RESEND_BASE_URL", set: setResendBaseURL, get: func(s *settings) string { return s.ResendBaseURL }},
	{key: "from", env: "AMINO_FROM", set: setFrom, get: func(s *settings) string { return s.From }},
	{key: "trusted_proxies", env: "AMINO_TRUSTED_PROXIES", set: setTrustedProxies, get: func(s *settings) string { return strings.Join(s.TrustedProxies, ", ") }},
	{key: "master_key", env: "AMINO_MASTER_KEY", secret: true, set: setMasterKey, get: func(s *settings) string { return s.MasterKey }},
}

// environment looks a variable up, as os.LookupEnv does. Set but empty is told
// from not set, because an empty secret is a slip that must not pass as none.
type environment func(name string) (value string, set bool)

// loadSettings reads every setting from the first place that has it: flags, the
// environment, the file amino.toml, the default. It reports every fault at once.
func loadSettings(flags map[string]string, env environment, file string) (settings, error) {
	s := settings{origin: map[string]string{}}
	lines, err := readTOML(file)
	faults := []error{err}
	for _, o := range options {
		text, origin, err := o.find(flags, env, lines)
		if err == nil && origin != "" {
			err = o.apply(&s, text)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s (%s): %w", o.key, o.env, err))
		}
		s.origin[o.key] = origin
		delete(lines, o.key)
		delete(lines, o.key+"_file")
	}
	for key := range lines {
		faults = append(faults, fmt.Errorf("%s: %s is not a setting", file, key))
	}
	if s.ResendBaseURL != "" && s.ResendAPIKey == "" {
		faults = append(faults, errors.New("resend_base_url (RESEND_BASE_URL): is set, but AMINO_RESEND_API_KEY is not"))
	}
	return s, errors.Join(faults...)
}

// find returns the option's text and where it comes from; the origin is "" for
// an option that nobody gave and that has no default.
func (o option) find(flags map[string]string, env environment, lines map[string]string) (text, origin string, err error) {
	if v := flags[o.key]; v != "" {
		return v, "flag", nil
	}
	lookups := []struct {
		name, origin string
		find         environment
	}{
		{o.env, "environment", env},
		{o.key, "amino.toml", func(k string) (string, bool) { v, ok := lines[k]; return v, ok }},
	}
	for _, l := range lookups {
		text, set, err := o.lookup(l.name, l.find)
		if set || err != nil {
			return text, l.origin, err
		}
	}
	if o.usual == "" {
		return "", "", nil
	}
	return o.usual, "default", nil
}

// lookup finds NAME, or for a secret the content of the file that NAME_FILE names.
func (o option) lookup(name string, find environment) (text string, set bool, err error) {
	text, set = find(name)
	if !o.secret {
		return text, set && text != "", nil
	}
	suffix := "_FILE"
	if name == o.key {
		suffix = "_file"
	}
	path, fromFile := find(name + suffix)
	if set && fromFile {
		return "", false, fmt.Errorf("%s and %s%s are both set", name, name, suffix)
	}
	if fromFile {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", false, fmt.Errorf("%s%s: %w", name, suffix, withoutPath(err))
		}
		return strings.TrimSpace(string(b)), true, nil
	}
	return strings.TrimSpace(text), set, nil
}

// withoutPath drops the path of a file error: someone may have put the secret
// where its file's name belongs.
func withoutPath(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

func (o option) apply(s *settings, text string) error {
	if o.secret && slices.Contains(placeholders, strings.ToLower(text)) {
		return errors.New("is empty, or a placeholder from a document")
	}
	return o.set(s, text)
}

// placeholders are what people leave standing in a copied configuration.
var placeholders = []string{"", "changeme", "secret", "password", "re_123456789", "re_xxxxxxxxx", "re_123"}

func setAddr(s *settings, v string) error {
	if _, port, err := net.SplitHostPort(v); err != nil || port == "" {
		return errors.New("must be host:port, like 127.0.0.1:8080")
	}
	s.Addr = v
	return nil
}

func setData(s *settings, v string) (err error) {
	s.Data, err = filepath.Abs(v)
	return err
}

func setPublicURL(s *settings, v string) error {
	u, err := parseBase(v)
	if err != nil || u.Path != "" {
		return errors.New("must be an address like https://reviews.example.com, without a path")
	}
	s.PublicURL = u.String()
	return nil
}

func setResendAPIKey(s *settings, v string) error {
	if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return errors.New("must be one word, as Resend shows it")
	}
	s.ResendAPIKey = v
	return nil
}

func setResendBaseURL(s *settings, v string) error {
	u, err := parseBase(v)
	if err != nil {
		return errors.New("must be an address like https://api.resend.com")
	}
	s.ResendBaseURL = u.String()
	return nil
}

// parseBase reads an http or https address that other paths are appended to.
func parseBase(v string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(v, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("not an http or https address")
	}
	return u, nil
}

func setFrom(s *settings, v string) error {
	if _, err := mail.ParseAddress(v); err != nil {
		return errors.New("must be an address like Name <reviews@example.com>")
	}
	s.From = v
	return nil
}

func setTrustedProxies(s *settings, v string) error {
	for part := range strings.SplitSeq(v, ",") {
		part = strings.TrimSpace(part)
		_, errNet := netip.ParsePrefix(part)
		_, errAddr := netip.ParseAddr(part)
		if errNet != nil && errAddr != nil {
			return errors.New("must be addresses or networks with commas between, like 10.0.0.1, 10.1.0.0/16")
		}
		s.TrustedProxies = append(s.TrustedProxies, part)
	}
	return nil
}

func setMasterKey(s *settings, v string) error {
	_, err := vault.ParseMaster(v)
	s.MasterKey = v
	return err
}

// checkServe refuses what may not be served: links that lead nowhere, and a
// provider that refuses every letter. The error has the lines to paste.
func (s settings) checkServe() error {
	var faults []error
	if s.PublicURL == "" && (!isLoopback(s.Addr) || s.realSender()) {
		faults = append(faults, errors.New("the address in every mail is not known; set it, for example:\n    export AMINO_PUBLIC_URL=https://reviews.example.com"))
	}
	if s.From == "" && s.ResendAPIKey != "" {
		faults = append(faults, errors.New("the sender of every mail is not known; set it, for example:\n    export AMINO_FROM='Example Shop <reviews@example.com>'"))
	}
	return errors.Join(faults...)
}

// realSender reports whether letters go to people. A provider on loopback is a
// fake, or a relay that its operator answers for.
func (s settings) realSender() bool {
	if s.ResendAPIKey == "" {
		return false
	}
	u, err := url.Parse(s.ResendBaseURL)
	return s.ResendBaseURL == "" || err != nil || !isLoopbackHost(u.Hostname())
}

// private reports whether nobody but this machine is served: behind a public
// address there is a proxy or a tunnel, which makes everyone a neighbour.
func (s settings) private() bool {
	u, err := url.Parse(s.PublicURL)
	return isLoopback(s.Addr) && (s.PublicURL == "" || err == nil && isLoopbackHost(u.Hostname()))
}

// isLoopback reports whether only this machine can reach addr.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && isLoopbackHost(host)
}

func isLoopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// shown is one setting as `amino config` prints it.
type shown struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
	Env    string `json:"env"`
}

// show lists the settings in effect, without the secrets.
func (s settings) show() []shown {
	out := make([]shown, len(options))
	for i, o := range options {
		value := o.get(&s)
		if o.secret && value != "" {
			value = "(set, not shown)"
		}
		out[i] = shown{Key: o.key, Value: value, Origin: s.origin[o.key], Env: o.env}
	}
	return out
}
