package intake_test

import (
	"errors"
	"strings"
	"testing"

	"aminobridge/core"
	"aminobridge/core/intake"
)

func TestAddress(t *testing.T) {
	long := strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 61)+".", 3)
	for _, c := range []struct{ in, want string }{
		{"kim@shop.example", "kim@shop.example"},
		{" kim@shop.example\n", "kim@shop.example"},
		{"Kim.Doe+tag@Shop.EXAMPLE", "Kim.Doe+tag@shop.example"},
		{"o'neil/x=y@a.b.example", "o'neil/x=y@a.b.example"},
		{"kim@bücher.example", "kim@xn--bcher-kva.example"},
		{"kim@xn--bcher-kva.example", "kim@xn--bcher-kva.example"},
		{"jose\u0301@shop.example", "jos\u00e9@shop.example"},
		{"日本@shop.example", "日本@shop.example"},
		{long + "cc", long + "cc"}, // 253 bytes
		{long + "ccc", long + "ccc"},
	} {
		got, err := intake.Address(c.in)
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.in, got, err, c.want)
		}
		if again, err := intake.Address(got); again != got || err != nil {
			t.Errorf("%q: a second time %q, %v", got, again, err)
		}
	}
	for _, c := range []struct{ in, code string }{
		{"", "required"}, {" \t", "required"},
		{"kim", "invalid"}, {"@shop.example", "invalid"}, {"kim@", "invalid"},
		{"Kim <kim@shop.example>", "invalid"}, {"<kim@shop.example>", "invalid"},
		{"kim@shop.example,kay@shop.example", "invalid"}, {"kim@kay@shop.example", "invalid"},
		{"kim doe@shop.example", "invalid"}, {`"kim doe"@shop.example`, "invalid"}, {"kim(x)@shop.example", "invalid"},
		{".kim@shop.example", "invalid"}, {"kim.@shop.example", "invalid"}, {"k..m@shop.example", "invalid"},
		{"kim\r\nBcc: kay@shop.example", "invalid"}, {"kim@shop.example\r\nBcc: x", "invalid"}, {"k\x00m@shop.example", "invalid"},
		{"k\u202em@shop.example", "invalid"}, {"k\u00a0m@shop.example", "invalid"}, {"k\xffm@shop.example", "invalid"},
		{"kim@localhost", "invalid"}, {"kim@[192.0.2.1]", "invalid"}, {"kim@192.0.2.1", "invalid"},
		{"kim@shop..example", "invalid"}, {"kim@.example", "invalid"}, {"kim@shop.example.", "invalid"},
		{"kim@-shop.example", "invalid"}, {"kim@sh_op.example", "invalid"}, {"kim@shop.exa mple", "invalid"},
		{strings.Repeat("a", 65) + "@shop.example", "invalid"},
		{long + "cccc", "too_long"},
		{"kim@" + strings.Repeat("ü", 1000) + ".example", "too_long"},
	} {
		got, err := intake.Address(c.in)
		fault, ok := errors.AsType[*core.FieldError](err)
		if !ok || got != "" || fault.Field != "email" || fault.Code != c.code {
			t.Errorf("%q: got %q, %v; want %s", c.in, got, err, c.code)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"kim@shop.example", "kim@bücher.example", "jose\u0301@shop.example", "a@b", "\"a b\"@c.d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := intake.Address(text)
		if err != nil {
			if !errors.Is(err, core.ErrInvalid) {
				t.Fatal(err)
			}
			return
		}
		if len(got) > 254 || strings.Count(got, "@") != 1 || strings.ContainsAny(got, " \t\r\n\x00,<>\"") {
			t.Errorf("got %q", got)
		}
		if again, err := intake.Address(got); again != got || err != nil {
			t.Errorf("%q: a second time %q, %v", got, again, err)
		}
	})
}
