package experiments

import (
	"math"

	"assay/attr"
)

// sampling is what methods report of their own numerics on the images of a
// block: how far they went, and how sure they are.
type sampling struct {
	steps  []int     // [image]; nil where the method does not choose their number
	doubt  []byte    // [image] attr.Doubt of each map; nil where there is none
	stderr []float64 // [image] norm of the standard errors over that of the map, NaN where the map is 0; nil where nothing is drawn
}

// take notes image i of n.
func (s *sampling) take(i, n int, a attr.Attribution) {
	if a.Steps > 0 {
		if s.steps == nil {
			s.steps = make([]int, n)
		}
		s.steps[i] = a.Steps
	}
	if d := a.Doubts(); d != 0 {
		if s.doubt == nil {
			s.doubt = make([]byte, n)
		}
		s.doubt[i] = byte(d)
	}
	if a.StdErr != nil {
		if s.stderr == nil {
			s.stderr = unknown(n)
		}
		s.stderr[i] = norm(a.StdErr) / norm(a.Map)
		if math.IsInf(s.stderr[i], 0) {
			s.stderr[i] = math.NaN()
		}
	}
}

// unknown returns n values that are not defined.
func unknown(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

// norm is the Euclidean norm, each square rounded by itself.
func norm(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(float64(x) * float64(x))
	}
	return math.Sqrt(sum)
}

// write adds the arrays that there are, so that the cells of methods without
// any hold none.
func (s *sampling) write(r *record) {
	if s.steps != nil {
		r.ints("steps", s.steps)
	}
	if s.stderr != nil {
		r.floats("stderr", s.stderr)
	}
	if s.doubt != nil {
		r.bytes("doubt", s.doubt)
	}
}

// readSampling returns what write wrote of n images.
func readSampling(a arrays, n int) (s sampling, err error) {
	if _, ok := a["steps"]; ok {
		if s.steps, err = array[int](a, "steps", n); err != nil {
			return s, err
		}
	}
	if _, ok := a["stderr"]; ok {
		if s.stderr, err = array[float64](a, "stderr", n); err != nil {
			return s, err
		}
	}
	if _, ok := a["doubt"]; ok {
		s.doubt, err = array[byte](a, "doubt", n)
	}
	return s, err
}

// put copies what is known of the images from one on into that of all n.
func (s *sampling) put(block sampling, from, n int) {
	if block.steps != nil {
		if s.steps == nil {
			s.steps = make([]int, n)
		}
		copy(s.steps[from:], block.steps)
	}
	if block.stderr != nil {
		if s.stderr == nil {
			s.stderr = unknown(n)
		}
		copy(s.stderr[from:], block.stderr)
	}
	if block.doubt != nil {
		if s.doubt == nil {
			s.doubt = make([]byte, n)
		}
		copy(s.doubt[from:], block.doubt)
	}
}
