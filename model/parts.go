package model

import (
	"fmt"
	"strings"
)

// Upto returns the layers up to and including the named one, as a network whose
// "logits" are that layer's activations in the order [C][H][W]. Layers that it
// does not depend on are left out.
func (n *Net) Upto(layer string) (*Net, error) {
	i, err := n.find(layer)
	if err != nil {
		return nil, err
	}
	reads := n.reads()
	need := make([]bool, i+2)
	need[i+1] = true
	part := &Net{Name: n.Name + " up to " + layer, Input: n.Input}
	for j := i; j >= 0; j-- {
		if !need[j+1] {
			continue
		}
		for _, r := range reads[j] {
			need[r] = true
		}
	}
	for j := range i + 1 {
		if !need[j+1] {
			continue
		}
		l := n.Layers[j]
		// The layer before may be gone.
		if r := reads[j][0]; l.Input == "" && n.nameOf(r) != part.lastName() {
			l.Input = n.nameOf(r)
		}
		part.Layers = append(part.Layers, l)
	}
	return part, nil
}

// lastName names what a layer appended next would read.
func (n *Net) lastName() string { return n.nameOf(len(n.Layers)) }

// After returns the layers behind the named one, as a network whose input is
// that layer's activation. It is an error if the network cannot be cut there
// because a later layer reads one before it, past the cut.
func (n *Net) After(layer string) (*Net, error) {
	i, err := n.find(layer)
	if err != nil {
		return nil, err
	}
	if i == len(n.Layers)-1 {
		return nil, fmt.Errorf("model: no layer comes after %s", layer)
	}
	part := &Net{Name: n.Name + " after " + layer, Input: n.Shapes()[i]}
	reads := n.reads()
	for j := i + 1; j < len(n.Layers); j++ {
		l := n.Layers[j]
		for _, r := range reads[j] {
			if r < i+1 {
				return nil, fmt.Errorf("model: the network cannot be cut at %s: %s reads %s past it; %s", layer, l.Name, n.nameOf(r), n.cuts())
			}
		}
		if l.Input == layer {
			l.Input = imageName
		}
		if l.From == layer {
			l.From = imageName
		}
		part.Layers = append(part.Layers, l)
	}
	return part, nil
}

// cuts names the layers that After accepts.
func (n *Net) cuts() string {
	reads := n.reads()
	var names []string
	for i, l := range n.Layers[:len(n.Layers)-1] {
		crossed := false
		for _, rs := range reads[i+1:] {
			for _, r := range rs {
				crossed = crossed || r < i+1
			}
		}
		if !crossed {
			names = append(names, l.Name)
		}
	}
	return "it can be at " + strings.Join(names, ", ")
}

func (n *Net) find(layer string) (int, error) {
	names := make([]string, len(n.Layers))
	for i, l := range n.Layers {
		if l.Name == layer {
			return i, nil
		}
		names[i] = l.Name
	}
	return 0, fmt.Errorf("model: network %s has no layer %q; it has %s", n.Name, layer, strings.Join(names, ", "))
}
