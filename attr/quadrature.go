package attr

import (
	"math"
	"sync"
)

// quadratures are the rules of integrated_gradients on [0,1], by Captum's names.
var quadratures = []string{"gausslegendre", "riemann_left", "riemann_right", "riemann_middle", "riemann_trapezoid"}

// maxSteps bounds the points of a rule; those of gausslegendre cost their square to
// find.
const (
	maxSteps      = 100000
	maxGaussSteps = 10000
)

// stepLimits returns the fewest and the most points of a rule.
func stepLimits(rule string) (lo, hi int) {
	switch rule {
	case "gausslegendre":
		return 1, maxGaussSteps
	case "riemann_trapezoid":
		return 2, maxSteps
	}
	return 1, maxSteps
}

// nodes returns the n points of a rule, 0 the baseline and 1 the input, and their
// weights. captum asks for the trapezoid of Captum.
func nodes(rule string, n int, captum bool) (alpha, weight []float64) {
	if rule == "gausslegendre" {
		return gaussLegendre(n)
	}
	return riemann(rule, n, captum)
}

// riemann returns the n points and weights of a rule with equal steps:
//
//	riemann_left       i/n
//	riemann_right      (i+1)/n
//	riemann_middle     (i+1/2)/n      all with weight 1/n
//	riemann_trapezoid  i/(n-1)        with weight 1/(n-1), half at the ends
//
// The weights sum to 1. Captum's trapezoid has weights 1/n with the same halves
// at the ends, which sum to 1-1/n; captum asks for those.
func riemann(rule string, n int, captum bool) (alpha, weight []float64) {
	alpha, weight = make([]float64, n), make([]float64, n)
	steps := float64(n)
	for i := range alpha {
		k := float64(i)
		weight[i] = 1 / steps
		switch rule {
		case "riemann_left":
			alpha[i] = k / steps
		case "riemann_right":
			alpha[i] = (k + 1) / steps
		case "riemann_middle":
			alpha[i] = (k + 0.5) / steps
		case "riemann_trapezoid":
			alpha[i] = k / (steps - 1)
			if !captum {
				weight[i] = 1 / (steps - 1)
			}
			if i == 0 || i == n-1 {
				weight[i] /= 2
			}
		default:
			panic("attr: unknown quadrature " + rule)
		}
	}
	return alpha, weight
}

// rule is a quadrature rule that is dear to find and never changes.
type rule struct{ alpha, weight []float64 }

var (
	gaussMu    sync.Mutex
	gaussRules = map[int]rule{} // by n
)

// gaussLegendre returns the n nodes of Gauss and Legendre on [0,1] in ascending
// order with their weights, exact for polynomials of degree 2n-1. The slices
// are shared and not to be modified. The first call for an n costs about
// 10*n*n ns; it is made once.
func gaussLegendre(n int) (alpha, weight []float64) {
	gaussMu.Lock()
	defer gaussMu.Unlock()
	r, ok := gaussRules[n]
	if !ok {
		r.alpha, r.weight = legendre(n)
		gaussRules[n] = r
	}
	return r.alpha, r.weight
}

// legendre finds the roots of P_n by Newton's method from Tricomi's estimate
// (1-1/8n^2+1/8n^3) cos(pi (4i+3)/(4n+2)) and the weights 2/((1-x^2) P_n'^2).
// Every operation is rounded by itself, so that every CPU gets the same bits.
func legendre(n int) (alpha, weight []float64) {
	alpha, weight = make([]float64, n), make([]float64, n)
	steps := float64(n)
	shrink := 1 - 1/float64(8*float64(steps*steps)) + 1/float64(8*float64(steps*float64(steps*steps)))
	for i := range (n + 1) / 2 {
		x := float64(shrink * cosine(float64(math.Pi*(4*float64(i)+3))/(4*steps+2)))
		if n%2 == 1 && i == n/2 {
			x = 0
		}
		// Convergence is quadratic; the estimate is good to 1/n^3 or better, so
		// three steps reach the last bit and the others are for safety.
		for range 6 {
			p, dp := legendreAt(n, x)
			step := p / dp
			x -= step
			if math.Abs(step) <= 1e-16 {
				break
			}
		}
		p, dp := legendreAt(n, x)
		gap := float64((1 - x) * (1 + x))
		w := 1 / float64(gap*float64(dp*dp)) // half of it: [0,1] is half of [-1,1]
		// Near the ends the weight is steep: carry it from the rounded node to
		// the root beside it, p/dp away, where (1-x^2) P_n'^2 has the relative
		// slope 2x/(1-x^2).
		w += float64(w*float64(2*x)) * float64(p/dp) / gap
		alpha[i], alpha[n-1-i] = (1-x)/2, (1+x)/2
		weight[i], weight[n-1-i] = w, w
	}
	return alpha, weight
}

// legendreAt returns P_n(x) and its derivative. The three-term recurrence runs
// on differences d_k = P_k - P_{k-1}, which keeps digits near x = 1 where
// successive polynomials nearly agree.
func legendreAt(n int, x float64) (p, dp float64) {
	// (k+1) d_{k+1} = (2k+1)(x-1) P_k + k d_k
	p, d := 1.0, 0.0
	prev := 1.0
	for k := range n {
		f := float64(k)
		prev = p
		d = (float64(float64((2*f+1)*(x-1))*p) + float64(f*d)) / (f + 1)
		p += d
	}
	// (1-x^2) P_n' = n (P_{n-1} - x P_n)
	dp = float64(float64(n)*(prev-float64(x*p))) / float64((1-x)*(1+x))
	return p, dp
}

// cosine returns cos(t) for 0 <= t <= pi/2 within 1e-9, enough to start from;
// math.Cos may differ between CPUs.
func cosine(t float64) float64 {
	term, sum := 1.0, 1.0
	t2 := float64(t * t)
	for k := 2.0; k <= 16; k += 2 {
		term = float64(-term*t2) / float64(k*(k-1))
		sum += term
	}
	return sum
}
