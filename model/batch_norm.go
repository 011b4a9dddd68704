package model

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// affine returns the weight and bias of layer i, a convolution or linear layer.
// A batch norm that it takes over (the layer norm, -1 for none) is folded into
// both: with scale = weight/sqrt(running_var+eps) of the channel, w becomes
// w*scale and the bias (bias-running_mean)*scale + the norm's bias, in float64,
// rounded once. A missing bias is 0.
func (b *graph) affine(n *Net, i, norm int) (w, bias *gorgonia.Node) {
	l := n.Layers[i]
	w = b.weight(n, l.Name+".weight")
	if l.NoBias {
		bias = b.noBias(w)
	} else {
		bias = b.weight(n, l.Name+".bias")
	}
	if norm < 0 {
		return w, bias
	}
	name, eps := n.Layers[norm].Name, n.Layers[norm].eps()
	gamma, beta := b.weight(n, name+".weight"), b.weight(n, name+".bias")
	mean, variance := b.weight(n, name+".running_mean"), b.weight(n, name+".running_var")
	shape := w.Shape().Clone()
	size := shape.TotalSize() / shape[0]
	folded := b.apply(&op{
		name: fmt.Sprintf("fold batch norm %v eps %v", shape, eps), in: []int{len(shape), 1, 1}, shape: shape, wrt: make([]bool, 3), inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for c := range shape[0] {
				scale := normScale(in[1][c], in[2][c], eps)
				for i := c * size; i < (c+1)*size; i++ {
					out[i] = float32(float64(in[0][i]) * scale)
				}
			}
		},
	}, w, gamma, variance)
	bias = b.apply(&op{
		name: fmt.Sprintf("fold batch norm bias %d eps %v", shape[0], eps), in: []int{1, 1, 1, 1, 1}, shape: tensor.Shape{shape[0]}, wrt: make([]bool, 5), inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for c := range out {
				out[c] = float32(float64((float64(in[0][c])-float64(in[3][c]))*normScale(in[1][c], in[4][c], eps)) + float64(in[2][c]))
			}
		},
	}, bias, gamma, beta, mean, variance)
	return folded, bias
}

func normScale(gamma, variance float32, eps float64) float64 {
	return float64(gamma) / math.Sqrt(float64(variance)+eps)
}

// batchNorm adds a batch norm that no convolution takes over: y = scale*x +
// shift, one fused multiply-add, with scale and shift of the running statistics.
// It is affine, so every rule has its gradient. In training the statistics are
// the batch's (trainedNorm).
// With moves x is a change and goes without the shift.
func (b *graph) batchNorm(n *Net, l Layer, s Shape, x *gorgonia.Node, train, moves bool) *gorgonia.Node {
	gamma, beta := b.weight(n, l.Name+".weight"), b.weight(n, l.Name+".bias")
	if train {
		return b.trainedNorm(l, s, x, gamma, beta)
	}
	mean, variance := b.weight(n, l.Name+".running_mean"), b.weight(n, l.Name+".running_var")
	eps := l.eps()
	scale := b.apply(&op{
		name: fmt.Sprintf("batch norm scale %d eps %v", s.C, eps), in: []int{1, 1}, shape: tensor.Shape{s.C}, wrt: []bool{false, false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for c := range out {
				out[c] = float32(normScale(in[0][c], in[1][c], eps))
			}
		},
	}, gamma, variance)
	shift := b.apply(&op{
		name: fmt.Sprintf("batch norm shift %d eps %v", s.C, eps), in: []int{1, 1, 1, 1}, shape: tensor.Shape{s.C}, wrt: make([]bool, 4), inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for c := range out {
				out[c] = float32(float64(in[1][c]) - float64(float64(in[2][c])*normScale(in[0][c], in[3][c], eps)))
			}
		},
	}, gamma, beta, mean, variance)
	if moves {
		shift = b.noBias(gamma)
	}
	row := s.H * s.W * b.lanes
	shape := tensor.Shape{s.C, s.H, s.W, b.lanes}
	off := []int32{0}
	return b.apply(&op{
		name: fmt.Sprintf("batch norm %v", shape), in: []int{4, 1, 1}, shape: shape, wrt: []bool{true, false, false}, inPlace: -1,
		run: func(k *kernel.Set, y []float32, in [][]float32, _ []float32) {
			for c := range s.C {
				k.Gemm(1, row, 1, &off[0], &in[0][c*row], &in[1][c], &in[2][c], &y[c*row], 0)
			}
		},
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			return []*gorgonia.Node{b.apply(&op{
				name: fmt.Sprintf("batch norm gradient %v", shape), in: []int{4, 1}, shape: shape, wrt: []bool{false, false}, inPlace: -1,
				run: func(k *kernel.Set, d []float32, in [][]float32, _ []float32) {
					for c := range s.C {
						k.Gemm(1, row, 1, &off[0], &in[0][c*row], &in[1][c], &noBias[0], &d[c*row], 0)
					}
				},
			}, grad, in[1]), nil, nil}
		},
	}, x, scale, shift)
}

