package model

import (
	"fmt"
	"unsafe"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"assay/model/internal/kernel"
)

// divisor is what the relevance of a layer's outputs is divided by, for one
// group of a rule:
//
//	z = factor * (nodes[0] + coefficients[1]*nodes[1] + ...)
//
// each step one fused multiply-add. All nodes have the outputs' shape, or hold
// more behind it.
type divisor struct {
	nodes        []*gorgonia.Node
	coefficients []float32 // of nodes; the first is 1
	factor       float64
	bias         *gorgonia.Node // that z holds, by channel; nil for none
	scale        float64        // of the relevance that the group hands on
	sign         int            // outputs the group is for: above 0, below 0, or (0) all
}

// only is the divisor that is a node itself.
func only(z, bias *gorgonia.Node) divisor {
	return divisor{nodes: []*gorgonia.Node{z}, coefficients: []float32{1}, factor: 1, bias: bias, scale: 1}
}

// with adds c times a node.
func (d divisor) with(c float32, z *gorgonia.Node) divisor {
	d.nodes = append(append([]*gorgonia.Node{}, d.nodes...), z)
	d.coefficients = append(append([]float32{}, d.coefficients...), c)
	return d
}

// chunk is the number of pixels of all lanes that handOut has in work: they stay
// in the first cache from the division to the last of the sums.
const chunk = 64

