package attr

import (
	"errors"
	"fmt"

	"assay/model"
)

// stream runs a method on the layers behind a cut: its inputs are the layer's
// activations, its maps have the layer's shape. A layer method is nothing else.
//
// If the method compares with a baseline, from writes the image that the
// baseline's activation is made from, and over takes it from feed.baseline;
// else from is nil.
func (o AtLayer) stream(e *Env, from func(in *Input, dst []float32), over func(f *feed) streamer, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error {
	upto, err := o.uptoWorker(e)
	if err != nil {
		return err
	}
	behind := *e
	if behind.Worker, err = o.afterWorker(e); err != nil {
		return err
	}
	f := newFeed(e.Ctx, upto, n, input, from)
	behind.Ctx = f.ctx
	return f.close(over(f).stream(&behind, n,
		func(_ int, dst *Input) {
			in, act := f.take()
			dst.Index, dst.Target = in.Index, in.Target
			copy(dst.X, act)
		},
		func(i int, a Attribution) {
			if f.err == nil {
				emit(i, a)
			}
		}))
}

// check reports a layer that is not there or where the network cannot be cut,
// what is wrong with the baseline, and what over, without a baseline of its own,
// cannot do on the layers behind the cut.
func (o AtLayer) check(n *model.Net, b Baseline, over Method) error {
	after, err := o.after(n)
	if err != nil {
		after = n // for the other options
	}
	return errors.Join(err, b.check(n), over.Check(after))
}

// attribute explains inputs by a layer method and adds the target's value at the
// input and, where maps are meant to sum to the difference, at the baseline that
// from writes.
func (o AtLayer) attribute(e *Env, m streamer, summed bool, b Baseline, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	fx, err := e.values(in)
	if err != nil {
		return fmt.Errorf("attr: %s: %w", Name(m), err)
	}
	fb := make([]float64, len(in))
	if summed {
		from, err := b.one(e)
		if err != nil {
			return err
		}
		if fb, err = e.baselineValues(in, from); err != nil {
			return fmt.Errorf("attr: %s: baseline: %w", Name(m), err)
		}
	}
	return m.stream(e, len(in), given(in), func(i int, a Attribution) {
		if a.Summed { // it knows the difference to more digits
			fb[i] = fx[i] - (a.FX - a.FB)
		}
		a.FX, a.FB, a.Summed = fx[i], fb[i], summed
		emit(i, a)
	})
}

// named puts a method's name before an error of the method that it is made of.
func named(m Method, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("attr: %s: %w", Name(m), err)
}
