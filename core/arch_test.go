package core_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "aminobridge/"

// listed is what go list says of a package.
type listed struct {
	ImportPath  string
	Name        string
	Imports     []string
	TestImports []string // of tests inside the package; external ones may import a real store
}

func packages(t *testing.T) (all []listed) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Imports,TestImports", "./...")
	cmd.Dir, cmd.Stderr = "..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}

// refuse says what is wrong with an import; "" if nothing is. ours says whether
// the module's name was cut from its path; of the other paths, only those of the
// standard library have no dot in their first part.
func refuse(from, to string, ours bool) string {
	first, _, _ := strings.Cut(to, "/")
	switch {
	case to == "math/rand":
		return "math/rand/v2 is the one to use"
	case ours && !inwards(from, to):
		return "the arrow points outwards"
	case !ours && from == "core" && strings.Contains(first, "."):
		return "core imports only the standard library"
	}
	return ""
}

// inwards reports whether an import of ours points inwards.
func inwards(from, to string) bool {
	layer, _, _ := strings.Cut(from, "/")
	switch {
	case from == "core":
		return false
	case to == "core" || strings.HasPrefix(to, "core/"), layer == "cmd":
		return true
	case layer == "store":
		return to == "store"
	case layer == "adapters":
		// A fake knows what it stands beside.
		return to == path.Dir(from) && to != "adapters"
	}
	return false
}

func TestImportsPointInwards(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range slices.Concat(p.Imports, p.TestImports) {
			to, ours := strings.CutPrefix(imported, module)
			if why := refuse(from, to, ours); why != "" {
				t.Errorf("%s imports %s: %s", from, to, why)
			}
		}
	}
}

func TestTheRuleOfImports(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"core", "core/pace", false},
		{"core", "store", false},
		{"core/intake", "core", true},
		{"core/queue", "core/letter", true},
		{"core/queue", "store", false},
		{"core/queue", "adapters/resend", false},
		{"webhooks", "core/queue", true},
		{"webhooks", "adapters/shopify", false},
		{"webhooks", "store/bolt", false},
		{"adapters/webui", "core/review", true},
		{"adapters/webui", "adapters/httpapi", false},
		{"adapters/webui", "store", false},
		{"adapters/webui", "webhooks", false},
		{"adapters/resend/resendtest", "adapters/resend", true},
		{"adapters/resend/resendtest", "adapters/shopify", false},
		{"adapters/resend", "adapters", false},
		{"store/bolt", "store", true},
		{"store/bolt", "core/pace", true},
		{"store/bolt", "store/postgres", false},
		{"store/bolt", "webhooks", false},
		{"store", "core/vault", true},
		{"store", "adapters/resend", false},
		{"cmd/amino", "store/bolt", true},
		{"cmd/amino", "adapters/webui", true},
	} {
		if got := inwards(c.from, c.to); got != c.want {
			t.Errorf("%s imports %s: got %v, want %v", c.from, c.to, got, c.want)
		}
	}
	if refuse("core", "github.com/google/uuid", false) == "" || refuse("core", "crypto/rand", false) != "" || refuse("core/letter", "golang.org/x/text/language", false) != "" {
		t.Error("core, and only core, is held to the standard library")
	}
}

// leftovers are names that say nothing of what a package does.
var leftovers = []string{"util", "utils", "common", "models", "types", "helpers"}

func TestPackagesSayWhatTheyDo(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		layer, _, _ := strings.Cut(from, "/")
		if !slices.Contains([]string{"cmd", "webhooks", "core", "adapters", "store"}, layer) {
			t.Errorf("%s stands in none of the five folders", from)
		}
		if slices.Contains(leftovers, p.Name) || slices.Contains(leftovers, path.Base(from)) {
			t.Errorf("%s is a package of leftovers", from)
		}
	}
}

// traps are what must not stand in the program's own sources, with an example,
// and why.
var traps = []struct {
	form         *regexp.Regexp
	example, why string
}{
	{regexp.MustCompile(`\bc\.Body\(\)`), "body := c.Body()", "it inflates a body before its sender is known: BodyRaw"},
	{regexp.MustCompile(`\bBodyParser\(`), "c.BodyParser(&in)", "it inflates too, and reads whatever Content-Type says"},
	{regexp.MustCompile(`\bNo(Freelist)?Sync\s*[:=]`), "bbolt.Options{NoSync: true}", "what was answered 200 must be on disk"},
	{regexp.MustCompile(`\bhttp\.(DefaultClient\b|(Get|Head|Post|PostForm)\()`), "http.DefaultClient.Do(r)", "it waits for ever"},
}

// The sources are read from the folder and not from go list: so the test runs
// again, and is not answered from the cache, when any of them changes.
func TestSourcesAvoidTraps(t *testing.T) {
	for _, trap := range traps {
		if !trap.form.MatchString(trap.example) {
			t.Errorf("%s does not catch %s", trap.form, trap.example)
		}
	}
	read := 0
	err := fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		read++
		return avoidsTraps(t, name)
	})
	if err != nil || read == 0 {
		t.Errorf("%d sources read, %v", read, err)
	}
}

func avoidsTraps(t *testing.T, name string) error {
	t.Helper()
	source, err := os.ReadFile(path.Join("..", name))
	if err != nil {
		return err
	}
	number := 0
	for line := range strings.Lines(string(source)) {
		number++
		for _, trap := range traps {
			if trap.form.MatchString(line) {
				t.Errorf("%s:%d has %s: %s", name, number, trap.form, trap.why)
			}
		}
	}
	return nil
}
