package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// readTOML reads the part of TOML that settings need: one `key = value` a line,
// where a value is a "basic" or 'literal' string, or an [array] of those on that
// line, and # comments. Tables, dates and the rest are refused by line number,
// not passed over. A file that is not there has no lines.
func readTOML(path string) (map[string]string, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines, err := parseTOML(string(b))
	if err != nil {
		return lines, fmt.Errorf("%s: %w", path, err)
	}
	return lines, nil
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// parseTOML returns the values by key; an array becomes text with commas between.
func parseTOML(text string) (map[string]string, error) {
	out := map[string]string{}
	var faults []error
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		_, twice := out[key]
		v, err := tomlValue(strings.TrimSpace(value))
		switch {
		case !ok || !bareKey.MatchString(key):
			faults = append(faults, fmt.Errorf(`line %d: not of the form key = "value"`, n+1))
		case twice:
			faults = append(faults, fmt.Errorf("line %d: %s is set twice", n+1, key))
		case err != nil:
			faults = append(faults, fmt.Errorf("line %d: %s: %w", n+1, key, err))
		default:
			out[key] = v
		}
	}
	return out, errors.Join(faults...)
}

func tomlValue(text string) (string, error) {
	if strings.HasPrefix(text, "[") {
		return tomlArray(text[1:])
	}
	v, rest, err := tomlString(text)
	if err == nil && !isComment(rest) {
		err = errors.New("there is more after the value")
	}
	return v, err
}

func tomlArray(text string) (string, error) {
	var parts []string
	for {
		text = strings.TrimSpace(text)
		if rest, ok := strings.CutPrefix(text, "]"); ok {
			if !isComment(rest) {
				return "", errors.New("there is more after the array")
			}
			return strings.Join(parts, ","), nil
		}
		v, rest, err := tomlString(text)
		if err != nil {
			return "", err
		}
		parts = append(parts, v)
		text = strings.TrimSpace(rest)
		if !strings.HasPrefix(text, "]") && !strings.HasPrefix(text, ",") {
			return "", errors.New("an array must end on its line")
		}
		text = strings.TrimPrefix(text, ",")
	}
}

// tomlString reads one string and returns what follows it.
func tomlString(text string) (value, rest string, err error) {
	if inner, ok := strings.CutPrefix(text, "'"); ok {
		value, rest, ok = strings.Cut(inner, "'")
		if !ok {
			return "", "", errors.New("the quote is not closed")
		}
		return value, rest, nil
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil || quoted[0] != '"' {
		return "", "", errors.New("must be text in quotes")
	}
	value, err = strconv.Unquote(quoted)
	return value, text[len(quoted):], err
}

func isComment(rest string) bool {
	rest = strings.TrimSpace(rest)
	return rest == "" || rest[0] == '#'
}
