package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// redis starts a Redis of its own that syncs before it answers; missing says why
// there is none.
func (b *bench) redis(ctx context.Context) (p *process, missing string, err error) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, "no redis-server", nil
	}
	b.say("  %s", version(bin))
	addr, dir, err := b.place("redis")
	if err != nil {
		return nil, "", err
	}
	host, port, _ := net.SplitHostPort(addr)
	p, err = b.start(ctx, "redis", addr, exec.Command(bin, "--port", port, "--bind", host, "--dir", dir,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-percentage", "0"), func() bool { return pong(addr) })
	return p, "", err
}

func pong(addr string) bool {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	answer := make([]byte, 5)
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	n, _ := c.Read(answer)
	return strings.HasPrefix(string(answer[:n]), "+PONG")
}

// postgres starts a PostgreSQL of its own, with the memory that its manual
// suggests for a machine like this and every commit on the disk.
func (b *bench) postgres(ctx context.Context) (p *process, missing string, err error) {
	bin := postgresBin()
	if bin == "" {
		return nil, "no postgresql", nil
	}
	b.say("  %s", version(filepath.Join(bin, "postgres")))
	addr, dir, err := b.place("postgres")
	if err != nil {
		return nil, "", err
	}
	run, err := asPostgres(dir)
	if err != nil {
		return nil, "", err
	}
	if words, err := run(filepath.Join(bin, "initdb"), "-D", dir, "-A", "trust", "-U", "postgres").CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("initdb: %w\n%s", err, words)
	}
	host, port, _ := net.SplitHostPort(addr)
	cmd := run(filepath.Join(bin, "postgres"), "-D", dir, "-p", port, "-c", "listen_addresses="+host, "-c", "unix_socket_directories=",
		"-c", "max_connections=300", "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB")
	p, err = b.start(ctx, "postgres", addr, cmd, func() bool {
		return exec.CommandContext(ctx, filepath.Join(bin, "pg_isready"), "-q", "-h", host, "-p", port, "-U", "postgres").Run() == nil
	})
	if err == nil {
		p.quit = os.Interrupt // a fast shutdown: TERM would wait for whoever is connected
	}
	return p, "", err
}

// version is what a program says of itself.
func version(bin string) string {
	out, err := exec.Command(bin, "--version").Output()
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(out))
}

// place is where a service listens and keeps its files.
func (b *bench) place(name string) (addr, dir string, err error) {
	if addr, err = freeAddr(); err != nil {
		return "", "", err
	}
	if dir, err = os.MkdirTemp(b.dir, name+"-"); err != nil {
		return "", "", err
	}
	return addr, dir, os.Chmod(b.dir, 0o711) // for a service that is not this user
}

// postgresBin is where its programs are: Debian keeps them out of the PATH.
func postgresBin() string {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

// asPostgres runs commands as the user that PostgreSQL was installed with, if this
// is root, as whom it refuses to run, and gives the folder to that user.
func asPostgres(dir string) (func(bin string, args ...string) *exec.Cmd, error) {
	if os.Getuid() != 0 {
		return exec.Command, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	run := func(bin string, args ...string) *exec.Cmd {
		cmd := exec.Command(bin, args...)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		return cmd
	}
	return run, os.Chown(dir, int(uid), int(gid))
}