// handOut adds the division of relevance: for every group
//
//	s = scale*rel / (z + epsilon sign z)     0 where the divisor is 0 or the output has not the group's sign
//
// The result is the groups' s one behind the other, [groups*C][H][W] or, with
// rows, [groups*C][H][pitch], and behind them 3 values a lane for the account (see account): the sum of rel, of s times bias and
// of s times z over the groups. out is the layer's output and is read for signs
// only.
func (b *graph) handOut(rel, out *gorgonia.Node, groups []divisor, epsilon float64, rows *layout) *gorgonia.Node {
	L := b.lanes
	outputs := out.Shape() // [C, H, W, L] or [C, L]; rel may hold more
	C, H, W := outputs[0], 1, 1
	if len(outputs) == 4 {
		H, W = outputs[1], outputs[2]
	}
	n := outputs.TotalSize()
	to := layout{0, W}
	if rows != nil {
		to = *rows
	}
	plane := H * to.pitch * L
	shape := tensor.Shape{len(groups)*C + (3*L+plane-1)/plane, H, to.pitch, L}
	if len(outputs) == 2 {
		shape = tensor.Shape{shape[0], L}
	}
	total := shape.TotalSize()

	// Operands: rel, out, and for each group the nodes of z and the bias.
	all := []*gorgonia.Node{rel, out}
	dims := []int{rel.Dims(), out.Dims()}
	operand := func(x *gorgonia.Node) int {
		all, dims = append(all, x), append(dims, x.Dims())
		return len(all) - 1
	}
	name := fmt.Sprintf("lrp hand out %v in rows %v epsilon %v", outputs, to, epsilon)
	zs, biases := make([][]int, len(groups)), make([]int, len(groups))
	step := 4 // pixels that share a weight in the sum of a bias
	if H*W%4 != 0 {
		step = 1
	}
	for g, d := range groups {
		name += fmt.Sprintf(" [%v of %v times %v sign %d", d.scale, d.coefficients, d.factor, d.sign)
		for _, z := range d.nodes {
			zs[g] = append(zs[g], operand(z))
		}
		if d.bias != nil {
			biases[g] = operand(b.everyPixel(d.bias, H*W/step))
			name += " biased"
		}
		name += "]"
	}

	size := chunk * L // of a piece
	if to.pitch > W { // whole rows
		n := max(1, chunk/W)
		if W%4 > 0 {
			n = (n + 3) &^ 3 // biases have a weight for every four pixels
		}
		size = n * W * L
	}
	sum := newLaneSums(L, size/L)
	eps := make([]float32, len(groups))
	scale := make([]float32, len(groups))
	for g, d := range groups {
		eps[g], scale[g] = float32(epsilon/d.factor), float32(d.scale/d.factor)
	}
	// Scratch: sums by four pixels and lane, in float64; z; s; a product; what one sum makes.
	sums := 2 * 3 * 4 * L
	return b.apply(&op{
		name: name, in: dims, shape: shape, wrt: make([]bool, len(dims)), inPlace: -1, scratch: sums + 3*size + 4*L,
		run: func(k *kernel.Set, s []float32, in [][]float32, scratch []float32) {
			acc := doubles(scratch[:sums])
			clear(acc)
			zBuf, sBuf, product, part := scratch[sums:][:size], scratch[sums+size:][:size], scratch[sums+2*size:][:size], scratch[sums+3*size:]
			outs, ofRel, ofBias, ofZ := in[1], acc[:4*L], acc[4*L:8*L], acc[8*L:]
			for from := 0; from < n; from += size {
				m := min(size, n-from)
				r := in[0][from:][:m]
				sum.add(k, r, sum.ones, 1, part, ofRel)
				for g := range groups {
					z := in[zs[g][0]][from:][:m]
					for j, at := range zs[g][1:] {
						k.AddScaled(m, groups[g].coefficients[1+j], &in[at][from], &z[0], &zBuf[0])
						z = zBuf[:m]
					}
					y := sBuf
					if to.pitch == W {
						y = s[g*n+from:][:m]
					}
					k.Divide(m, &z[0], &r[0], &y[0], scale[g], eps[g])
					switch sign := groups[g].sign; {
					case sign > 0:
						k.ReLUGrad(m, &outs[from], &y[0], &y[0])
					case sign < 0:
						k.AddScaled(m, -2, &outs[from], &outs[from], &product[0]) // -y, exact
						k.ReLUGrad(m, &product[0], &y[0], &y[0])
					}
					if biases[g] > 0 {
						sum.weighted(k, y[:m], in[biases[g]][from/(step*L):], step, part, ofBias)
					}
					k.Mul(m, &y[0], &z[0], &product[0])
					sum.add(k, product[:m], sum.ones, groups[g].factor, part, ofZ)
					if to.pitch == W {
						continue
					}
					for x := 0; x < m; x += W * L {
						row := s[(g*C*H+(from+x)/(W*L))*to.pitch*L:][:to.pitch*L]
						clear(row[:to.border*L])
						copy(row[to.border*L:], y[x:][:W*L])
						clear(row[(to.border+W)*L:])
					}
				}
			}
			tail := s[total-3*L:]
			for j := range 3 {
				a := acc[4*L*j:]
				for l := range L {
					tail[j*L+l] = float32((a[l] + a[L+l]) + (a[2*L+l] + a[3*L+l]))
				}
			}
		},
	}, all...)
}

// doubles is the memory of x as float64; x lies on a cache line.
func doubles(x []float32) []float64 {
	return unsafe.Slice((*float64)(unsafe.Pointer(&x[0])), len(x)/2)
}

// rounded writes x as float32.
func rounded(x []float64, to []float32) {
	for i, v := range x {
		to[i] = float32(v)
	}
}

// everyPixel repeats a bias n times a channel.
func (b *graph) everyPixel(bias *gorgonia.Node, n int) *gorgonia.Node {
	if n == 1 {
		return bias
	}
	size := bias.Shape().TotalSize()
	return b.apply(&op{
		name: fmt.Sprintf("every pixel %d x %d", size, n), in: []int{1}, shape: tensor.Shape{size * n}, wrt: []bool{false}, inPlace: -1,
		run: func(_ *kernel.Set, out []float32, in [][]float32, _ []float32) {
			for c, v := range in[0] {
				for i := range n {
					out[c*n+i] = v
				}
			}
		},
	}, bias)
}

