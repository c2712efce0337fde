package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// result is the end of one mutant; err is why it lived.
type result struct {
	mutant
	took time.Duration
	err  error
}

// runAll runs the mutants, some at once, and yields each end as it comes.
func runAll(ctx context.Context, root string, mutants []mutant) <-chan result {
	work, results := make(chan mutant), make(chan result)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for m := range work {
				begun := time.Now()
				err := m.try(ctx, root)
				results <- result{m, since(begun), err}
			}
		})
	}
	go func() {
		for _, m := range mutants {
			work <- m
		}
		close(work)
		workers.Wait()
		close(results)
	}()
	return results
}

// try returns nil if the case fails without its rule.
func (m mutant) try(ctx context.Context, root string) error {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := m.overlay(root, dir)
	if err != nil {
		return err
	}
	out, err := goTest(ctx, root, m.pkg(), pattern(m.test), "-overlay", overlay)
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return err
	}
	return verdict(out, m.test)
}

// overlay writes the file without the rule, and the list that puts it in place
// of the one in the tree.
func (m mutant) overlay(root, dir string) (string, error) {
	file := filepath.Join(root, m.file)
	source, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	changed, err := m.apply(string(source))
	if err != nil {
		return "", err
	}
	mutated, overlay := filepath.Join(dir, filepath.Base(m.file)), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {file: mutated}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(mutated, []byte(changed), 0o600), os.WriteFile(overlay, list, 0o600))
}

// apply takes the rule out of the source.
func (m mutant) apply(source string) (string, error) {
	switch n := strings.Count(source, m.old); {
	case n != 1:
		return "", fmt.Errorf("the mutant no longer applies: its text occurs %d times in %s, want once", n, m.file)
	case m.old == m.new:
		return "", errors.New("the mutant changes nothing")
	}
	return strings.Replace(source, m.old, m.new, 1), nil
}

// pkg is where the case is: the package of the store for the suite of all
// stores, else beside the rule.
func (m mutant) pkg() string {
	if strings.HasPrefix(m.test, "TestStore/") {
		return "./store/bolt"
	}
	return "./" + filepath.ToSlash(filepath.Dir(m.file))
}

// full is a case's name as go test prints it.
func full(test string) string { return strings.ReplaceAll(test, " ", "_") }

// pattern is what -run wants to run the case and nothing else.
func pattern(test string) string {
	parts := strings.Split(full(test), "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// goTest runs cases of a package. The timeout is far above what any case takes,
// so that a mutant which hangs is told from a slow machine.
func goTest(ctx context.Context, root, pkg, run string, flags ...string) (string, error) {
	args := slices.Concat([]string{"test", "-count=1", "-vet=off", "-timeout=2m", "-v", "-run", run}, flags, []string{pkg})
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// verdict reads how a case ended. Only its own failure kills: a package that does
// not build, a case that is not there and a panic elsewhere prove nothing.
func verdict(out, test string) error {
	switch end := ended(out, test); {
	case end == "FAIL":
		return nil
	case end == "PASS":
		return errors.New("the case passes without the rule")
	case strings.Contains(out, "[build failed]"):
		return fmt.Errorf("the mutant does not compile:\n%s", indent(out))
	case strings.Contains(out, "no tests to run"):
		return errors.New("there is no such case")
	}
	return fmt.Errorf("the case came to no end:\n%s", indent(out))
}

// ended is PASS, FAIL or SKIP as go test -v printed it of the case, or "".
func ended(out, test string) string {
	for line := range strings.Lines(out) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "--- ")
		end, rest, _ := strings.Cut(rest, ": ")
		if ok && strings.HasPrefix(rest, full(test)+" (") {
			return end
		}
	}
	return ""
}

// indent shows the end of an output, where the reason is.
func indent(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return "\t\t" + strings.Join(lines[max(0, len(lines)-12):], "\n\t\t")
}

// passes runs every case with all rules in place: what fails anyway kills nothing.
func passes(ctx context.Context, root string, mutants []mutant) error {
	cases := map[string][]string{}
	for _, m := range mutants {
		cases[m.pkg()] = append(cases[m.pkg()], m.test)
	}
	var faults []error
	for _, pkg := range slices.Sorted(maps.Keys(cases)) {
		tests := slices.Compact(slices.Sorted(slices.Values(cases[pkg])))
		patterns := make([]string, len(tests))
		for i, test := range tests {
			patterns[i] = pattern(test)
		}
		out, err := goTest(ctx, root, pkg, strings.Join(patterns, "|"))
		if strings.Contains(out, "[build failed]") || ctx.Err() != nil {
			return fmt.Errorf("%s with its rules in place: %w\n%s", pkg, err, indent(out))
		}
		for _, test := range tests {
			if end := ended(out, test); end != "PASS" {
				faults = append(faults, fmt.Errorf("%s: %s with its rule in place: got %q, want PASS", pkg, test, end))
			}
		}
	}
	return errors.Join(faults...)
}

// moduleRoot is the folder that holds go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	mod := string(bytes.TrimSpace(out))
	if err == nil && (mod == "" || mod == os.DevNull) {
		err = errors.New("run it inside the module")
	}
	if err != nil {
		return "", err
	}
	return filepath.Dir(mod), nil
}
