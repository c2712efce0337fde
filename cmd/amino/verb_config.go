package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
)

type configVerb struct{}

func (configVerb) Help() string {
	return "Each setting is taken from the first of: flag, environment, amino.toml, default. A secret may be in the file that NAME_FILE names.\n\nExample: amino config --json"
}

func (configVerb) Run(s *session) error {
	list := s.settings.show()
	if s.json {
		return json.NewEncoder(s.out).Encode(map[string]any{"settings": list})
	}
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	row(w, "SETTING", "VALUE", "FROM", "ENVIRONMENT")
	for _, o := range list {
		row(w, o.Key, orDash(o.Value), orDash(o.Origin), o.Env)
	}
	return w.Flush()
}

type versionVerb struct{}

func (versionVerb) Help() string { return "Example: amino version --json" }

func (versionVerb) Run(s *session) error {
	b := buildInfo()
	if s.json {
		return json.NewEncoder(s.out).Encode(b)
	}
	_, err := fmt.Fprintln(s.out, strings.Join(strings.Fields("amino "+b.Version+" "+b.Commit+" "+b.Go), " "))
	return err
}
