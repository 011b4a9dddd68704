package attr

import (
	"context"

	"assay/model"
)

// feed computes a layer's activations for a stream of images, and on demand
// those of their baselines, a block of model.Lanes at a time: whoever takes them
// one by one has full lanes.
type feed struct {
	ctx  context.Context // ends with the first error of the feed
	stop context.CancelFunc
	upto *model.Worker
	n    int
	size int       // of an activation
	in   []Input   // [Lanes] images of the block
	act  []float32 // [Lanes][size] and their activations
	base []float32 // [Lanes][size] those of their baselines, nil if nobody asks
	next int       // image that take returns next
	have int       // images computed
	err  error

	fill, fillBase func(j int, x []float32)
	fold, foldBase func(j int, act []float32)
}

// newFeed makes a feed of n images, which input fills in as a streamer's does.
// from writes the baseline image of an input, nil if baselines are not needed.
// The feed must be closed.
func newFeed(ctx context.Context, upto *model.Worker, n int, input func(i int, in *Input), from func(in *Input, dst []float32)) *feed {
	net := upto.Model().Net()
	f := &feed{upto: upto, n: n, size: net.Classes(), in: make([]Input, model.Lanes)}
	f.ctx, f.stop = context.WithCancel(ctx)
	for j := range f.in {
		f.in[j].X = make([]float32, net.Input.Size())
	}
	f.act = make([]float32, model.Lanes*f.size)
	f.fill = func(j int, x []float32) {
		input(f.next+j, &f.in[j])
		copy(x, f.in[j].X)
	}
	f.fold = func(j int, act []float32) { copy(f.act[j*f.size:], act) }
	if from != nil {
		f.base = make([]float32, model.Lanes*f.size)
		f.fillBase = func(j int, x []float32) { from(&f.in[j], x) }
		f.foldBase = func(j int, act []float32) { copy(f.base[j*f.size:], act) }
	}
	return f
}

// take returns the next image and its activation, lent until the next call.
// After an error, which close reports, the activation is 0.
func (f *feed) take() (*Input, []float32) {
	j := f.next % model.Lanes
	if f.next == f.have {
		count := min(model.Lanes, f.n-f.next)
		f.have += count
		if f.err == nil {
			f.err = f.upto.Logits(f.ctx, count, f.fill, f.fold)
		}
		if f.err == nil && f.base != nil {
			f.err = f.upto.Logits(f.ctx, count, f.fillBase, f.foldBase)
		}
		if f.err != nil {
			f.stop() // so that whoever takes stops at the next block
			clear(f.act)
			clear(f.base)
			for j := range f.in {
				f.in[j].Target = model.Target{Minus: -1}
			}
		}
	}
	f.next++
	return &f.in[j], f.act[j*f.size : (j+1)*f.size]
}

// baseline copies the activation of the baseline of the image taken last. It
// has the form of a method's own baseline.
func (f *feed) baseline(_ *Input, dst []float32) {
	j := (f.next - 1) % model.Lanes
	copy(dst, f.base[j*f.size:])
}

// close ends the feed. It returns its error, or else that of the reader.
func (f *feed) close(reader error) error {
	f.stop()
	if f.err != nil {
		return f.err
	}
	return reader
}
