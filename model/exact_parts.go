package model

// newPaths cuts a network into the stages and links of the integral.
func newPaths(m *Model) *paths {
	n := m.net
	p := &paths{size: n.Input.Size(), inner: n.Input.Size(), target: make([]float32, n.Classes())}
	at := 0                              // the activation that the next stage takes
	starts, firsts := []int{0}, []int{0} // of the links: activation and stage
	var sizes []int                      // of the states, by stage
	behind := 0                          // the activation behind the last kink
	for i := 0; i < len(n.Layers); {
		k, layers := n.kinkOf(i)
		if k == nil {
			i++
			continue
		}
		z := n.reads()[i][0]
		s := &stage{layer: n.Layers[i].Name, at: len(p.stages), kink: k, end: p.end}
		if z == at {
			s.x = newRows(n.shapeOf(at).Size(), Lanes)
			s.z = s.x
		} else {
			s.pass = m.between(at, z).Worker().pass(forward)
			s.x, s.z = s.pass.x, s.pass.logits
		}
		s.out = s.x
		if n.cutAt(z) {
			s.out, at = s.z, z
			if len(p.stages) == 0 {
				starts[0] = z
			} else if z >= behind { // else an earlier kink lies behind z, beside this one
				starts, firsts = append(starts, z), append(firsts, len(p.stages))
			}
		}
		s.prevZ, s.prevOut = make([]float32, s.z.n), make([]float32, s.out.n)
		size := n.Shapes()[i+layers-1].Size()
		s.now, sizes = make([]uint16, size), append(sizes, size)
		if len(p.stages) > 0 {
			p.stages[len(p.stages)-1].next = s
		}
		p.stages = append(p.stages, s)
		i += layers
		behind = i
	}
	var before *link
	for i, from := range starts {
		to, kinks := len(n.Layers), sizes[min(firsts[i], len(sizes)):]
		if i+1 < len(starts) {
			to, kinks = starts[i+1], sizes[firsts[i]:firsts[i+1]]
		}
		before = newLink(p, m.between(from, to), i, firsts[i], kinks, before)
		p.links = append(p.links, before)
	}
	if starts[0] > 0 {
		p.inner = n.shapeOf(starts[0]).Size()
		p.back = m.between(0, starts[0]).Worker().pass(Gradient)
		p.seed = newRows(p.inner, Lanes)
	}
	p.mean = newRows(p.size, Lanes)
	return p
}

// between returns the model from one activation, where the network can be cut,
// to a later one, both as Net.reads counts them.
func (m *Model) between(from, to int) *Model {
	part, end := m, m.net.nameOf(to)
	var err error
	if from > 0 {
		part, err = m.After(m.net.nameOf(from))
	}
	if err == nil && to < len(m.net.Layers) {
		part, err = part.Upto(end)
	}
	if err != nil {
		panic(err) // cutAt has said that it can be cut
	}
	return part
}
