package letter_test

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestContrast reads the colours out of the mail itself, so that a new one that
// nobody measured is noticed too. WCAG AA asks 4.5 of text of this size.
func TestContrast(t *testing.T) {
	mail := render(t).HTML
	var measured []string
	for _, pair := range [][2]string{
		{"#211f1c", "#ffffff"}, {"#625d56", "#ffffff"}, {"#625d56", "#f6f4ef"}, {"#ffffff", "#1f5f4f"},
		{"#f0eee9", "#1f2125"}, {"#b0aca4", "#1f2125"}, {"#b0aca4", "#16171a"}, {"#0e2a22", "#7fd1b9"},
	} {
		measured = append(measured, pair[:]...)
		if r := contrast(pair[0], pair[1]); r < 4.5 {
			t.Errorf("%s on %s has a contrast of %.2f", pair[0], pair[1], r)
		}
	}
	lines := []string{"#e4dfd5", "#33363c"} // the card's edge, which says nothing
	for _, c := range regexp.MustCompile(`#[0-9a-f]{6}`).FindAllString(mail, -1) {
		if !slices.Contains(measured, c) && !slices.Contains(lines, c) {
			t.Errorf("the colour %s is not measured", c)
		}
	}
	if !strings.Contains(mail, "prefers-color-scheme: dark") {
		t.Error("no colours for the dark")
	}
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(hex string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, _ := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
