package reports

import (
	"math"
	"strconv"
	"strings"
)

// number is a value made ready to print: digits with an optional half-width
// and an optional common power of ten.
type number struct {
	digits string // "0.0243", "-1.2", "∞"; "" when undefined
	half   string // "0.0031"; "" without an interval
	exp    int    // digits and half times 10^exp
}

// undefined is how a value that does not exist is shown.
const undefined = "—"

// estimate rounds a mean to the decimals of its half-width's second
// significant digit, and to three significant digits where there is no
// half-width to go by. Numbers too small or too large to read in full share a
// power of ten.
func estimate(mean, half float64) number {
	if math.IsNaN(mean) {
		return number{}
	}
	if math.IsInf(mean, 0) {
		return number{digits: strings.Replace(strconv.FormatFloat(mean, 'f', 0, 64), "Inf", "∞", 1)}
	}
	// The larger of the two decides on the power of ten.
	size := math.Abs(mean)
	if half > size && !math.IsInf(half, 0) {
		size = half
	}
	n := rounded(mean, half, exponent(size))
	if n.exp != 0 && n.tens() { // 9.996 became 10.00
		n = rounded(mean, half, n.exp+1)
	}
	return n
}

// rounded is estimate for numbers of which the larger one has its first digit at
// 10^e.
func rounded(mean, half float64, e int) number {
	var n number
	if mean != 0 && (e < -3 || e > 5) || half > 0 && !math.IsInf(half, 0) && (e < -3 || e > 5) {
		n.exp = e
		mean, half = scale(mean, -e), scale(half, -e)
	}
	decimals := 2 - exponentOf(mean, 3)
	if half > 0 && !math.IsInf(half, 0) {
		decimals = 1 - exponentOf(half, 2)
		// A mean far above its half-width does not get more than 5 digits.
		decimals = min(decimals, 4-exponentOf(mean, 5))
	}
	if mean == 0 && !(half > 0) {
		decimals = 0
	}
	decimals = max(0, min(decimals, 6))
	n.digits = fixed(mean, decimals)
	switch {
	case math.IsInf(half, 0):
		n.half = "∞"
	case !math.IsNaN(half):
		n.half = fixed(half, decimals)
	}
	return n
}

// tens tells whether a number with a power of ten has two digits before the
// point, since it was rounded up.
func (n number) tens() bool {
	two := func(s string) bool {
		whole, _, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
		return len(whole) > 1
	}
	return two(n.digits) || n.half != "∞" && two(n.half)
}

// exponent returns the power of ten of x's first digit: 2 for 314, -3 for
// 0.0027. It is that of the shortest decimal form, so it has no rounding.
func exponent(x float64) int {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	s := strconv.FormatFloat(x, 'e', -1, 64)
	e, err := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if err != nil {
		panic("reports: exponent of " + s)
	}
	return e
}

// exponentOf is exponent once x is rounded to some digits: that of 0.9996 to three
// is 0.
func exponentOf(x float64, digits int) int {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', digits-1, 64), 64)
	if err != nil {
		panic("reports: rounding " + err.Error())
	}
	return exponent(r)
}

// scale multiplies by a power of ten through the decimal form, so that 2.5e-7
// becomes exactly the double nearest to 2.5.
func scale(x float64, e int) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	s := strconv.FormatFloat(x, 'e', -1, 64)
	k := strings.IndexByte(s, 'e')
	r, err := strconv.ParseFloat(s[:k+1]+strconv.Itoa(exponent(x)+e), 64)
	if err != nil {
		panic("reports: scaling " + s)
	}
	return r
}

// fixed formats without a minus sign on zero.
func fixed(x float64, decimals int) string {
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

// plain writes the number for a reader: "0.0243 ± 0.0031",
// "(2.4 ± 0.3)×10⁻⁶", "—".
func (n number) plain() string {
	whole, rest := n.split()
	return whole + rest
}

// split is plain in two parts that meet at the decimal point.
func (n number) split() (whole, rest string) {
	if n.digits == "" {
		return undefined, ""
	}
	whole = n.digits
	if k := strings.IndexByte(whole, '.'); k >= 0 {
		whole, rest = whole[:k], whole[k:]
	}
	if n.half != "" {
		rest += " ± " + n.half
	}
	if n.exp != 0 {
		if n.half != "" {
			whole, rest = "("+whole, rest+")"
		}
		rest += "×10" + superscript(n.exp)
	}
	return whole, rest
}

// latex writes the number in two parts that meet at the decimal point: the
// whole number, and what follows. Digits are text, so that they can be bold.
func (n number) latex() (whole, rest string) {
	switch n.digits {
	case "":
		return "---", ""
	case "+∞":
		return `$\infty$`, ""
	case "-∞":
		return `$-\infty$`, ""
	}
	whole = n.digits
	if k := strings.IndexByte(whole, '.'); k >= 0 {
		whole, rest = whole[:k], whole[k:]
	}
	whole = strings.Replace(whole, "-", "$-$", 1)
	if n.half != "" {
		rest += ` $\pm$ ` + strings.Replace(n.half, "∞", `$\infty$`, 1)
	}
	if n.exp != 0 {
		if n.half != "" {
			whole, rest = "("+whole, rest+")"
		}
		rest += `$\times10^{` + strconv.Itoa(n.exp) + "}$"
	}
	return whole, rest
}

func superscript(e int) string {
	var b strings.Builder
	for _, r := range strconv.Itoa(e) {
		if r == '-' {
			b.WriteRune('⁻')
			continue
		}
		b.WriteRune([]rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[r-'0'])
	}
	return b.String()
}

// exact writes every bit of x, for CSV; "" when undefined.
func exact(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
