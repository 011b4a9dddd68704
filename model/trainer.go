package model

import (
	"fmt"

	"assay/model/internal/kernel"
)

// Trainer takes SGD steps on one network. It is not safe for concurrent use.
//
// A batch is done in blocks of four images whose gradients are added in order.
// A batch norm needs the statistics of the whole batch, so a network with one
// does it as one block, in memory that grows with the batch.
type Trainer struct {
	n      *Net
	level  kernel.Level
	blocks map[int]*block // by lanes
	*block
	params  []trained
	norms   []norm
	dropout []Layer
	spare   []float32 // one gradient that a run left out
	steps   int

	seed uint64 // of dropout's masks
	step int    // and the number of the next one
}

// trained is one parameter: weights, momentum and the sum of the blocks'
// gradients.
type trained struct {
	Param
	w, v, sum []float32
}

// norm is a batch norm's running statistics.
type norm struct {
	layer          string
	mean, variance []float32
	pixels         int     // of a channel
	momentum       float64 // see Layer.momentum
}

// NewTrainer starts from w with zero velocity; w is copied. Dropout draws from
// seed 0, step 0 (see SetDraws).
func NewTrainer(n *Net, w *Weights) (*Trainer, error) { return newTrainer(activeLevel(), n, w) }

func newTrainer(level kernel.Level, n *Net, w *Weights) (*Trainer, error) {
	if err := n.Resolve(); err != nil {
		return nil, err
	}
	w, err := w.Fit(n)
	if err != nil {
		return nil, err
	}
	t := &Trainer{n: n, level: level, blocks: map[int]*block{}}
	statistics := map[string][]float32{}
	for i, p := range n.Params() {
		data := aligned(len(w.Tensors[i].Data))[:len(w.Tensors[i].Data)]
		copy(data, w.Tensors[i].Data)
		if p.Statistic {
			statistics[p.Name] = data
			continue
		}
		x := trained{Param: p, w: data}
		x.v, x.sum = aligned(len(x.w))[:len(x.w)], aligned(len(x.w))[:len(x.w)]
		t.params = append(t.params, x)
	}
	for i, l := range n.Layers {
		switch l.Kind {
		case "batch_norm2d":
			s := n.Shapes()[i]
			t.norms = append(t.norms, norm{l.Name, statistics[l.Name+".running_mean"], statistics[l.Name+".running_var"], s.H * s.W, l.momentum()})
		case "dropout":
			t.dropout = append(t.dropout, l)
		}
	}
	t.use(trainingLanes)
	return t, nil
}

// use makes the block of so many lanes the current one. The first that is made
// holds the weights themselves, others a copy.
func (t *Trainer) use(lanes int) {
	if t.block = t.blocks[lanes]; t.block == nil {
		t.block = newBlock(t.n, t.level, lanes, len(t.params))
		t.blocks[lanes] = t.block
		if len(t.blocks) == 1 {
			for i, p := range t.params {
				own := t.weights[p.Name]
				copy(own, p.w)
				t.params[i].w = own
			}
		}
	}
	for _, p := range t.params {
		if own := t.weights[p.Name]; &own[0] != &p.w[0] {
			copy(own, p.w)
		}
	}
}

