package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// peer is one of the servers of cmd/bench/peers, over a database of its own.
type peer struct {
	name    string
	missing string // why there is none
	*target
	database *process
}

const (
	onAsynq = "asynq on Redis"
	onRiver = "River on PostgreSQL"
)

// peers starts those that can be, for the shops of the orders; more arguments say
// what they do.
func (b *bench) peers(ctx context.Context, o *orders, more ...string) (asynq, river *peer, err error) {
	bin, err := b.buildPeers(ctx)
	if err != nil {
		return nil, nil, err
	}
	redis, missing, err := b.redis(ctx)
	asynq = &peer{name: onAsynq, missing: missing, database: redis}
	if err != nil {
		return nil, nil, err
	}
	postgres, missing, err := b.postgres(ctx)
	river = &peer{name: onRiver, missing: missing, database: postgres}
	if err == nil {
		err = b.startPeer(ctx, asynq, o, bin, func(addr string) []string { return slices.Concat(more, []string{"-redis", addr}) })
	}
	if err == nil {
		err = b.startPeer(ctx, river, o, bin, func(addr string) []string {
			return slices.Concat(more, []string{"-postgres", "postgres://postgres@" + addr + "/postgres?sslmode=disable"})
		})
	}
	if err != nil {
		return nil, nil, errors.Join(err, asynq.stop(), river.stop())
	}
	return asynq, river, nil
}

func (b *bench) buildPeers(ctx context.Context) (bin string, err error) {
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	bin = filepath.Join(b.dir, "peers")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, ".")
	build.Dir = filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), "cmd", "bench", "peers")
	if words, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build in %s: %w\n%s", build.Dir, err, words)
	}
	return bin, nil
}

func (b *bench) startPeer(ctx context.Context, p *peer, o *orders, bin string, more func(database string) []string) error {
	if p.missing != "" {
		return nil
	}
	path, err := b.writeShops(o.shops)
	if err != nil {
		return err
	}
	server, err := b.run(ctx, p.name, bin, func(addr string) []string {
		return append([]string{"-addr", addr, "-shops", path}, more(p.database.addr)...)
	})
	if err != nil {
		return err
	}
	p.target = worker(server, o)
	return nil
}

func (p *peer) stop() (err error) {
	if p.target != nil {
		err = p.target.stop()
	}
	if p.database != nil {
		err = errors.Join(err, p.database.stop())
	}
	return err
}

// done is what a server says of the work behind it.
type done struct {
	Kept int64 `json:"kept"` // recorded for good
	Sent int64 `json:"sent"` // letters that its provider took
}

func tally(ctx context.Context, addr string) (d done, err error) {
	err = fetch(ctx, "http://"+addr+"/counts", "", &d)
	return d, err
}
