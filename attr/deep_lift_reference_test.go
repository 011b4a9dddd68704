package attr

import (
	"math"
	"os"
	"slices"
	"testing"

	"assay/model"
)

// reference is DeepLift's Rescale rule in float64, straight from the paper and
// without regard for speed: convolutions without padding, stride 1.
type reference struct {
	n *model.Net
	w *model.Weights
	// lastRow names convolution channels (of the second pool) whose last row is
	// taken to be a hair above the rest of a tie; see below.
	lastRow []int
}

// layers returns the input and the output of every layer, and for pools the
// position of each window's first maximum.
func (f reference) layers(x []float64) (acts [][]float64, first [][]int) {
	acts = [][]float64{x}
	s := f.n.Input
	for li, l := range f.n.Layers {
		o := f.n.Shapes()[li]
		in, y := acts[li], make([]float64, o.Size())
		var at []int
		w, b := f.w.Get(l.Name+".weight"), f.w.Get(l.Name+".bias")
		for k := range y {
			switch c, row, col := k/(o.H*o.W), k/o.W%o.H, k%o.W; l.Kind {
			case "conv2d":
				y[k] = float64(b[c])
				f.taps(l, s, c, row, col, func(j, t int) { y[k] += float64(w[t]) * in[j] })
			case "relu":
				y[k] = math.Max(in[k], 0)
			case "max_pool2d":
				best := (c*s.H+row*l.Stride)*s.W + col*l.Stride
				for d := range l.Kernel * l.Kernel {
					j := windowAt(c, row, col, d, l, s)
					if in[j] > in[best] {
						best = j
					}
				}
				y[k], at = in[best], append(at, best)
			case "flatten":
				y[k] = in[k]
			case "linear":
				y[k] = float64(b[k])
				for j, v := range in {
					y[k] += float64(w[k*len(in)+j]) * v
				}
			}
		}
		acts, first = append(acts, y), append(first, at)
		s = o
	}
	return acts, first
}

// windowAt is position d of a pool's window.
func windowAt(c, row, col, d int, l model.Layer, s model.Shape) int {
	return (c*s.H+row*l.Stride+d/l.Kernel)*s.W + col*l.Stride + d%l.Kernel
}

// taps calls visit with the index of every input under a convolution's output
// and of its weight.
func (f reference) taps(l model.Layer, s model.Shape, c, row, col int, visit func(j, t int)) {
	for i := range s.C {
		for ky := range l.Kernel {
			for kx := range l.Kernel {
				visit((i*s.H+row+ky)*s.W+col+kx, ((c*s.C+i)*l.Kernel+ky)*l.Kernel+kx)
			}
		}
	}
}

// attribute returns the map of x against the baseline b for one class.
func (f reference) attribute(x, b []float64, class int) []float64 {
	acts, first := f.layers(x)
	racts, rfirst := f.layers(b)
	g := make([]float64, f.n.Classes())
	g[class] = 1
	for li := len(f.n.Layers) - 1; li >= 0; li-- {
		l, s := f.n.Layers[li], f.n.Input
		if li > 0 {
			s = f.n.Shapes()[li-1]
		}
		o := f.n.Shapes()[li]
		d := make([]float64, s.Size())
		w := f.w.Get(l.Name + ".weight")
		in, rin, out, rout := acts[li], racts[li], acts[li+1], racts[li+1]
		for k, gv := range g {
			switch c, row, col := k/(o.H*o.W), k/o.W%o.H, k%o.W; l.Kind {
			case "conv2d":
				f.taps(l, s, c, row, col, func(j, t int) { d[j] += float64(w[t]) * gv })
			case "relu":
				if dx := in[k] - rin[k]; math.Abs(dx) > 1e-10 {
					d[k] = gv * (out[k] - rout[k]) / dx
				} else if in[k] > 0 {
					d[k] = gv
				}
			case "max_pool2d":
				// Cross-maximum: a gain goes to the input's maximum, a loss to
				// the baseline's.
				j := first[li][k]
				if out[k] < rout[k] {
					j = rfirst[li][k]
					if o.C == 16 && row == o.H-1 && col >= o.W-2 && slices.Contains(f.lastRow, c) {
						j += s.W // to the second row of the window
					}
				}
				if out[k] != rout[k] {
					d[j] += gv * (out[k] - rout[k]) / (in[j] - rin[j])
				}
			case "flatten":
				d[k] = gv
			case "linear":
				for j := range d {
					d[j] += float64(w[k*len(d)+j]) * gv
				}
			}
		}
		g = d
	}
	for j := range g {
		g[j] *= x[j] - b[j]
	}
	return g
}

// A baseline of one colour gives every window of a max-pool a tie, and where
// the image stays below it, the cross-maximum rule must choose. We take the
// first maximum. So do the outside values, but the matrix product behind them
// rounds the last four of the 100 pixels of conv2 another way, and where that
// comes out a hair higher the last two windows send their loss to their second
// row. These are the channels where it does; with the ties broken so, the two
// agree to 7 digits, and so do we with ours.
func checkReference(t *testing.T, o outside, lastRow map[string][]int) {
	m := o.env.Worker.Model()
	size := o.env.size()
	for _, r := range []struct {
		array string
		b     Baseline
	}{{"deeplift_exact", Baseline{}}, {"deeplift_black_exact", ConstantBaseline(-1)}} {
		want := o.array(t, r.array).Float64s()
		bx := pixels(t, o.env, r.b)
		for i, a := range attribute(t, o.env, &DeepLift{MultiplyByInputs: true, Baseline: r.b}, o.in) {
			x, b := make([]float64, size), make([]float64, size)
			for j := range x {
				x[j], b[j] = float64(o.in[i].X[j]), float64(bx[j])
			}
			f := reference{n: m.Net(), w: m.Weights()}
			ours := f.attribute(x, b, o.in[i].Target.Class)
			f.lastRow = lastRow[r.array]
			theirs := f.attribute(x, b, o.in[i].Target.Class)
			single := make([]float32, size)
			for j, v := range theirs {
				single[j] = float32(v)
			}
			out := want[i*size : (i+1)*size]
			t.Logf("%s image %d: relative error %.1e to the reference; the reference %.1e to the outside values with their ties; %.1e without",
				r.array, i, relative(a.Map, ours), relative(single, out), relative(a.Map, out))
			if d := relative(a.Map, ours); !(d <= 1e-4) {
				t.Errorf("%s image %d: we are off the reference by %v, want 1e-4", r.array, i, d)
			}
			if d := relative(single, out); !(d <= 1e-6) {
				t.Errorf("%s image %d: the reference is off the outside values by %v, want 1e-6", r.array, i, d)
			}
			if d := a.delta(); math.Abs(d) > 1e-5 {
				t.Errorf("%s image %d: delta %v, want below 1e-5", r.array, i, d)
			}
		}
	}
}

func TestDeepLiftReference(t *testing.T) {
	checkReference(t, committed(t), map[string][]int{"deeplift_black_exact": {9}})
}

func TestDeepLiftReferenceOnCIFAR10(t *testing.T) {
	dir, weights := os.Getenv("ASSAY_GOLDEN"), os.Getenv("ASSAY_WEIGHTS")
	if dir == "" || weights == "" {
		t.Skip("set ASSAY_GOLDEN to the folder of outside values and ASSAY_WEIGHTS to the weights of Captum's tutorial")
	}
	checkReference(t, openOutside(t, dir, weights), map[string][]int{"deeplift_exact": {9}, "deeplift_black_exact": {4, 9, 14}})
}
