package attr

import (
	"fmt"

	"assay/model"
)

// streamer is a method in the form that noise_tunnel composes: n inputs that
// are made when they are needed and forgotten when their map is out.
type streamer interface {
	Method
	// stream calls input for 0, 1, ..., n-1 to fill in Index, Target and X (a
	// buffer of [C*H*W] that the streamer lends until the next call), and emit
	// for each in the same order, some inputs behind. Memory does not depend on
	// n. FX and FB are set where they cost no pass of their own.
	stream(e *Env, n int, input func(i int, in *Input), emit func(i int, a Attribution)) error
	// passes counts forward+backward passes per input.
	passes() int
}

// given returns the input function of a slice.
func given(in []Input) func(i int, dst *Input) {
	return func(i int, dst *Input) {
		dst.Index, dst.Target = in[i].Index, in[i].Target
		copy(dst.X, in[i].X)
	}
}

// size returns the number of values of an image.
func (e *Env) size() int { return e.Worker.Model().Net().Input.Size() }

// check refuses inputs that do not fit the model.
func (e *Env) check(in []Input) error {
	n := e.Worker.Model().Net()
	for i := range in {
		if got, want := len(in[i].X), n.Input.Size(); got != want {
			return fmt.Errorf("attr: image %d has %d values, want %d (%v)", in[i].Index, got, want, n.Input)
		}
		for j, v := range in[i].X {
			if v-v != 0 { // a ReLU would turn NaN into 0 and nobody would know
				return fmt.Errorf("attr: image %d: value %d is %v, want finite numbers", in[i].Index, j, v)
			}
		}
		t, c := in[i].Target, n.Classes()
		if t.Class < 0 || t.Class >= c || t.Minus >= c {
			return fmt.Errorf("attr: image %d: target class %d minus %d, want classes 0 to %d", in[i].Index, t.Class, t.Minus, c-1)
		}
	}
	return nil
}

// values returns the target's value at every input: one forward pass each.
func (e *Env) values(in []Input) ([]float64, error) {
	fx := make([]float64, len(in))
	err := e.Worker.Logits(e.Ctx, len(in),
		func(i int, x []float32) { copy(x, in[i].X) },
		func(i int, logits []float32) { fx[i] = in[i].Target.Of(logits) })
	return fx, err
}

// ring holds the inputs between the fill of their first point and the fold of
// their last. The engine asks for up to model.Lanes points ahead of the fold.
type ring []Input

// newRing makes a ring for inputs of the given number of points and of size
// values.
func newRing(points, size int) ring {
	r := make(ring, model.Lanes/points+2)
	for i := range r {
		r[i].X = make([]float32, size)
	}
	return r
}

// at returns the slot of input i.
func (r ring) at(i int) *Input { return &r[i%len(r)] }
