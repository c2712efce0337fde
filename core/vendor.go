package core

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Vendor is a business we invite for. Version rises with every change and guards
// a writer against overwriting somebody else's.
type Vendor struct {
	ID        VendorID
	Slug      string
	Name      string
	CreatedAt time.Time
	Version   int
	Settings  Settings
}

// Settings are what a vendor may choose. DefaultSettings has the defaults; Set
// changes one by its stable key.
type Settings struct {
	Paused    bool          // nothing is sent while true
	Delay     time.Duration // from fulfilment to the letter's due time
	Cap       int           // most mails in any one hour
	Reserve   int           // places of the cap that paced lanes leave to direct calls; -1: a tenth
	Pacing    string        // smooth or burst
	OverCap   string        // reject (429) or queue
	Hours     Hours         // when paced letters may leave, in Zone
	Zone      string        // IANA
	Cooldown  time.Duration // between two paced invitations of one customer
	MaxAge    time.Duration // an older order is not invited
	Expiry    time.Duration // of the link, counted from sending
	Retention time.Duration // of address and name, after the final or resting state
	Sender    string        // resend or mailbox; "": what the program was started with
	From      string        // "Name <a@b>"; "": AMINO_FROM
	ReplyTo   string
	Locale    string
	Address   string // postal, for the letter's foot
	Website   string
	Trigger   string // fulfilled
	Basis     string // soft_opt_in or consent
	Reminder  string // off
}

// DefaultSettings returns what a new vendor begins with (DESIGN section 8).
func DefaultSettings() Settings {
	return Settings{
		Delay: 7 * day, Cap: 100, Reserve: -1, Pacing: "smooth", OverCap: "reject",
		Hours: Hours{From: 9, To: 21}, Zone: "UTC", Cooldown: 30 * day, MaxAge: 180 * day,
		Expiry: 90 * day, Retention: 90 * day, Locale: "en",
		Trigger: "fulfilled", Basis: "soft_opt_in", Reminder: "off",
	}
}

const day = 24 * time.Hour

// Reserved is the reserve in places: a tenth of the cap unless the vendor chose.
func (s Settings) Reserved() int {
	if s.Reserve < 0 {
		return s.Cap / 10
	}
	return s.Reserve
}

// Location is the vendor's zone; Set has checked that it exists.
func (s Settings) Location() *time.Location {
	if loc, ok := zones.Load(s.Zone); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	zones.Store(s.Zone, loc)
	return loc
}

// zones spares a claim the reading of a zone from disk; there are some hundreds.
var zones sync.Map

// setting is one key of Set: how its text is read and how it is written.
type setting struct {
	key string
	set func(*Settings, string) error
	get func(*Settings) string
}

var settings = []setting{
	duration("delay", func(s *Settings) *time.Duration { return &s.Delay }, 0, 365*day),
	{"cap", func(s *Settings, v string) (err error) { s.Cap, err = number(v, 1, 1_000_000); return }, func(s *Settings) string { return strconv.Itoa(s.Cap) }},
	{"reserve", setReserve, func(s *Settings) string { return strconv.Itoa(s.Reserved()) }},
	oneOf("pacing", func(s *Settings) *string { return &s.Pacing }, "smooth", "burst"),
	oneOf("over_cap", func(s *Settings) *string { return &s.OverCap }, "reject", "queue"),
	{"hours", func(s *Settings, v string) (err error) { s.Hours, err = ParseHours(v); return }, func(s *Settings) string { return s.Hours.String() }},
	{"zone", setZone, func(s *Settings) string { return s.Zone }},
	duration("cooldown", func(s *Settings) *time.Duration { return &s.Cooldown }, 0, 3650*day),
	duration("max_age", func(s *Settings) *time.Duration { return &s.MaxAge }, day, 3650*day),
	duration("expiry", func(s *Settings) *time.Duration { return &s.Expiry }, 7*day, 365*day),
	duration("retention", func(s *Settings) *time.Duration { return &s.Retention }, 0, 3650*day),
	oneOf("sender", func(s *Settings) *string { return &s.Sender }, "", "resend", "mailbox"),
	{"from", func(s *Settings, v string) error { return setAddress(&s.From, v) }, func(s *Settings) string { return s.From }},
	{"reply_to", func(s *Settings, v string) error { return setAddress(&s.ReplyTo, v) }, func(s *Settings) string { return s.ReplyTo }},
	{"locale", setLocale, func(s *Settings) string { return s.Locale }},
	line("address", func(s *Settings) *string { return &s.Address }, 300),
	{"website", setWebsite, func(s *Settings) string { return s.Website }},
	oneOf("trigger", func(s *Settings) *string { return &s.Trigger }, "fulfilled"),
	oneOf("basis", func(s *Settings) *string { return &s.Basis }, "soft_opt_in", "consent"),
	oneOf("reminder", func(s *Settings) *string { return &s.Reminder }, "off"),
	{"paused", setPaused, func(s *Settings) string { return strconv.FormatBool(s.Paused) }},
}

