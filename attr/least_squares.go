package attr

import (
	"math"

	"assay/model"
)

// The linear algebra of the regressions (lime, kernel_shap): dense symmetric
// systems of some hundred unknowns. It is written out here because the results
// are stored: gonum's assembly adds in another order than its Go code, and the
// Go code may be fused by a compiler, so its bits depend on the CPU. Here every
// product is rounded by itself and every sum is one chain.

// maxRegressed bounds the unknowns of a regression: their matrix has 8 MB.
const maxRegressed = 1000

// symmetric is an n by n matrix, row by row.
type symmetric struct {
	n int
	a []float64
}

// reset makes m an n by n matrix of zeros.
func (m *symmetric) reset(n int) { m.n, m.a = n, resize(m.a, n*n) }

// mirror copies what is below the diagonal above it.
func (m *symmetric) mirror() {
	for i := range m.n {
		for j := range i {
			m.a[j*m.n+i] = m.a[i*m.n+j]
		}
	}
}

// ridge is 1e-9 of the mean of the diagonal. On the diagonal it lets unknowns
// which the samples do not tell apart share evenly instead of dividing by zero.
func (m *symmetric) ridge() float64 {
	var trace float64
	for i := range m.n {
		trace += m.a[i*m.n+i]
	}
	if trace > 0 {
		return 1e-9 * trace / float64(m.n)
	}
	return 1 // a matrix of zeros: nothing is known, the answer is 0
}

// invert replaces m, symmetric and positive definite but for rounding, by its
// inverse (Cholesky's decomposition; of m only what is on and below the diagonal
// is read). ridge is added to the diagonal before.
func (m *symmetric) invert(ridge float64) {
	n := m.n
	for i := range n {
		m.a[i*n+i] += ridge
	}
	// L in place: L L^T = m.
	for i := range n {
		ri := m.a[i*n : i*n+n]
		for j := range i + 1 {
			rj := m.a[j*n : j*n+n]
			v := ri[j]
			for k := range j {
				v -= float64(ri[k] * rj[k])
			}
			if i == j {
				ri[i] = math.Sqrt(math.Max(v, ridge))
			} else {
				ri[j] = v / rj[j]
			}
		}
	}
	// The inverse of L in place, column by column.
	for j := range n {
		m.a[j*n+j] = 1 / m.a[j*n+j]
		for i := j + 1; i < n; i++ {
			row := m.a[i*n : i*n+n]
			var v float64
			for k := j; k < i; k++ {
				v -= float64(row[k] * m.a[k*n+j])
			}
			row[j] = v / row[i]
		}
	}
	// m^-1 = L^-T L^-1: rows from the top need only rows not yet overwritten.
	for i := range n {
		for j := range i + 1 {
			var v float64
			for k := i; k < n; k++ {
				v += float64(m.a[k*n+i] * m.a[k*n+j])
			}
			m.a[i*n+j] = v
		}
	}
	m.mirror()
}

// times writes m v into out; all have n values.
func (m *symmetric) times(v, out []float64) {
	for i := range m.n {
		var s float64
		for j, a := range m.a[i*m.n : (i+1)*m.n] {
			s += float64(a * v[j])
		}
		out[i] = s
	}
}

// sumRows writes m z into out, where z is 1 at the indices and 0 elsewhere: the
// sum of the rows, m being symmetric.
func (m *symmetric) sumRows(at []int32, out []float64) {
	clear(out)
	model.SumRows(at, m.a, m.n, out)
}

// lasso minimises 1/2 b.G b - c.b + alpha |b|_1 by cyclic coordinate descent from
// b = 0 (Friedman, Hastie & Tibshirani, J. Statistical Software 33(1), 2010)
// until no coordinate moves by more than 1e-12 of the largest, at most 10000
// rounds. gram is complete, not a triangle.
func lasso(gram *symmetric, c []float64, alpha float64, b []float64) {
	clear(b)
	for range 10000 {
		var moved, largest float64
		for i := range b {
			row := gram.a[i*gram.n : (i+1)*gram.n]
			if !(row[i] > 0) {
				continue // a feature that no sample tells anything about
			}
			r := c[i]
			for j, g := range row {
				if j != i {
					r -= float64(g * b[j])
				}
			}
			v := 0.0
			switch {
			case r > alpha:
				v = (r - alpha) / row[i]
			case r < -alpha:
				v = (r + alpha) / row[i]
			}
			moved = math.Max(moved, math.Abs(v-b[i]))
			largest = math.Max(largest, math.Abs(v))
			b[i] = v
		}
		if moved <= 1e-12*largest {
			return
		}
	}
}
