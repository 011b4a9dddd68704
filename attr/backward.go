package attr

import (
	"fmt"
	"strings"

	"assay/model"
)

// backward makes one pass for every input by a rule and emits the map that
// finish writes from the pass's gradient; finish may be nil for the gradient
// itself. It is the streamer of methods that need no more.
func backward(e *Env, name string, rule model.Rule, n int, input func(i int, in *Input), finish func(in *Input, grad, m []float32), emit func(i int, a Attribution)) error {
	r := newRing(1, e.size())
	m := make([]float32, e.size())
	err := e.Worker.Gradients(e.Ctx, rule, n,
		func(i int, p *model.Point) {
			in := r.at(i)
			input(i, in)
			copy(p.X, in.X)
			p.Target = in.Target
		},
		func(i int, res model.Result) {
			in := r.at(i)
			if finish == nil {
				copy(m, res.Grad)
			} else {
				finish(in, res.Grad, m)
			}
			emit(i, Attribution{Map: m, FX: in.Target.Of(res.Logits)})
		})
	if err != nil {
		return fmt.Errorf("attr: %s: %w", name, err)
	}
	return nil
}

// supports reports a network with layers that a backward rule is not defined
// for.
func supports(n *model.Net, name string, rule model.Rule) error {
	if err := n.Supports(rule); err != nil {
		return &Problem{Option: "method", Msg: "is " + name + ": " + strings.TrimPrefix(err.Error(), "model: ")}
	}
	return nil
}

// multiply writes a*b into dst, each product rounded once.
func multiply(a, b, dst []float32) {
	for j := range dst {
		dst[j] = a[j] * b[j]
	}
}