// SettingKeys lists the keys that Set knows, in the order of Pairs.
func SettingKeys() []string {
	keys := make([]string, len(settings))
	for i, s := range settings {
		keys[i] = s.key
	}
	return keys
}

// Set changes the setting named key, as in `amino vendor set SLUG key=value`. It
// returns a *FieldError for an unknown key or a value out of range. After the
// last Set of a change, Check what must hold between settings.
func (s *Settings) Set(key, value string) error {
	i := slices.IndexFunc(settings, func(k setting) bool { return k.key == key })
	if i < 0 {
		return &FieldError{Field: key, Code: "unknown", Reason: "is not a setting; there are " + strings.Join(SettingKeys(), ", ")}
	}
	if err := settings[i].set(s, strings.TrimSpace(value)); err != nil {
		return &FieldError{Field: key, Code: "invalid", Reason: err.Error()}
	}
	return nil
}

// Check reports what does not hold between two settings.
func (s Settings) Check() error {
	if s.Delay >= s.MaxAge {
		return &FieldError{Field: "delay", Code: "invalid", Reason: "must be less than max_age, which is " + FormatDuration(s.MaxAge)}
	}
	if r := s.Reserved(); r >= s.Cap {
		return &FieldError{Field: "reserve", Code: "invalid", Reason: fmt.Sprintf("must be less than the cap, which is %d", s.Cap)}
	}
	return nil
}

// Pairs are all settings as Set would take them, in a fixed order.
func (s Settings) Pairs() [][2]string {
	out := make([][2]string, len(settings))
	for i, k := range settings {
		out[i] = [2]string{k.key, k.get(&s)}
	}
	return out
}

// Hours are the hours of the day in which paced letters may leave: [From, To).
// The zero value means always.
type Hours struct{ From, To int }

// ParseHours reads "always" or "09-21".
func ParseHours(text string) (Hours, error) {
	if text == "always" {
		return Hours{}, nil
	}
	from, to, ok := strings.Cut(text, "-")
	f, err1 := number(from, 0, 23)
	t, err2 := number(to, 1, 24)
	if !ok || err1 != nil || err2 != nil || f >= t {
		return Hours{}, fmt.Errorf("must be always, or two hours of one day like 09-21")
	}
	return Hours{f, t}, nil
}

func (h Hours) String() string {
	if h == (Hours{}) {
		return "always"
	}
	return fmt.Sprintf("%02d-%02d", h.From, h.To)
}

// Open returns the first moment at or after t at which the hours are open in loc.
// It walks by civil hours, so a day with 23 or 25 hours is no special case.
func (h Hours) Open(t time.Time, loc *time.Location) time.Time {
	if h == (Hours{}) {
		return t
	}
	local := t.In(loc)
	if hour := local.Hour(); hour >= h.From && hour < h.To {
		return t
	}
	next := 0
	if local.Hour() >= h.To {
		next = 1
	}
	// A start that the clocks skip (spring forward) is moved by time.Date to an
	// hour that exists.
	return time.Date(local.Year(), local.Month(), local.Day()+next, h.From, 0, 0, 0, loc).UTC()
}

