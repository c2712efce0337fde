package core_test

import (
	"errors"
	"strings"
	"testing"

	"aminobridge/core"
)

// TestSettingsCheck: what must hold between two settings, each of which is right.
func TestSettingsCheck(t *testing.T) {
	for _, c := range []struct{ name, set, field string }{
		{"the defaults", "", ""},
		{"a delay just within max_age", "delay=47h max_age=2d", ""},
		{"a delay of max_age", "delay=2d max_age=2d", "delay"},
		{"a delay beyond max_age", "delay=3d max_age=2d", "delay"},
		{"a reserve within the cap", "cap=2 reserve=1", ""},
		{"a reserve of the cap", "cap=2 reserve=2", "reserve"},
		{"no reserve chosen, and a cap of one", "cap=1", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := core.DefaultSettings()
			for pair := range strings.FieldsSeq(c.set) {
				key, value, _ := strings.Cut(pair, "=")
				if err := s.Set(key, value); err != nil {
					t.Fatal(err)
				}
			}
			err := s.Check()
			fault, _ := errors.AsType[*core.FieldError](err)
			if (err != nil) != (c.field != "") || fault != nil && fault.Field != c.field {
				t.Errorf("got %v, want a fault of the field %q", err, c.field)
			}
		})
	}
}
