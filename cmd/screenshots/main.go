// Command screenshots makes a picture of every page and mail that a person may
// see, on a phone and on a desk, in light and in dark, by Debian's chromium. It
// builds the program, plays a few customers through it and looks at what they
// would: what comes of a form is shown by way of a small proxy, since a browser
// without a script can only be told to fetch.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	out := flag.String("out", "screenshots", "the folder for the pictures")
	flag.Parse()
	if err := run(*out); err != nil {
		log.Fatal(err)
	}
}

func run(out string) error {
	dir, err := os.MkdirTemp("", "screenshots")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	s, err := start(dir)
	if err != nil {
		return err
	}
	defer s.stop()
	pages, err := s.play()
	if err != nil {
		return err
	}
	return s.shoot(dir, out, pages)
}

// stage is a running program and the proxy in front of it.
type stage struct {
	dir, bin, data string
	base           string // the proxy's
	process        *exec.Cmd
	client         *http.Client
}

// start builds the program and runs it behind the proxy, whose address is the
// one in the links.
func start(dir string) (*stage, error) {
	s := &stage{dir: dir, bin: filepath.Join(dir, "amino"), data: filepath.Join(dir, "data"), client: &http.Client{Timeout: 10 * time.Second}}
	if out, err := exec.Command("go", "build", "-o", s.bin, "./cmd/amino").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	back, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := back.Addr().String()
	if err := back.Close(); err != nil {
		return nil, err
	}
	s.base = "http://" + front.Addr().String()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: addr})
	go func() { _ = http.Serve(front, submit(proxy)) }()
	s.process = exec.Command(s.bin, "serve", "--addr", addr, "--data", s.data, "--public-url", s.base)
	s.process.Stderr = os.Stderr
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	return s, s.wait()
}

// submit turns a GET with the parameter _form into the POST of that form.
func submit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if form := r.URL.Query().Get("_form"); form != "" {
			r.Method, r.URL.RawQuery = http.MethodPost, ""
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Del("Sec-Fetch-Site")
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(form)), int64(len(form))
		}
		next.ServeHTTP(w, r)
	})
}

func (s *stage) wait() error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if r, err := s.client.Get(s.base + "/healthz"); err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		<-tick.C
	}
	return fmt.Errorf("the program does not answer")
}

func (s *stage) stop() {
	_ = s.process.Process.Signal(os.Interrupt)
	_ = s.process.Wait()
}

// amino runs a verb and reads its JSON.
func (s *stage) amino(into any, args ...string) error {
	out, err := exec.Command(s.bin, append(args, "--json", "--data", s.data)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("amino %s: %w\n%s", args[0], err, out)
	}
	return json.Unmarshal(out, into)
}

// page is something to look at.
type page struct{ name, path string }

// play makes customers in every state that has a page of its own.
func (s *stage) play() ([]page, error) {
	var vendor, key struct{ ID, Key string }
	if err := s.amino(&vendor, "vendor", "add", "harbour", "--name", "Harbour Coffee"); err != nil {
		return nil, err
	}
	if err := s.amino(&vendor, "vendor", "set", "harbour", "website=https://harbour.example", "address=Harbour Coffee, 4 Quay Street, Bristol"); err != nil {
		return nil, err
	}
	if err := s.amino(&key, "key", "create", "--vendor", "harbour", "--name", "screenshots"); err != nil {
		return nil, err
	}
	var links [4]string
	for i := range links {
		link, err := s.invite(key.Key, i)
		if err != nil {
			return nil, err
		}
		links[i] = link
	}
	mail, optOut, err := s.mail()
	if err != nil {
		return nil, err
	}
	fill, err := s.form(links[0])
	if err != nil {
		return nil, err
	}
	other, err := s.form(links[1])
	if err != nil {
		return nil, err
	}
	faulty := url.Values{"stamp": {other.Get("stamp")}, "title": {strings.Repeat("long ", 50)}, "text": {"What I typed stays."}}
	return []page{
		{"review", links[1]}, {"review-hint", links[1] + "?stars=4"},
		{"review-faults", links[1] + "?_form=" + url.QueryEscape(faulty.Encode())},
		{"review-thanks", links[0] + "?_form=" + url.QueryEscape(fill.Encode())}, {"review-edit", links[0]},
		{"link-not-valid", "/review/nothing"},
		{"opt-out", optOut}, {"opted-out", optOut + "?_form=" + url.QueryEscape("List-Unsubscribe=One-Click")},
		{"mailbox", "/mailbox"}, {"mailbox-mail", "/mailbox/" + mail}, {"mail", "/mailbox/" + mail + "/html"},
	}, nil
}

// invite posts an invitation and returns the path of its link.
func (s *stage) invite(key string, n int) (string, error) {
	body := fmt.Sprintf(`{"email":"guest%d@example.com","name":"Ada Byron","order_ref":"#10%02d"}`, n, n)
	r, err := http.NewRequest(http.MethodPost, s.base+"/api/v1/invitations", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	var answer struct {
		ReviewURL string `json:"review_url"`
	}
	err = s.read(r, &answer)
	return strings.TrimPrefix(answer.ReviewURL, s.base), err
}

func (s *stage) read(r *http.Request, into any) error {
	answer, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return json.NewDecoder(answer.Body).Decode(into)
}

// mail waits for the last mail and returns its id and the path of its opt-out.
func (s *stage) mail() (id, optOut string, err error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 100 {
		var mails []struct{ ID, Text string }
		r, err := http.NewRequest(http.MethodGet, s.base+"/mailbox.json", nil)
		if err != nil {
			return "", "", err
		}
		if err := s.read(r, &mails); err == nil && len(mails) == 4 {
			return mails[0].ID, regexp.MustCompile(`/u/[\w-]+`).FindString(mails[0].Text), nil
		}
		<-tick.C
	}
	return "", "", fmt.Errorf("the mails did not arrive")
}

var stamp = regexp.MustCompile(`name="stamp" value="([^"]+)"`)

// form is a review as a person fills it in, old enough to be believed.
func (s *stage) form(link string) (url.Values, error) {
	answer, err := s.client.Get(s.base + link)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	found := stamp.FindSubmatch(body)
	if found == nil {
		return nil, fmt.Errorf("the review page has no form")
	}
	<-time.After(3 * time.Second)
	return url.Values{
		"stamp": {string(found[1])}, "rating": {"4"}, "title": {"Good beans, slow parcel"},
		"text": {"The espresso is the best I have had at home.\n\nThe parcel took a week, though."}, "display_name": {"Ada"},
	}, nil
}

// shoot takes every page in both sizes and both schemes.
func (s *stage) shoot(dir, out string, pages []page) error {
	for _, size := range []struct{ name, window string }{{"phone", "390,844"}, {"desk", "1280,800"}} {
		for _, scheme := range []struct {
			name string
			args []string
		}{{"light", nil}, {"dark", []string{"--blink-settings=preferredColorScheme=0"}}} {
			for _, p := range pages {
				file := filepath.Join(out, fmt.Sprintf("%s-%s-%s.png", p.name, size.name, scheme.name))
				if err := picture(dir, file, size.window, s.base+p.path, scheme.args); err != nil {
					return err
				}
				fmt.Println(file)
			}
		}
	}
	return nil
}

func picture(dir, file, window, address string, args []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	args = append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir=" + filepath.Join(dir, "browser"),
		"--window-size=" + window, "--screenshot=" + file,
	}, append(args, address)...)
	if text, err := exec.CommandContext(ctx, "chromium", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("chromium: %w\n%s", err, text)
	}
	return nil
}
