package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usage is what a process has used so far.
type usage struct {
	cpu     time.Duration
	written int64 // bytes handed to write(2), answers and log included
	stored  int64 // bytes that went to a disk
}

func (u usage) since(before usage) usage {
	return usage{u.cpu - before.cpu, u.written - before.written, u.stored - before.stored}
}

// tick is the kernel's unit in /proc, the same on every Linux.
const tick = time.Second / 100

// usageOf reads it; of a process that has ended it is nothing, which whoever waits
// for its answers tells better.
func usageOf(pid int) (u usage) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u
	}
	// The name of the program, in parentheses, may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	io, _ := readProc(pid, "io")
	return usage{time.Duration(user+system) * tick, io["wchar"], io["write_bytes"]}
}

// memory is resident memory in bytes: all of it, and what is not pages of the
// store's file, which the kernel takes back when it likes.
type memory struct{ all, own int64 }

func (m memory) String() string {
	return fmt.Sprintf("%.0f MB, %.0f of it not the file's", float64(m.all)/1e6, float64(m.own)/1e6)
}

func memoryOf(pid int) memory {
	status, _ := readProc(pid, "status") // zeros in the table say enough
	return memory{status["VmRSS"] << 10, status["RssAnon"] << 10}
}

// readProc reads lines like "wchar: 12" or "VmRSS: 12 kB".
func readProc(pid int, name string) (map[string]int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		if n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64); err == nil {
			out[key] = n
		}
	}
	return out, nil
}

// machine says what the figures depend on most.
func machine() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		load = []byte("?")
	}
	first, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%s, %d processors%s, load %s before the start", runtime.Version(), runtime.NumCPU(), model(), first)
}

// model is the processor's name, where the kernel tells.
func model() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // without it, there is none
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return " (" + strings.TrimSpace(value) + ")"
		}
	}
	return ""
}

// probe is how long the disk takes to make 4 KiB durable: nothing durable is
// answered sooner.
func probe(path string) (time.Duration, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	var took []time.Duration
	for page := make([]byte, 4096); len(took) < 100; {
		begun := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return percentile(took, 50), nil
}