// trainedNorm adds a batch norm by the statistics of the batch, which is the
// block: the valid lanes of every pixel of a channel. Sums are float64, four
// chains by lane modulo 4, pixels ascending, added ((0+2)+(1+3)); every
// value is rounded to float32 once. The statistics are among the graph's
// outputs, for the running ones.
func (b *graph) trainedNorm(l Layer, s Shape, x, gamma, beta *gorgonia.Node) *gorgonia.Node {
	valid := b.leaves["valid"]
	if valid == nil {
		valid = b.leaf("valid", b.lanes)
	}
	shape := tensor.Shape{s.C, s.H, s.W, b.lanes}
	row, eps := s.H*s.W*b.lanes, l.eps()
	stats := b.apply(&op{
		name: fmt.Sprintf("batch norm statistics %v", shape), in: []int{4, 1}, shape: tensor.Shape{2, s.C}, wrt: []bool{false, false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			n := float64(s.H*s.W) * count(in[1])
			for c := range s.C {
				x := in[0][c*row : (c+1)*row]
				mean := laneSum(x, in[1]) / n
				out[c] = float32(mean)
				out[s.C+c] = float32(laneProducts(x, mean, x, mean, in[1]) / n)
			}
		},
	}, x, valid)
	b.stats[l.Name] = stats
	return b.apply(&op{
		name: fmt.Sprintf("trained batch norm %v eps %v", shape, eps), in: []int{4, 1, 1, 2, 1}, shape: shape, wrt: []bool{true, true, true, false, false}, inPlace: -1,
		run: func(_ *kernel.Set, y []float32, in [][]float32, _ []float32) {
			for c := range s.C {
				mean, scale, shift := float64(in[3][c]), normScale(in[1][c], in[3][s.C+c], eps), float64(in[2][c])
				for i := c * row; i < (c+1)*row; i++ {
					y[i] = float32(float64((float64(in[0][i])-mean)*scale) + shift)
				}
			}
		},
		diff: func(in []*gorgonia.Node, _, grad *gorgonia.Node) []*gorgonia.Node {
			x, gamma, stats, valid := in[0], in[1], in[3], in[4]
			// By the bias, and by the weight: the gradient against the normalised input.
			sums := b.apply(&op{
				name: fmt.Sprintf("trained batch norm sums %v eps %v", shape, eps), in: []int{4, 2, 1, 4}, shape: tensor.Shape{2, s.C}, wrt: make([]bool, 4), inPlace: -1,
				run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
					for c := range s.C {
						mean, inv := float64(in[1][c]), normScale(1, in[1][s.C+c], eps)
						x, g := in[0][c*row:(c+1)*row], in[3][c*row:(c+1)*row]
						out[c] = float32(laneSum(g, in[2]))
						out[s.C+c] = float32(laneProducts(g, 0, x, mean, in[2]) * inv)
					}
				},
			}, x, stats, valid, grad)
			half := func(of string, from int) *gorgonia.Node {
				return b.apply(&op{
					name: fmt.Sprintf("batch norm %s gradient %d", of, s.C), in: []int{2}, shape: tensor.Shape{s.C}, wrt: []bool{false}, inPlace: -1,
					run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) { copy(out, in[0][from:]) },
				}, sums)
			}
			dx := b.apply(&op{
				name: fmt.Sprintf("trained batch norm gradient %v eps %v", shape, eps), in: []int{4, 1, 2, 2, 1, 4}, shape: shape, wrt: make([]bool, 6), inPlace: -1,
				run: func(_ *kernel.Set, d []float32, in [][]float32, _ []float32) {
					n := float64(s.H*s.W) * count(in[4])
					for c := range s.C {
						mean, inv, scale := float64(in[2][c]), normScale(1, in[2][s.C+c], eps), normScale(in[1][c], in[2][s.C+c], eps)
						bias, slope := float64(in[3][c])/n, float64(in[3][s.C+c])/n
						for i := c * row; i < (c+1)*row; i += b.lanes {
							for l, ok := range in[4] {
								hat := float64((float64(in[0][i+l]) - mean) * inv)
								v := (float64(in[5][i+l]) - bias - float64(hat*slope)) * scale
								d[i+l] = float32(v * float64(ok))
							}
						}
					}
				},
			}, x, gamma, stats, sums, valid, grad)
			return []*gorgonia.Node{dx, half("weight", s.C), half("bias", 0), nil, nil}
		},
	}, x, gamma, beta, stats, valid)
}