// laneSums adds up pieces of an activation lane by lane: within a piece every
// fourth pixel in a chain of float32 fused multiply-adds, the last pixels that
// make no four in one, and piece by piece in float64.
type laneSums struct {
	lanes     int
	four, one []int32 // offsets of every fourth and every pixel
	ones      []float32
}

// newLaneSums plans sums of pieces of at most n pixels.
func newLaneSums(lanes, n int) *laneSums {
	s := &laneSums{lanes: lanes, four: offsets(n/4, 4*lanes), one: offsets(n, lanes), ones: make([]float32, n)}
	for i := range s.ones {
		s.ones[i] = 1
	}
	return s
}

// add adds factor times the piece x to acc, 4 sums a lane. part is scratch of as
// many floats.
func (s *laneSums) add(k *kernel.Set, x, weights []float32, factor float64, part []float32, acc []float64) {
	row := 4 * s.lanes
	n := len(x) / row
	if n > 0 {
		k.Gemm(1, row, n, &s.four[0], &x[0], &weights[0], &noBias[0], &part[0], 0)
		k.Acc64(row, factor, &part[0], &acc[0])
	}
	if rest := (len(x) - n*row) / s.lanes; rest > 0 {
		s.single(k, x[n*row:], rest, s.ones, factor, part, acc)
	}
}

// weighted adds the piece x times weights, one for each step of pixels: 4, of
// which the piece is a multiple, or 1.
func (s *laneSums) weighted(k *kernel.Set, x, weights []float32, step int, part []float32, acc []float64) {
	if step == 4 {
		s.add(k, x, weights, 1, part, acc)
		return
	}
	s.single(k, x, len(x)/s.lanes, weights, 1, part, acc)
}

func (s *laneSums) single(k *kernel.Set, x []float32, n int, weights []float32, factor float64, part []float32, acc []float64) {
	k.Gemm(1, s.lanes, n, &s.one[0], &x[0], &weights[0], &noBias[0], &part[0], 0)
	k.Acc64(s.lanes, factor, &part[0], &acc[0])
}

// account adds the account of a layer, [4, lanes]: the relevance of its outputs,
// of its inputs, of its bias, and what the outputs handed on in all. handed are
// the results of handOut for the layer's groups, which together are for all of
// rel; the first one's sum of rel counts.
func (b *graph) account(layer int, inputs, handed []*gorgonia.Node) {
	var dims, sizes []int
	for _, x := range append(append([]*gorgonia.Node{}, inputs...), handed...) {
		dims, sizes = append(dims, x.Dims()), append(sizes, x.Shape().TotalSize())
	}
	L := b.lanes
	sum := newLaneSums(L, chunk)
	b.lrp.sharers = append(b.lrp.sharers, layer)
	b.lrp.shares = append(b.lrp.shares, b.apply(&op{
		name: fmt.Sprintf("lrp account of layer %d %v of %d", layer, sizes, len(inputs)), in: dims, shape: tensor.Shape{4, L}, wrt: make([]bool, len(dims)), inPlace: -1, scratch: 2*4*L + 4*L,
		run: func(k *kernel.Set, out []float32, in [][]float32, scratch []float32) {
			acc, part := doubles(scratch[:2*4*L]), scratch[2*4*L:]
			clear(acc)
			for _, x := range in[:len(inputs)] {
				for len(x) > 0 {
					n := min(len(x), chunk*L)
					sum.add(k, x[:n], sum.ones, 1, part, acc)
					x = x[n:]
				}
			}
			clear(out)
			for j, s := range in[len(inputs):] {
				tail := s[len(s)-3*L:]
				for l := range L {
					if j == 0 {
						out[l] = tail[l]
					}
					out[2*L+l] += tail[L+l]
					out[3*L+l] += tail[2*L+l]
				}
			}
			for l := range L {
				out[L+l] = float32((acc[l] + acc[L+l]) + (acc[2*L+l] + acc[3*L+l]))
			}
		},
	}, append(append([]*gorgonia.Node{}, inputs...), handed...)...))
}
