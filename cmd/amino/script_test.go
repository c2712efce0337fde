package main

import (
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"amino": main}) }

// TestVerbs runs the scripts in testdata/script with the real program.
func TestVerbs(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"answers": answers,
			"keep":    keep,
			"same":    same,
		},
	})
}

// answers waits until the server of a folder answers its socket.
func answers(ts *testscript.TestScript, _ bool, args []string) {
	path := socketPath(ts.MkAbs(args[0]))
	for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); {
		if conn, err := net.Dial("unix", path); err == nil {
			_ = conn.Close()
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	ts.Fatalf("no server answers for %s", filepath.Base(args[0]))
}

// keep puts a member of the JSON last printed into a variable: keep VAR a.0.b
func keep(ts *testscript.TestScript, _ bool, args []string) {
	var at any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &at))
	for name := range strings.SplitSeq(args[1], ".") {
		switch in := at.(type) {
		case map[string]any:
			at = in[name]
		case []any:
			at = in[name[0]-'0']
		}
	}
	text, ok := at.(string)
	if !ok {
		ts.Fatalf("%s is no text in %s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], text)
}

// same compares the members of the JSON object last printed with a list.
func same(ts *testscript.TestScript, _ bool, args []string) {
	var got map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &got))
	for _, want := range args {
		if _, ok := got[want]; !ok || len(got) != len(args) {
			ts.Fatalf("the members are %v, want %v", got, args)
		}
	}
}