// count returns how many lanes are valid.
func count(valid []float32) float64 {
	n := 0.0
	for _, v := range valid {
		n += float64(v)
	}
	return n
}

// laneSum adds up the valid lanes of all pixels; lanes come in fours.
func laneSum(a, valid []float32) float64 {
	var s0, s1, s2, s3 float64
	lanes := len(valid)
	for ; len(a) > 0; a = a[lanes:] {
		for l := 0; l+4 <= lanes; l += 4 {
			v, x := valid[l:l+4], a[l:l+4]
			s0 += float64(v[0] * x[0]) // v is 0 or 1
			s1 += float64(v[1] * x[1])
			s2 += float64(v[2] * x[2])
			s3 += float64(v[3] * x[3])
		}
	}
	return (s0 + s2) + (s1 + s3)
}

// laneProducts is laneSum of (a-da)*(b-db).
func laneProducts(a []float32, da float64, b []float32, db float64, valid []float32) float64 {
	var s0, s1, s2, s3 float64
	lanes := len(valid)
	term := func(v, a, b float32) float64 { return float64(float64(v) * float64((float64(a)-da)*(float64(b)-db))) }
	for len(a) > 0 {
		for l := 0; l+4 <= lanes; l += 4 {
			v, x, y := valid[l:l+4], a[l:l+4], b[l:l+4]
			s0 += term(v[0], x[0], y[0])
			s1 += term(v[1], x[1], y[1])
			s2 += term(v[2], x[2], y[2])
			s3 += term(v[3], x[3], y[3])
		}
		a, b = a[lanes:], b[lanes:]
	}
	return (s0 + s2) + (s1 + s3)
}

// follow moves a batch norm's running statistics by those of a batch of n
// values a channel, [mean; variance], as PyTorch: what the batch weighs is the
// momentum, and the variance is unbiased.
func follow(mean, variance, stats []float32, n int, momentum float64) {
	c := len(mean)
	for i := range mean {
		v := float64(stats[c+i]) * float64(n) / float64(n-1)
		mean[i] = float32(float64(momentum*float64(stats[i])) + float64((1-momentum)*float64(mean[i])))
		variance[i] = float32(float64(momentum*v) + float64((1-momentum)*float64(variance[i])))
	}
}
