// Package spelling finds what a mistyped word was meant to be.
package spelling

import (
	"slices"
	"strings"
)

// Nearest returns the known word that is fewest mistakes from got, the first of
// several; "" where that would be more than half of got. Upper and lower case are
// alike.
func Nearest(got string, known []string) string {
	best, at := len(got)/2+1, ""
	for _, k := range known {
		if d := Mistakes(got, k); d < best && k != "" {
			best, at = d, k
		}
	}
	return at
}

// Mistakes is Distance, or where the words of a name come in another order, as in
// max_sensitivity for sensitivity_max, one mistake for the order and those of the
// words, each list of words sorted.
func Mistakes(a, b string) int {
	x, y := words(a), words(b)
	if len(x) < 2 || len(x) != len(y) {
		return Distance(a, b)
	}
	return min(Distance(a, b), 1+Distance(strings.Join(x, "_"), strings.Join(y, "_")))
}

// words lists the words of a name in lower case, sorted.
func words(name string) []string {
	s := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	slices.Sort(s)
	return s
}

// Distance counts the mistakes that turn a into b: characters left out, put in,
// replaced, or swapped with their neighbour, each character in one of them
// (optimal string alignment). Upper and lower case are alike.
func Distance(a, b string) int {
	x, y := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	// Rows for the first i-2, i-1 and i characters of a.
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range y {
			replaced := last[j]
			if x[i] != y[j] {
				replaced++
			}
			row[j+1] = min(replaced, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(y)]
}
