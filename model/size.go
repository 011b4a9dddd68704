package model

import "fmt"

// Offsets into an activation and into a weight are 32 bits wide: what lies side by
// side, and what rules put one behind the other, has to stay below 2^31 floats.
const (
	// maxActivation is how many values an activation of one point may have, with
	// borders: of Lanes points, and what is above 0 apart from what is below.
	maxActivation = 1 << 31 / (2 * Lanes)
	// maxWeight is how many a weight may have: rules take up to four variants.
	maxWeight = 1 << 31 / 4
)

// room is the number of values of one point that the largest layout of the
// layer's input or output has; in float64, which has no overflow. A convolution's
// may be in rows with borders, and its input in planes by the remainders of the
// stride.
func (l Layer) room(s Shape) float64 {
	o := l.output(s)
	border := 0
	if l.Kind == "conv2d" {
		border = 2*max(l.Padding, l.Kernel-1-l.Padding) + l.Stride
	}
	of := func(s Shape) float64 { return float64(s.C) * float64(s.H+border) * float64(s.W+border) }
	return max(of(s), of(o))
}

// weights is the number of values of the layer's largest tensor.
func (l Layer) weights(s Shape) float64 {
	most := 0.0
	for _, p := range l.params(s) {
		size := 1.0
		for _, d := range p.Shape {
			size *= float64(d)
		}
		most = max(most, size)
	}
	return most
}

// oversize reports why a layer that reads s is too large for the engine, "" if it
// is not.
func (l Layer) oversize(s Shape) string {
	if n := l.room(s); n > maxActivation {
		return fmt.Sprintf("%v to %v takes an activation of %.0f values, borders included, at most %d are possible", s, l.output(s), n, maxActivation)
	}
	if n := l.weights(s); n > maxWeight {
		return fmt.Sprintf("%v to %v takes a weight of %.0f values, at most %d are possible", s, l.output(s), n, maxWeight)
	}
	return ""
}

// room is the largest of the layers'.
func (n *Net) room() float64 {
	shapes := append([]Shape{n.Input}, n.Shapes()...)
	most := 0.0
	for i, r := range n.reads() {
		most = max(most, n.Layers[i].room(shapes[r[0]]))
	}
	return most
}
