// Mutants deletes one rule at a time and sees the test that holds us to it fail.
// A mutant is one sentence of a promise, the line of code that keeps it, the line
// without the rule, and the one case that must notice. A mutant that lives is a
// promise that nobody checks; one that no longer applies is a promise that moved.
// Both are faults of this table or of the suite, and the program exits with 1.
//
// It hides how a change is made without touching a file (go test -overlay) and
// how one case is run alone and its end read.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"
)

// mutant is a rule and what becomes of the code without it.
type mutant struct {
	rule string // one sentence
	file string // from the module's root
	old  string // occurs in the file exactly once
	new  string
	test string // the case that must fail, as go test names it but for spaces
}

// atOnce is how many run side by side. Each keeps a compiler and a linker busy.
const atOnce = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	only := flags.String("only", "", "only the rules that match this `regexp`")
	list := flags.Bool("list", false, "list the rules and the cases that hold us to them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	mutants := slices.DeleteFunc(all(), func(m mutant) bool { return !wanted.MatchString(m.rule) })
	switch {
	case len(mutants) == 0:
		return fmt.Errorf("no rule matches %q", *only)
	case *list:
		show(mutants)
		return nil
	}
	return kill(ctx, mutants)
}

// all are the mutants of every table.
func all() []mutant {
	return slices.Concat(paceRules, queueRules, edgeRules, boltRules, journalRules, upkeepRules)
}

func show(mutants []mutant) {
	for _, m := range mutants {
		fmt.Printf("%s\n\t%s: %s\n", m.rule, m.file, m.test)
	}
}

// kill sees all cases pass, then each of them fail without its rule.
func kill(ctx context.Context, mutants []mutant) error {
	begun := time.Now()
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	if err := passes(ctx, root, mutants); err != nil {
		return err
	}
	fmt.Printf("%d cases pass with their rules in place, %s\n", len(mutants), since(begun))
	lived := 0
	for r := range runAll(ctx, root, mutants) {
		if r.err == nil {
			fmt.Printf("killed %6s  %s\n", r.took, r.rule)
			continue
		}
		lived++
		fmt.Printf("LIVED  %6s  %s\n\t%s: %s\n\t%v\n", r.took, r.rule, r.file, r.test, r.err)
	}
	fmt.Printf("%d of %d mutants killed in %s\n", len(mutants)-lived, len(mutants), since(begun))
	if lived > 0 {
		return fmt.Errorf("%d mutants lived", lived)
	}
	return ctx.Err()
}

func since(t time.Time) time.Duration { return time.Since(t).Round(100 * time.Millisecond) }
