package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// Occlusion scores a value by the drop of the target when a window covering it
// is replaced by the baseline, averaged over the windows that cover it.
//
// Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", ECCV
// 2014, section 4.2. The paper greys raw pixels; we fill after normalisation.
// Windows lie as Captum's do: from the first value on by the stride, the last
// one cut off by the border if need be. As there, the stride may exceed the window
// only where the window spans the input: what no window covers would have no
// score, and 0 says that it does not matter.
type Occlusion struct {
	Window   Extent   `yaml:"window" doc:"what is covered at once: rows and columns (4), or channels, rows and columns (3x4x4)"`
	Stride   Extent   `yaml:"stride" doc:"from one window to the next, as window, at most the window's size; along channels a single number means the window's own"`
	Baseline Baseline `yaml:"baseline" doc:"what covers: zero, black, white, mean, a number, blur:SIGMA, uniform, gaussian:SIGMA, max_distance or image:PATH"`
}

// Check reports a window or stride beyond the input, a stride that leaves values
// uncovered, and a baseline that cannot be read or has not the network's input
// shape.
func (o *Occlusion) Check(n *model.Net) error {
	window, stride := o.Window.check("window", n.Input), o.Stride.check("stride", n.Input)
	if window == nil && stride == nil {
		stride = o.gaps(n.Input)
	}
	return errors.Join(window, stride, o.Baseline.check(n))
}

// gaps reports a stride that leaves values between windows.
func (o *Occlusion) gaps(s model.Shape) error {
	size, step := o.grid(s)
	for _, d := range []struct {
		along             string
		input, size, step int
	}{{"channels", s.C, size.C, step.C}, {"rows", s.H, size.H, step.H}, {"columns", s.W, size.W, step.W}} {
		if d.size < d.input && d.step > d.size {
			return &Problem{Option: "stride", Msg: fmt.Sprintf("is %v, want at most %d along %s, the window's size there: what lies between two windows would never be covered and score 0", o.Stride, d.size, d.along)}
		}
	}
	return nil
}

// grid returns the size of a window and the step from one to the next.
func (o *Occlusion) grid(s model.Shape) (size, step model.Shape) {
	size = model.Shape{C: o.Window.c, H: o.Window.h, W: o.Window.w}
	if size.C == 0 {
		size.C = s.C
	}
	step = model.Shape{C: o.Stride.c, H: o.Stride.h, W: o.Stride.w}
	if step.C == 0 {
		step.C = size.C
	}
	return size, step
}

// Attribute explains the inputs: a pass forward for every window.
func (o *Occlusion) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return attributePerturbed(e, o, in, emit)
}

func (o *Occlusion) passes() int { return 0 }

func (o *Occlusion) baselines() []Baseline { return []Baseline{o.Baseline} }

func (o *Occlusion) forwards(n *model.Net) int { return 1 + len(o.windows(n.Input)) }

func (o *Occlusion) stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	base, err := o.Baseline.one(e)
	if err != nil {
		return err
	}
	s := e.Worker.Model().Net().Input
	ws := o.windows(s)
	cover := make([]float64, s.Size()) // windows over each value
	for _, w := range ws {
		w.rows(s, func(lo, hi int) {
			for j := lo; j < hi; j++ {
				cover[j]++
			}
		})
	}
	return perturb(e, "occlusion", n, input, emit, func() trial {
		size := s.Size()
		t := &occlusionTrial{
			shape: s, windows: ws, cover: cover, baseline: base, base: make([]float32, size),
			of: make([]int32, size), lanes: make([]uint32, size), sum: make([]float64, size), m: make([]float32, size),
		}
		for j := range t.of {
			t.of[j], t.lanes[j] = int32(j), everyLane
		}
		return t
	})
}

// box is a window: channels [lo.C, hi.C), rows [lo.H, hi.H) and columns
// [lo.W, hi.W).
type box struct{ lo, hi model.Shape }

// windows lists the windows, channels first, then rows, then columns.
func (o *Occlusion) windows(s model.Shape) []box {
	size, step := o.grid(s)
	// Windows from 0 on by the step until one reaches the end.
	count := func(n, size, step int) int { return (n-size+step-1)/step + 1 }
	var ws []box
	for c := range count(s.C, size.C, step.C) {
		for r := range count(s.H, size.H, step.H) {
			for q := range count(s.W, size.W, step.W) {
				lo := model.Shape{C: c * step.C, H: r * step.H, W: q * step.W}
				hi := model.Shape{C: min(lo.C+size.C, s.C), H: min(lo.H+size.H, s.H), W: min(lo.W+size.W, s.W)}
				ws = append(ws, box{lo, hi})
			}
		}
	}
	return ws
}

// rows calls do for every stretch [lo, hi) of values in the window.
func (b box) rows(s model.Shape, do func(lo, hi int)) {
	for c := b.lo.C; c < b.hi.C; c++ {
		for r := b.lo.H; r < b.hi.H; r++ {
			at := (c*s.H + r) * s.W
			do(at+b.lo.W, at+b.hi.W)
		}
	}
}

type occlusionTrial struct {
	shape    model.Shape
	windows  []box
	cover    []float64
	baseline func(in *Input, dst []float32)
	base     []float32
	of       []int32  // every value for itself
	lanes    []uint32 // of each value, the lanes of the block that show it
	in       *Input
	fx       float64
	sum      []float64
	m        []float32
}

func (t *occlusionTrial) begin(in *Input) (int, error) {
	t.in = in
	t.baseline(in, t.base)
	clear(t.sum)
	return 1 + len(t.windows), nil
}

func (t *occlusionTrial) fill(k, n int, b *model.Block, lane int) {
	cover := func(i int, under uint32) {
		if k+i == 0 {
			return // the image as it is
		}
		t.windows[k+i-1].rows(t.shape, func(lo, hi int) {
			for j := lo; j < hi; j++ {
				t.lanes[j] ^= under
			}
		})
	}
	for i := range n {
		cover(i, 1<<(lane+i))
	}
	b.Select(lane, t.of, t.lanes, t.in.X, t.base)
	for i := range n {
		cover(i, 1<<(lane+i))
	}
}

func (t *occlusionTrial) fold(k int, v float64) {
	if k == 0 {
		t.fx = v
		return
	}
	drop := t.fx - v
	t.windows[k-1].rows(t.shape, func(lo, hi int) {
		for j := lo; j < hi; j++ {
			t.sum[j] += drop
		}
	})
}

func (t *occlusionTrial) end() Attribution {
	for j, n := range t.cover {
		t.m[j] = float32(t.sum[j] / n)
	}
	return Attribution{Map: t.m, FX: t.fx}
}
