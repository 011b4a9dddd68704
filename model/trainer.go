package model

import (
	"fmt"

	"assay/model/internal/kernel"
)

// Trainer takes SGD steps on one network. It is not safe for concurrent use.
type Trainer struct {
	n *Net
	*instance
	params []trained
	rows   rows // the images of a block, one a lane
	steps  int
}

// trained is one parameter: weights, momentum, gradient of the last block and,
// for batches of several blocks, their sum.
type trained struct {
	Param
	w, v, g, sum []float32
}

// NewTrainer starts from w with zero velocity; w is copied.
func NewTrainer(n *Net, w *Weights) (*Trainer, error) { return newTrainer(activeLevel(), n, w) }

func newTrainer(level kernel.Level, n *Net, w *Weights) (*Trainer, error) {
	if err := n.Resolve(); err != nil {
		return nil, err
	}
	w, err := w.Fit(n)
	if err != nil {
		return nil, err
	}
	g, outs := trainingGraph(n)
	t := &Trainer{n: n, instance: g.compile(level, outs).instance()}
	t.rows = newRows(n.Input.Size(), trainingLanes)
	for i, p := range n.Params() {
		x := trained{Param: p, w: t.weights[p.Name], g: t.out[1+i]}
		x.v, x.sum = aligned(len(x.w))[:len(x.w)], aligned(len(x.w))[:len(x.w)]
		copy(x.w, w.Tensors[i].Data)
		t.params = append(t.params, x)
	}
	return t, nil
}

// SGD holds the settings of one step, in PyTorch's convention:
// g += WeightDecay*w; v = Momentum*v + g; w -= LR*v, each a fused multiply-add.
type SGD struct{ LR, Momentum, WeightDecay float32 }

// Step takes one step of SGD on the mean cross-entropy of the batch and
// returns that loss, computed before the step. x[i] is a normalised image
// [C*H*W]; labels are below Classes. A loss that is not finite is an error at
// once, a weight within 32 steps (see Finite); the weights are then useless.
func (t *Trainer) Step(x [][]float32, labels []int, o SGD) (loss float64, err error) {
	if len(x) == 0 || len(x) != len(labels) {
		return 0, fmt.Errorf("model: a step on %d images with %d labels", len(x), len(labels))
	}
	size, classes := t.n.Input.Size(), t.n.Classes()
	for i, row := range x {
		if len(row) != size {
			return 0, fmt.Errorf("model: image %d of the batch has %d values, the network takes %d", i, len(row), size)
		}
		if labels[i] < 0 || labels[i] >= classes {
			return 0, fmt.Errorf("model: label %d of the batch is %d, the network has %d classes", i, labels[i], classes)
		}
	}
	t.prepare()
	seed, onehot := t.leaf["seed"], t.leaf["labels"]
	for i := 0; i < len(x); i += trainingLanes {
		clear(seed)
		clear(onehot)
		for l := range min(trainingLanes, len(x)-i) {
			copy(t.rows.row(l), x[i+l])
			seed[l] = 1 / float32(len(x))
			onehot[labels[i+l]*trainingLanes+l] = 1
		}
		lanes4(t.k, size, t.rows.buf, t.rows.ld, t.leaf["x"])
		t.run()
		for l := range min(trainingLanes, len(x)-i) {
			loss += float64(t.out[0][l])
		}
		if len(x) > trainingLanes {
			t.gather(i == 0)
		}
	}
	loss /= float64(len(x))
	if loss-loss != 0 {
		return loss, fmt.Errorf("model: the loss is %v", loss)
	}
	for i := range t.params {
		p := &t.params[i]
		g := p.g
		if len(x) > trainingLanes {
			g = p.sum
		}
		sgd(t.k, p.w, p.v, g, o)
	}
	// Weights that overflow show in the next loss, or here soon after.
	if t.steps++; t.steps%checkEvery == 0 {
		return loss, t.Finite()
	}
	return loss, nil
}

// checkEvery is the number of steps between two looks at every weight, which
// take as long as a twentieth of a step.
const checkEvery = 32

// Finite returns an error that names the first weight that is not finite.
func (t *Trainer) Finite() error {
	for _, p := range t.params {
		if j := firstNotFinite(t.k, p.w); j >= 0 {
			return fmt.Errorf("model: %s[%d] became %v", p.Name, j, p.w[j])
		}
	}
	return nil
}

// gather adds the block's gradients to the batch's, block after block.
func (t *Trainer) gather(first bool) {
	for i := range t.params {
		p := &t.params[i]
		if first {
			copy(p.sum, p.g)
			continue
		}
		whole := len(p.g) &^ 3
		if whole > 0 {
			t.k.Add(whole, &p.sum[0], &p.g[0], &p.sum[0])
		}
		for j := whole; j < len(p.g); j++ {
			p.sum[j] += p.g[j]
		}
	}
}

func sgd(k *kernel.Set, w, v, g []float32, o SGD) {
	whole := len(w) &^ 3
	if whole > 0 {
		k.SGD(whole, &w[0], &v[0], &g[0], o.LR, o.Momentum, o.WeightDecay)
	}
	for j := whole; j < len(w); j++ {
		v[j] = kernel.FMA(o.Momentum, v[j], kernel.FMA(o.WeightDecay, w[j], g[j]))
		w[j] = kernel.FMA(-o.LR, v[j], w[j])
	}
}

// Weights returns a copy of the current weights.
func (t *Trainer) Weights() *Weights { return t.copyOut(func(p trained) []float32 { return p.w }) }

// Velocity returns a copy of the momentum buffers, for a checkpoint.
func (t *Trainer) Velocity() *Weights { return t.copyOut(func(p trained) []float32 { return p.v }) }

func (t *Trainer) copyOut(of func(trained) []float32) *Weights {
	w := &Weights{}
	for _, p := range t.params {
		w.Tensors = append(w.Tensors, Tensor{p.Name, p.Shape, append([]float32(nil), of(p)...)})
	}
	return w
}

// SetVelocity restores what Velocity returned.
func (t *Trainer) SetVelocity(v *Weights) error {
	v, err := v.Fit(t.n)
	if err != nil {
		return err
	}
	for i, p := range t.params {
		copy(p.v, v.Tensors[i].Data)
	}
	return nil
}
