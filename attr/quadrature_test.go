package attr

import (
	"fmt"
	"math"
	"math/big"
	"testing"
)

// bigLegendre polishes a node with 200-bit numbers and returns it with its
// weight, on [-1,1].
func bigLegendre(n int, x0 float64) (x, w float64) {
	f := func(v float64) *big.Float { return big.NewFloat(v).SetPrec(200) }
	op := func() *big.Float { return new(big.Float).SetPrec(200) }
	z, one := f(x0), f(1)
	var dp *big.Float
	for range 4 {
		p, prev := f(1), f(0)
		for k := range n {
			// (k+1) P_{k+1} = (2k+1) x P_k - k P_{k-1}
			a := op().Mul(op().Mul(f(float64(2*k+1)), z), p)
			a.Sub(a, op().Mul(f(float64(k)), prev))
			prev, p = p, a.Quo(a, f(float64(k+1)))
		}
		dp = op().Sub(prev, op().Mul(z, p))
		dp.Mul(dp, f(float64(n)))
		dp.Quo(dp, op().Sub(one, op().Mul(z, z)))
		z = op().Sub(z, op().Quo(p, dp))
	}
	wb := op().Mul(dp, dp)
	wb.Mul(wb, op().Sub(one, op().Mul(z, z)))
	x, _ = z.Float64()
	w, _ = op().Quo(f(2), wb).Float64()
	return x, w
}

func TestGaussLegendreAgainst200Bits(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 20, 50, 51, 200, 501} {
		alpha, weight := gaussLegendre(n)
		var worstX, worstW float64
		for i := range alpha {
			x, w := bigLegendre(n, 2*alpha[i]-1)
			worstX = max(worstX, math.Abs(alpha[i]-(1+x)/2))
			worstW = max(worstW, math.Abs(weight[i]/(w/2)-1))
			if i > 0 && alpha[i] <= alpha[i-1] {
				t.Fatalf("n=%d: node %d is %v after %v", n, i, alpha[i], alpha[i-1])
			}
		}
		t.Logf("n=%d: nodes within %.2g, weights within %.2g relative", n, worstX, worstW)
		if worstX > 2.3e-16 {
			t.Errorf("n=%d: a node is off by %v, want 2.3e-16", n, worstX)
		}
		if worstW > 1e-13 {
			t.Errorf("n=%d: a weight is off by %v, want 1e-13 relative", n, worstW)
		}
	}
}

func TestQuadratureIsExactForPolynomials(t *testing.T) {
	degree := map[string]func(n int) int{
		"gausslegendre":     func(n int) int { return min(2*n-1, 40) },
		"riemann_left":      func(int) int { return 0 },
		"riemann_right":     func(int) int { return 0 },
		"riemann_middle":    func(int) int { return 1 },
		"riemann_trapezoid": func(int) int { return 1 },
	}
	for _, q := range quadratures {
		for _, n := range []int{2, 3, 10, 201} {
			alpha, weight := nodes(q, n, false)
			for d := range degree[q](n) + 1 {
				var got float64
				for i, a := range alpha {
					got += weight[i] * math.Pow(a, float64(d))
				}
				if want := 1 / float64(d+1); math.Abs(got-want) > 1e-13 {
					t.Errorf("%s n=%d: integral of a^%d is %v, want %v", q, n, d, got, want)
				}
			}
		}
	}
}

func TestRiemannPoints(t *testing.T) {
	for _, r := range []struct {
		rule          string
		captum        bool
		alpha, weight string
	}{
		{"riemann_left", false, "[0 0.25 0.5 0.75]", "[0.25 0.25 0.25 0.25]"},
		{"riemann_right", false, "[0.25 0.5 0.75 1]", "[0.25 0.25 0.25 0.25]"},
		{"riemann_middle", false, "[0.125 0.375 0.625 0.875]", "[0.25 0.25 0.25 0.25]"},
		{"riemann_trapezoid", false, "[0 0.3333333333333333 0.6666666666666666 1]", "[0.16666666666666666 0.3333333333333333 0.3333333333333333 0.16666666666666666]"},
		{"riemann_trapezoid", true, "[0 0.3333333333333333 0.6666666666666666 1]", "[0.125 0.25 0.25 0.125]"},
	} {
		a, w := riemann(r.rule, 4, r.captum)
		if got := fmt.Sprint(a); got != r.alpha {
			t.Errorf("%s: points %s, want %s", r.rule, got, r.alpha)
		}
		if got := fmt.Sprint(w); got != r.weight {
			t.Errorf("%s: weights %s, want %s", r.rule, got, r.weight)
		}
	}
}
