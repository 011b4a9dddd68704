package model

import "slices"

// Param is one weight tensor that a network needs.
type Param struct {
	Name string // "conv1.weight"
	// Layer is whose the tensor is, "conv1". The tensors of a batch norm right
	// behind a convolution are that convolution's: they act as one layer and are
	// randomised together.
	Layer string
	Shape []int // PyTorch's: conv [out,in,k,k], linear [out,in], others [out]
	FanIn int   // inputs that one output sums over; 1 for a batch norm
	// Start is the value Init gives to all of a batch norm's tensor: 1 or 0. For
	// other tensors it is not used.
	Start float32
	Norm  bool // of a batch norm
	// Statistic says that training keeps the tensor as a running mean or variance
	// of its batches rather than learning it.
	Statistic bool
}

// size is the number of values.
func (p Param) size() int {
	size := 1
	for _, d := range p.Shape {
		size *= d
	}
	return size
}

// Params lists the weight tensors in the order of the layers, weight before bias.
func (n *Net) Params() []Param {
	var ps []Param
	shapes := append([]Shape{n.Input}, n.Shapes()...)
	for i, r := range n.reads() {
		own := n.Layers[i].params(shapes[r[0]])
		if norm := n.Layers[i].Kind == "batch_norm2d"; norm && r[0] > 0 && n.Layers[r[0]-1].Kind == "conv2d" {
			for j := range own {
				own[j].Layer = n.Layers[r[0]-1].Name
			}
		}
		ps = append(ps, own...)
	}
	return ps
}

// Weighted lists the layers that have weights, input to output. A batch norm
// right behind a convolution counts with it.
func (n *Net) Weighted() []string {
	var names []string
	for _, p := range n.Params() {
		if !slices.Contains(names, p.Layer) {
			names = append(names, p.Layer)
		}
	}
	return names
}
