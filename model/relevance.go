package model

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
)

// LRP says how relevance is propagated through a network (Bach et al., "On
// Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise
// Relevance Propagation", PLOS ONE 2015). It starts as the target's logit (less
// the other logit of a contrast). Activations pass it on unchanged, a max-pool
// gives it to the first maximum, average pools and additions share it in
// proportion; layers with weights have rules.
type LRP struct {
	Rules []LRPRule // of every layer of the network; read for conv2d and linear alone
	// Norm is the stabiliser where a sum without weights shares relevance.
	Norm float64
	// Captum treats max-pools by the epsilon rule with Norm, as Captum does.
	Captum bool
	// Layer is the layer whose output the relevance is asked of; "" for the
	// input.
	Layer string
}

// key names the program of l: every value that it depends on.
func (l *LRP) key() string { return fmt.Sprintf("%+v", *l) }

// Relevance is what came of one point. Its slices are valid during the call
// only.
type Relevance struct {
	Map    []float32 // relevance of the input or of LRP.Layer's output, in the order [C][H][W]
	Logits []float32 // [classes]
	// Layers is the account of every layer behind LRP.Layer that shares relevance
	// out, input to output: conv2d and linear but for the rule pass, average pools,
	// additions.
	Layers []RelevanceShare
}

// RelevanceShare is the account of one layer: In + Bias + Stabiliser is Out up
// to rounding. Where nothing lies between two layers but activations and
// max-pools, In of the one is Out of the other.
type RelevanceShare struct {
	Layer      string
	Out        float64 // relevance of the layer's outputs
	In         float64 // relevance of its inputs
	Bias       float64 // what the rule gave to the bias
	Stabiliser float64 // and to the stabiliser, or to outputs that nothing flows into
}

// Relevance propagates n points by l. fill and fold are called as in Gradients. It
// stops where Gradients does, and folds no point of which a layer's account is not
// finite, nor any after it: that is an error too.
func (w *Worker) Relevance(ctx context.Context, l *LRP, n int, fill func(i int, p *Point), fold func(i int, r Relevance)) error {
	net := w.m.net
	if len(l.Rules) != len(net.Layers) {
		return fmt.Errorf("model: lrp: %d rules for the %d layers of %s", len(l.Rules), len(net.Layers), net.Name)
	}
	p, err := w.relevance(l)
	if err != nil {
		return err
	}
	rel := Relevance{Layers: make([]RelevanceShare, len(p.layers))}
	var lost error
	err = w.evaluate(ctx, p.pass, false, n, fill, func(i int, r Result) {
		if lost != nil {
			return
		}
		rel.Map, rel.Logits = r.Grad, r.Logits
		lane := i % Lanes // blocks begin at multiples of Lanes
		for j := range rel.Layers {
			x := p.out[2+j]
			at := func(row int) float64 { return float64(x[row*Lanes+lane]) }
			// Outputs run from the logits to the input.
			rel.Layers[len(rel.Layers)-1-j] = RelevanceShare{
				Layer: p.layers[j],
				Out:   at(0), In: at(1), Bias: at(2), Stabiliser: at(0) - at(3),
			}
			// Not finite if any of the four is not.
			if sum := at(0) + at(1) + at(2) + at(3); sum-sum != 0 {
				lost = fmt.Errorf("model: the relevance of %s is not finite for point %d: sums that nearly vanish divide it; a larger epsilon helps", p.layers[j], i)
				return
			}
		}
		fold(i, rel)
	})
	return cmp.Or(lost, err)
}

// relevancePass is a pass and the names of the layers that its third and
// further outputs are the accounts of.
type relevancePass struct {
	*pass
	layers []string
}

func (w *Worker) relevance(l *LRP) (*relevancePass, error) {
	key := l.key()
	if p := w.lrp[key]; p != nil {
		return p, nil
	}
	prog, err := w.m.relevanceProgram(l)
	if err != nil {
		return nil, err
	}
	size, classes := w.m.net.Input.Size(), w.m.net.Classes()
	p := &relevancePass{
		pass:   &pass{instance: prog.instance(), x: newRows(size, Lanes), logits: newRows(classes, Lanes), grad: newRows(prog.size, Lanes)},
		layers: prog.layers,
	}
	if w.lrp == nil {
		w.lrp = map[string]*relevancePass{}
	}
	w.lrp[key] = p
	return p, nil
}

// relevanceProgram is the compiled graph behind a relevancePass.
type relevanceProgram struct {
	*program
	layers []string
	size   int // of the relevance
}

func (m *Model) relevanceProgram(l *LRP) (*relevanceProgram, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := l.key()
	if p := m.lrp[key]; p != nil {
		return p, nil
	}
	g, outs, err := relevanceGraph(m.net, l)
	if err != nil {
		return nil, err
	}
	p := &relevanceProgram{program: m.compile(g, outs), size: outs[1].Shape().TotalSize() / Lanes}
	for _, i := range g.lrp.sharers {
		p.layers = append(p.layers, m.net.Layers[i].Name)
	}
	if m.lrp == nil {
		m.lrp = map[string]*relevanceProgram{}
	}
	m.lrp[key] = p
	return p, nil
}

// relevanceGraph computes [logits, relevance, account of a layer...].
func relevanceGraph(n *Net, l *LRP) (*graph, []*gorgonia.Node, error) {
	at := -1
	if l.Layer != "" {
		var err error
		if at, err = n.find(l.Layer); err != nil {
			return nil, nil, err
		}
	}
	b := newGraph(Lanes)
	b.lrp = &lrpGraph{
		layers: n.Layers, rules: l.Rules, norm: l.Norm, captum: l.Captum, at: at,
		nonNegative: map[*gorgonia.Node]bool{}, layer: map[*gorgonia.Node]int{}, folded: map[*gorgonia.Node]bool{},
	}
	in := n.Input
	acts := b.network(n, b.leaf("x", in.C, in.H, in.W, Lanes), nil, true, false, relevance)
	b.listReaders()
	logits := acts[len(acts)-1]
	rel := b.times(b.leaf("seed", n.Classes(), Lanes), logits)
	outs := []*gorgonia.Node{logits, rel}
	if at+1 < len(acts)-1 {
		outs[1] = b.differentiate(logits, rel, acts[at+1])[0]
	}
	// The way back goes through the layer itself too, which is no part of the
	// account: what its bias takes, it takes after the relevance asked for.
	for k := 0; k < len(b.lrp.sharers); {
		if b.lrp.sharers[k] > at {
			k++
			continue
		}
		b.lrp.sharers = slices.Delete(b.lrp.sharers, k, k+1)
		b.lrp.shares = slices.Delete(b.lrp.shares, k, k+1)
	}
	return b, append(outs, b.lrp.shares...), nil
}