func duration(key string, at func(*Settings) *time.Duration, least, most time.Duration) setting {
	set := func(s *Settings, v string) error {
		d, err := ParseDuration(v)
		if err != nil || d < least || d > most {
			return fmt.Errorf("must be a time from %s to %s, like 36h or 7d", FormatDuration(least), FormatDuration(most))
		}
		*at(s) = d
		return nil
	}
	return setting{key, set, func(s *Settings) string { return FormatDuration(*at(s)) }}
}

// ParseDuration reads Go's durations, and whole days as in 7d.
func ParseDuration(v string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(v, "d"); ok {
		n, err := number(days, 0, 36500)
		return time.Duration(n) * day, err
	}
	return time.ParseDuration(v)
}

// FormatDuration writes whole days as 7d, and the rest as Go does.
func FormatDuration(d time.Duration) string {
	if d != 0 && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	return d.String()
}

func oneOf(key string, at func(*Settings) *string, values ...string) setting {
	set := func(s *Settings, v string) error {
		if !slices.Contains(values, v) {
			return fmt.Errorf("must be %s", strings.TrimPrefix(strings.Join(values, " or "), " or "))
		}
		*at(s) = v
		return nil
	}
	return setting{key, set, func(s *Settings) string { return *at(s) }}
}

func line(key string, at func(*Settings) *string, most int) setting {
	set := func(s *Settings, v string) error {
		if len(v) > most || hasControl(v) {
			return fmt.Errorf("must be one line of at most %d bytes", most)
		}
		*at(s) = v
		return nil
	}
	return setting{key, set, func(s *Settings) string { return *at(s) }}
}

func setReserve(s *Settings, v string) (err error) {
	s.Reserve, err = number(v, 0, 1_000_000)
	return err
}

func setZone(s *Settings, v string) error {
	if _, err := time.LoadLocation(v); err != nil || v == "" || v == "Local" {
		return fmt.Errorf("must be an IANA zone like Europe/Berlin")
	}
	s.Zone = v
	return nil
}

func setAddress(at *string, v string) error {
	if v != "" {
		if _, err := mail.ParseAddress(v); err != nil || hasControl(v) {
			return fmt.Errorf("must be an address like Name <a@b.example>")
		}
	}
	*at = v
	return nil
}

var localeForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func setLocale(s *Settings, v string) error {
	if !localeForm.MatchString(v) {
		return fmt.Errorf("must be a language tag like en or pt-BR")
	}
	s.Locale = v
	return nil
}

func setWebsite(s *Settings, v string) error {
	if u, err := url.Parse(v); v != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil) {
		return fmt.Errorf("must be an http or https address")
	}
	s.Website = v
	return nil
}

func setPaused(s *Settings, v string) (err error) {
	if s.Paused, err = strconv.ParseBool(v); err != nil {
		return fmt.Errorf("must be true or false")
	}
	return nil
}

func number(v string, least, most int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("must be a whole number from %d to %d", least, most)
	}
	return n, nil
}

func hasControl(v string) bool {
	return strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f })
}

var slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// CheckSlug returns a *FieldError unless slug can name a vendor in a URL.
func CheckSlug(slug string) error {
	if !slugForm.MatchString(slug) {
		return &FieldError{Field: "slug", Code: "invalid", Reason: "must be 1 to 63 of a-z, 0-9 and -, not beginning with -"}
	}
	return nil
}

// Shop is one shop of a vendor on a platform. Token is the unguessable last part
// of its webhook URL. Secrets verify its webhooks, newest first; during rotation
// there are two.
type Shop struct {
	ID            ShopID
	Vendor        VendorID
	Platform      string
	Domain        string
	Token         string
	Secrets       []string
	CreatedAt     time.Time
	Since         time.Time // a person connected it; a removal from before is outdated
	ConnectedAt   time.Time // the first verified webhook
	UninstalledAt time.Time
	Version       int
}

// Scope is what an API key may do.
type Scope string

const (
	ScopeInvite Scope = "invite" // POST and statistics
	ScopeManage Scope = "manage" // everything of the vendor, addresses unmasked
)

// Key is an API key as it is kept: by its hash, never itself.
type Key struct {
	ID        KeyID
	Vendor    VendorID
	Name      string
	Scope     Scope
	CreatedAt time.Time
	RevokedAt time.Time
}
