package shopify

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzReader: a value is passed over to its very end, and what is read of it is
// what encoding/json reads.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `0`, `""`, `null`, ` { "a" : [ 1 , -2.5e3 , true ] , "b" : null } `, `[[[{"a":[{}]}]],{"b":[]}]`,
		`{"a":"}"}`, `{"a":"{"}`, `["]"]`, `["["]`, `{"a":"\""}`, `{"a":"\\"}`, `["\\\"]"]`, `{"\"":{"\\":"{"}}`,
		`{"id":1,"id":"ä\u2028\ud83d\ude00\ud800"}`, `["` + strings.Repeat(`\\`, 600) + `]"]`,
	} {
		f.Add([]byte(seed))
	}
	// What counts may fall on either side of where a part ends.
	for n := 500; n < 520; n++ {
		f.Add([]byte(`{"a":"` + strings.Repeat("x", n) + `\"}","b":{}}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) || !utf8.Valid(body) {
			return // not JSON, or encoding/json would replace it
		}
		in := read(bytes.Join([][]byte{[]byte(`{"passed over":`), body, []byte(`,"read":`), body, []byte(`,"last":1}`)}, nil))
		var got any
		last := ""
		whole := in.each('{', func(key []byte) {
			switch string(key) {
			case "read":
				got = everything(in)
			case "last":
				last = string(in.text())
			}
		})
		if !whole || last != "1" {
			t.Fatalf("%s: whole is %v and last %q", body, whole, last)
		}
		if want := parsed(t, body); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %#v, want %#v", body, got, want)
		}
	})
}

func everything(in *reader) any {
	switch in.rest[0] {
	case '{':
		all := map[string]any{}
		in.each('{', func(key []byte) { all[string(key)] = everything(in) })
		return all
	case '[':
		all := []any{}
		in.each('[', func([]byte) { all = append(all, everything(in)) })
		return all
	}
	return string(in.text())
}

// parsed is what encoding/json makes of a body, with texts for all that is no
// object or array.
func parsed(t *testing.T, body []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return texts(v)
}

func texts(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = texts(v[key])
		}
	case []any:
		for i := range v {
			v[i] = texts(v[i])
		}
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case nil:
		return ""
	}
	return v
}
