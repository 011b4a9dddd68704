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
	var n number
	// The larger of the two decides on the power of ten.
	size := math.Abs(mean)
	if half > size && !math.IsInf(half, 0) {
		size = half
	}
	if e := exponent(size); size != 0 && (e < -3 || e > 5) {
		n.exp = e
		mean, half = scale(mean, -e), scale(half, -e)
	}
	decimals := 2 - exponent(mean)
	if half > 0 && !math.IsInf(half, 0) {
		decimals = 1 - exponent(half)
		// A mean far above its half-width does not get more than 5 digits.
		decimals = min(decimals, 4-exponent(mean))
	}
	if mean == 0 && !(half > 0) {
		decimals = 0
	}
	decimals = max(0, min(decimals, 6))
	n.digits = fixed(mean, decimals)
	if !math.IsNaN(half) {
		n.half = fixed(half, decimals)
	}
	return n
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
	if n.digits == "" {
		return undefined
	}
	s := n.digits
	if n.half != "" {
		s += " ± " + n.half
	}
	if n.exp == 0 {
		return s
	}
	if n.half != "" {
		s = "(" + s + ")"
	}
	return s + "×10" + superscript(n.exp)
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
		rest += ` $\pm$ ` + n.half
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
