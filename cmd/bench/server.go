package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
)

// server is the program under test, the real binary over its own folder.
type server struct {
	*process
	bin, data string
}

// serve starts the program over a folder, which it makes if it is not there.
func (b *bench) serve(ctx context.Context, data string) (*server, error) {
	p, err := b.run(ctx, "amino", b.bin, func(addr string) []string { return []string{"serve", "--addr", addr, "--data", data} })
	if err != nil {
		return nil, err
	}
	return &server{p, b.bin, data}, nil
}

// amino runs a verb and reads the JSON that it prints into answer.
func (s *server) amino(ctx context.Context, answer any, args ...string) error {
	cmd := exec.CommandContext(ctx, s.bin, append(args, "--data", s.data, "--json")...)
	cmd.Env = bareEnv()
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("amino %s: %w\n%s%s", args[0], err, out, words.Bytes())
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(out, answer)
}

// check is the program's own recount; it fails when that finds a difference.
func (s *server) check(ctx context.Context) error { return s.amino(ctx, nil, "check") }
