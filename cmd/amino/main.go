// Command amino is Amino Bridge: the server, and the verbs of its operator. The
// package reads the settings, wires the parts together, keeps the cron table and
// decides when the program starts and stops; what the parts do is theirs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // vendors have zones, and a small image may have no files of them

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	err := run(ctx, os.LookupEnv, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "amino:", err)
	}
	os.Exit(exitCode(err))
}

// exitCode tells a wrong command line from a command that failed.
func exitCode(err error) int {
	if _, usage := errors.AsType[*kong.ParseError](err); usage {
		return 2
	}
	if err != nil {
		return 1
	}
	return 0
}
