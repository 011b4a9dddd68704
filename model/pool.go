package model

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// pool holds the geometry of a max-pool.
type pool struct {
	in, out Shape
	lanes   int
	step    int // input pixels between outputs
	off     []int32
	// floor is what an output is at least: -Inf, or 0 where a relu before the
	// pool is folded into it: max(relu(x)) = max(0, max(x)), and the gradient of
	// either goes to the first maximum if that is above 0, else nowhere.
	floor float32
	id    string
}

func newPool(l Layer, s Shape, lanes int, relu bool) *pool {
	p := &pool{in: s, out: pooled(l, s), lanes: lanes, step: l.Stride, floor: float32(math.Inf(-1))}
	if relu {
		p.floor = 0
	}
	for ty := range l.Kernel {
		for tx := range l.Kernel {
			p.off = append(p.off, int32((ty*s.W+tx)*lanes))
		}
	}
	p.id = fmt.Sprintf("max_pool2d %v k%d s%d floor %v x%d", s, l.Kernel, l.Stride, p.floor, lanes)
	return p
}

// rows calls f with the offsets of every output row and of its input.
func (p *pool) rows(f func(in, out int)) {
	for c := range p.out.C {
		for y := range p.out.H {
			f((c*p.in.H+y*p.step)*p.in.W*p.lanes, (c*p.out.H+y)*p.out.W*p.lanes)
		}
	}
}

// tiled reports whether windows of 2x2 cover the input, each pixel once.
func (p *pool) tiled() bool {
	return len(p.off) == 4 && p.step == 2 && p.in.H == 2*p.out.H && p.in.W == 2*p.out.W && (p.lanes == 4 || p.lanes == 16)
}

// calls calls f with the offsets of all that one call of the pooling kernels can
// do, a row, and its number of outputs and lanes. The kernels take 4 or 16 lanes;
// of more they get a pixel at a time.
func (p *pool) calls(f func(in, out, n, lanes int)) {
	L, n, lanes := p.lanes, p.out.W, p.lanes
	if L != 4 && L != 16 {
		n, lanes = 1, 4
		if L%16 == 0 {
			lanes = 16
		}
	}
	for c := range p.out.C {
		for y := range p.out.H {
			in, out := (c*p.in.H+y*p.step)*p.in.W*L, (c*p.out.H+y)*p.out.W*L
			for x := 0; x < p.out.W; x += n {
				for l := 0; l < L; l += lanes {
					f(in+x*p.step*L+l, out+x*L+l, n, lanes)
				}
			}
		}
	}
}

func (p *pool) tensor(s Shape) tensor.Shape { return tensor.Shape{s.C, s.H, s.W, p.lanes} }

// maxPool adds a max-pool. What comes back goes to the first maximum.
func (b *graph) maxPool(l Layer, s Shape, x *gorgonia.Node, relu bool) *gorgonia.Node {
	p := newPool(l, s, b.lanes, relu)
	return b.apply(&op{
		name: p.id, in: []int{4}, shape: p.tensor(p.out), wrt: []bool{true}, inPlace: -1,
		run: func(k *kernel.Set, y []float32, in [][]float32, _ []float32) {
			p.calls(func(i, o, n, lanes int) {
				k.MaxPool(n, lanes, len(p.off), &p.off[0], &in[0][i], p.step*p.lanes, p.floor, &y[o])
			})
		},
		diff: func(in []*gorgonia.Node, out, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: p.id + " gradient", in: []int{4, 4, 4}, shape: p.tensor(p.in), wrt: make([]bool, 3), inPlace: -1,
				run: func(k *kernel.Set, d []float32, in [][]float32, _ []float32) {
					if p.tiled() {
						p.rows(func(i, o int) {
							k.MaxPoolGrad2x2(p.out.W, p.lanes, &in[0][i], p.in.W*p.lanes, p.floor, &in[1][o], &in[2][o], &d[i])
						})
						return
					}
					clear(d)
					p.calls(func(i, o, n, lanes int) {
						k.MaxPoolGrad(n, lanes, len(p.off), &p.off[0], &in[0][i], p.step*p.lanes, p.floor, &in[1][o], &in[2][o], &p.off[0], &d[i], p.step*p.lanes)
					})
				},
			}, in[0], out, grad)}
		},
	}, x)
}
