package attr

// blind is the stream of a control, which needs nothing of the model: every
// input's map is what draw writes.
func blind(e *Env, m streamer, n int, input func(i int, in *Input), draw func(in *Input, m []float32), emit func(i int, a Attribution)) error {
	in := Input{X: make([]float32, e.size())}
	out := make([]float32, e.size())
	for i := range n {
		if err := e.Ctx.Err(); err != nil {
			return named(m, err)
		}
		input(i, &in)
		draw(&in, out)
		emit(i, Attribution{Map: out})
	}
	return nil
}

// attributeBlind runs a control and adds FX.
func attributeBlind(e *Env, o streamer, in []Input, emit func(i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	fx, err := e.values(in)
	if err != nil {
		return named(o, err)
	}
	return o.stream(e, len(in), given(in), func(i int, a Attribution) {
		a.FX = fx[i]
		emit(i, a)
	})
}
