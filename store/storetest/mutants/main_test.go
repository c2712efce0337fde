package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryMutantApplies tells at once, and not when somebody next runs them
// all, that a line which keeps a rule was rewritten.
func TestEveryMutantApplies(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range all() {
		t.Run(m.rule, func(t *testing.T) {
			source, err := os.ReadFile(filepath.Join("../../..", m.file))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.apply(string(source)); err != nil {
				t.Error(err)
			}
			if !strings.HasPrefix(m.test, "Test") || seen[m.rule] {
				t.Errorf("the rule stands here twice, or names no case: %q", m.test)
			}
			seen[m.rule] = true
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	for _, c := range []struct{ name, source, old, new string }{
		{"what is not there", "a", "b", "c"},
		{"what is there twice", "b b", "b", "c"},
		{"what changes nothing", "b", "b", "b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := (mutant{old: c.old, new: c.new}).apply(c.source); err == nil {
				t.Errorf("got %q, want an error", got)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	const name = "TestStore/Settle/never sooner (or later)"
	for _, c := range []struct {
		name, out string
		killed    bool
	}{
		{"it fails", "=== RUN x\n    --- FAIL: TestStore (0.1s)\n        --- FAIL: TestStore/Settle/never_sooner_(or_later) (0.01s)\nFAIL", true},
		{"it passes", "        --- PASS: TestStore/Settle/never_sooner_(or_later) (0.01s)\nPASS", false},
		{"it is skipped", "        --- SKIP: TestStore/Settle/never_sooner_(or_later) (0.01s)\nPASS", false},
		{"another with a longer name fails", "--- FAIL: TestStore/Settle/never_sooner_(or_later)_than_that (0.01s)\nFAIL", false},
		{"only what it stands in fails", "--- FAIL: TestStore (0.1s)\n    --- FAIL: TestStore/Settle (0.1s)\nFAIL", false},
		{"it does not build", "# aminobridge/store/bolt\nx.go:1:1: no\nFAIL\taminobridge/store/bolt [build failed]", false},
		{"it is not there", "testing: warning: no tests to run\nPASS\nok", false},
		{"it hangs", "=== RUN TestStore\npanic: test timed out after 2m0s\nFAIL", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := verdict(c.out, name); (err == nil) != c.killed {
				t.Errorf("got %v, want killed %t", err, c.killed)
			}
		})
	}
}

// The names of cases are full of what means something in a pattern.
func TestPattern(t *testing.T) {
	const name = "TestStore/Settle/the wait is random in [5 s, 5 s · 2ⁿ] (at least)"
	parts := strings.Split(pattern(name), "/")
	for i, part := range strings.Split(full(name), "/") {
		if re := regexp.MustCompile(parts[i]); !re.MatchString(part) || re.MatchString(part+"x") {
			t.Errorf("%s does not match %q alone", re, part)
		}
	}
}

// TestTry runs real mutants of a quick package: only the one whose case fails is
// killed.
func TestTry(t *testing.T) {
	ctx := context.Background()
	root, err := moduleRoot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, new, test, want string }{
		{"killed", `return s.Direct`, "TestNext/the cap is taken", ""},
		{"lives", `return s.Paced + s.Direct`, "TestNext/the cap is taken", "passes without the rule"},
		{"does not compile", `return s.Nothing`, "TestNext/the cap is taken", "does not compile"},
		{"a case that is not there", `return s.Direct`, "TestNext/nobody wrote this", "no such case"},
		{"a test that is not there", `return s.Direct`, "TestNobody", "no such case"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := mutant{file: paceFile, old: `return s.Direct + s.Paced`, new: c.new, test: c.test}
			err := m.try(ctx, root)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