// Step takes one step of SGD on the mean cross-entropy of the batch and
// returns that loss, computed before the step. x[i] is a normalised image
// [C*H*W]; labels are below Classes. A loss or an activation that is not finite is
// an error at once, a weight within 32 steps (see Finite); the weights are then useless.
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
	if len(t.norms) > 0 {
		for _, b := range t.norms {
			if b.pixels*len(x) < 2 {
				return 0, fmt.Errorf("model: a step on one image: the batch norm %s has one value a channel, want at least 2 for a variance", b.layer)
			}
		}
		lanes := (len(x) + trainingLanes - 1) / trainingLanes * trainingLanes
		if most := 1 << 31 / t.n.room(); t.blocks[lanes] == nil && float64(lanes) > most {
			return 0, fmt.Errorf("model: a step on %d images: the network's batch norms take them side by side, at most %.0f of this size", len(x), most)
		}
		t.use(lanes)
	}
	t.prepare()
	var lost string
	for i := 0; i < len(x); i += t.lanes {
		last := min(i+t.lanes, len(x))
		t.load(x[i:last], labels[i:last], 1/float32(len(x)), i)
		t.run()
		for l := range last - i {
			if layer := t.lost[l]; layer != "" && lost == "" {
				lost = layer
			}
			loss += float64(t.out[0][l])
		}
		if len(x) > t.lanes {
			t.gather(i == 0)
		}
	}
	for i, b := range t.norms {
		follow(b.mean, b.variance, t.batch[i], b.pixels*len(x), b.momentum)
	}
	t.step++
	loss /= float64(len(x))
	if loss-loss != 0 {
		return loss, fmt.Errorf("model: the loss is %v", loss)
	}
	if lost != "" {
		return loss, fmt.Errorf("model: values of %s are not finite: the training diverges", lost)
	}
	for i := range t.params {
		p, d := &t.params[i], &t.gradients[i]
		switch {
		case len(x) > t.lanes:
			sgd(t.k, p.w, p.v, p.sum, o)
		case d.op != nil:
			d.op.sgd(t.k, p.w, p.v, d.in, t.scratch, o)
		default:
			sgd(t.k, p.w, p.v, d.data, o)
		}
	}
	// Weights that overflow show in the next loss, or here soon after.
	if t.steps++; t.steps%checkEvery == 0 {
		return loss, t.Finite()
	}
	return loss, nil
}

// load puts a block's images, labels and masks into the leaves; from is the
// place of the first image in the batch.
func (t *Trainer) load(x [][]float32, labels []int, weight float32, from int) {
	seed, onehot, L := t.leaf["seed"], t.leaf["labels"], t.lanes
	clear(seed)
	clear(onehot)
	if valid := t.leaf["valid"]; valid != nil {
		clear(valid)
		for l := range x {
			valid[l] = 1
		}
	}
	for l := range x {
		copy(t.rows.row(l), x[l])
		seed[l] = weight
		onehot[labels[l]*L+l] = 1
		for _, d := range t.dropout {
			drawMask(t.leaf[maskLeaf(d.Name)], L, l, d.P, t.seed, d.Name, t.step, from+l)
		}
	}
	size := t.n.Input.Size()
	if L == 4 {
		lanes4(t.k, size, t.rows.buf, t.rows.ld, t.leaf["x"])
		return
	}
	t.k.Transpose(L, size, &t.rows.buf[0], t.rows.ld, &t.leaf["x"][0], L)
}

// SetDraws names the streams of dropout's masks: a mask depends on the seed, the
// layer, the step and the image's place in the batch. Every step counts on by
// one, so a training that is continued sets the number of steps done.
func (t *Trainer) SetDraws(seed uint64, step int) { t.seed, t.step = seed, step }

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
			if g := t.value(i, p.sum); &g[0] != &p.sum[0] {
				copy(p.sum, g)
			}
			continue
		}
		if len(t.spare) < len(p.w) {
			t.spare = aligned(len(p.w))
		}
		g := t.value(i, t.spare[:len(p.w)])
		whole := len(g) &^ 3
		if whole > 0 {
			t.k.Add(whole, &p.sum[0], &g[0], &p.sum[0])
		}
		for j := whole; j < len(g); j++ {
			p.sum[j] += g[j]
		}
	}
}

// Weights returns a copy of the current weights and running statistics.
func (t *Trainer) Weights() *Weights {
	now := map[string][]float32{}
	for _, p := range t.params {
		now[p.Name] = p.w
	}
	for _, b := range t.norms {
		now[b.layer+".running_mean"], now[b.layer+".running_var"] = b.mean, b.variance
	}
	w := &Weights{}
	for _, p := range t.n.Params() {
		w.Tensors = append(w.Tensors, Tensor{p.Name, p.Shape, append([]float32(nil), now[p.Name]...)})
	}
	return w
}

// Velocity returns a copy of the momentum buffers, for a checkpoint.
func (t *Trainer) Velocity() *Weights {
	w := &Weights{}
	for _, p := range t.params {
		w.Tensors = append(w.Tensors, Tensor{p.Name, p.Shape, append([]float32(nil), p.v...)})
	}
	return w
}

// SetVelocity restores what Velocity returned.
func (t *Trainer) SetVelocity(v *Weights) error {
	var ps []Param
	for _, p := range t.params {
		ps = append(ps, p.Param)
	}
	v, err := v.fit(t.n, ps)
	if err != nil {
		return err
	}
	for i, p := range t.params {
		copy(p.v, v.Tensors[i].Data)
	}
	return nil
}
