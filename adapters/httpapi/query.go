package httpapi

import (
	"fmt"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"aminobridge/core"
)

// flag and number are texts of the query that are read here and not by huma,
// whose refusals are not in the contract's form.
type (
	flag   string
	number string
)

func (f flag) read(field string) (bool, error) {
	if f == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(string(f))
	if err != nil {
		return false, &core.FieldError{Field: field, Code: "invalid", Reason: "must be true or false"}
	}
	return on, nil
}

func (n number) read(field string, usual, most int) (int, error) {
	if n == "" {
		return usual, nil
	}
	v, err := strconv.Atoi(string(n))
	if err != nil || v < 1 || v > most {
		return 0, &core.FieldError{Field: field, Code: "invalid", Reason: fmt.Sprintf("must be a whole number from 1 to %d", most)}
	}
	return v, nil
}

// Schema describes what the text of a flag or number stands for.
func (flag) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeBoolean} }

func (number) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeInteger, Minimum: new(1.0), Maximum: new(float64(biggestPage)), Default: usualPage}
}
