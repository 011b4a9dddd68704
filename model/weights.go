package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"assay/model/rng"
)

// Tensor is a named float32 array in row-major order.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Weights holds the tensors of a network in the order of Net.Params, or of the
// file they were read from.
type Weights struct {
	Tensors []Tensor
}

// Get returns the named tensor's data, nil if there is none.
func (w *Weights) Get(name string) []float32 {
	for _, t := range w.Tensors {
		if t.Name == name {
			return t.Data
		}
	}
	return nil
}

// Clone returns a deep copy.
func (w *Weights) Clone() *Weights {
	c := &Weights{Tensors: slices.Clone(w.Tensors)}
	for i := range c.Tensors {
		c.Tensors[i].Data = slices.Clone(c.Tensors[i].Data)
	}
	return c
}

// Hash returns the SHA-256 of names, shapes and values in hexadecimal. It does
// not depend on the file format the weights were stored in.
func (w *Weights) Hash() string {
	h := sha256.New()
	var b []byte
	for _, t := range w.Tensors {
		b = b[:0]
		b = binary.LittleEndian.AppendUint64(b, uint64(len(t.Name)))
		b = append(b, t.Name...)
		b = binary.LittleEndian.AppendUint64(b, uint64(len(t.Shape)))
		for _, d := range t.Shape {
			b = binary.LittleEndian.AppendUint64(b, uint64(d))
		}
		for _, v := range t.Data {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Fit checks w against what n needs and returns it in the order of n.Params,
// under their names: where all of w's begin alike, "net.conv1.weight", as those of
// a network that is an attribute of another do, the beginning may be left out. The
// error lists every tensor that is missing, unexpected, of another shape or
// not finite, and running variances below 0.
func (w *Weights) Fit(n *Net) (*Weights, error) { return w.fit(n, n.Params()) }

func (w *Weights) fit(n *Net, params []Param) (*Weights, error) {
	out := &Weights{}
	var missing, shape, unexpected, bad []string
	place := make(map[string]int, len(w.Tensors))
	for i, t := range slices.Backward(w.Tensors) {
		place[t.Name] = i // the first of that name
	}
	prefix := w.prefix(params, place)
	want := map[string]bool{}
	for _, p := range params {
		want[prefix+p.Name] = true
		i, has := place[prefix+p.Name]
		if !has {
			missing = append(missing, fmt.Sprintf("%s %v", p.Name, p.Shape))
			continue
		}
		t := w.Tensors[i]
		if !slices.Equal(t.Shape, p.Shape) {
			shape = append(shape, fmt.Sprintf("%s is %v, want %v", p.Name, t.Shape, p.Shape))
			continue
		}
		if size := p.size(); len(t.Data) != size {
			shape = append(shape, fmt.Sprintf("%s has %d values, want %d", p.Name, len(t.Data), size))
			continue
		}
		variance := p.Statistic && strings.HasSuffix(p.Name, ".running_var")
		for j, v := range t.Data {
			if v-v != 0 {
				bad = append(bad, fmt.Sprintf("%s[%d] is %v", p.Name, j, v))
				break
			}
			if variance && v < 0 {
				bad = append(bad, fmt.Sprintf("%s[%d] is %v, want a variance of at least 0", p.Name, j, v))
				break
			}
		}
		t.Name = p.Name
		out.Tensors = append(out.Tensors, t)
	}
	for _, t := range w.Tensors {
		if !want[t.Name] {
			unexpected = append(unexpected, fmt.Sprintf("%s %v", t.Name, t.Shape))
		}
	}
	var errs []error
	for _, e := range []struct {
		what string
		list []string
	}{{"missing", missing}, {"of another shape", shape}, {"unexpected", unexpected}, {"out of range", bad}} {
		if len(e.list) > 0 {
			errs = append(errs, fmt.Errorf("%s: %s", e.what, enumerate(e.list)))
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("model: the weights do not fit the network %s: %w", n.Name, errors.Join(errs...))
	}
	return out, nil
}

// enumerate lists what is the matter with tensors. Of weights of another network all
// names are wrong, so only the first are shown.
func enumerate(list []string) string {
	const most = 6
	if more := len(list) - most; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), more)
	}
	return strings.Join(list, ", ")
}

// prefix returns what all names begin with, up to one of their dots, if the
// parameters are all there behind it; "" if there is none. place holds the names.
func (w *Weights) prefix(params []Param, place map[string]int) string {
	if len(w.Tensors) == 0 {
		return ""
	}
	name := w.Tensors[0].Name
	for end := 0; ; {
		prefix := name[:end]
		if slices.ContainsFunc(w.Tensors, func(t Tensor) bool { return !strings.HasPrefix(t.Name, prefix) }) {
			return ""
		}
		complete := !slices.ContainsFunc(params, func(p Param) bool {
			_, has := place[prefix+p.Name]
			return !has
		})
		dot := strings.IndexByte(name[end:], '.')
		switch {
		case complete:
			return prefix
		case dot < 0:
			return ""
		}
		end += dot + 1
	}
}

// Init draws PyTorch's default initialisation: weights and biases of conv2d and
// linear uniform in +-1/sqrt(fan in) (kaiming_uniform with a = sqrt(5)); batch
// norms start as the identity: weight 1, bias 0, running mean 0, running variance
// 1. Each tensor has a stream of its own, named by the tensor.
func Init(n *Net, seed uint64) *Weights {
	w := &Weights{}
	for _, p := range n.Params() {
		w.Tensors = append(w.Tensors, InitTensor(p, seed, "init"))
	}
	return w
}

// InitTensor draws one tensor of Init from the stream purpose/name. Sanity
// checks that randomise a trained layer use it with a purpose of their own; the
// batch norm of a randomised layer starts anew as the identity.
func InitTensor(p Param, seed uint64, purpose string) Tensor {
	t := Tensor{Name: p.Name, Shape: p.Shape, Data: make([]float32, p.size())}
	if p.Norm {
		for i := range t.Data {
			t.Data[i] = p.Start
		}
		return t
	}
	s := rng.New(seed, purpose+"/"+p.Name)
	bound := 1 / math.Sqrt(float64(p.FanIn))
	for i := range t.Data {
		t.Data[i] = float32((2*s.Float64() - 1) * bound)
	}
	return t
}
