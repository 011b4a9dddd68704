package attr

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"assay/model"
	"assay/model/npy"
)

// Mask says which input values count as one feature, present or absent
// together. The zero value is every value for itself. Its text form is one of
//
//	values      every value of every channel is a feature, Captum's default
//	pixels      a pixel with all its channels is a feature
//	grid:N      squares of N by N pixels; those at the right and lower border are
//	            what is left
//	cells:N     N by N cells of equal size up to a pixel, at most one a pixel
//	slic:N      at most N superpixels of the image (see slic), compactness 10
//	slic:N:M    the same with compactness M
//	file:PATH   a .npy array of whole numbers, one a feature, [H,W], [1,H,W],
//	            [C,H,W] or [1,C,H,W]
//
// Features are numbered in reading order or, from a file, by ascending number.
type Mask struct {
	kind        string // "" is values
	n           int
	compactness int
	path        string
}

// defaultCompactness is that of Achanta et al. 2012, section 4.
const defaultCompactness = 10

// ValuesMask has a feature for every input value, PixelsMask one for every pixel.
var (
	ValuesMask = Mask{}
	PixelsMask = Mask{kind: "pixels"}
)

// GridMask has squares of n pixels.
func GridMask(n int) Mask { return Mask{kind: "grid", n: n} }

// CellsMask has n by n cells.
func CellsMask(n int) Mask { return Mask{kind: "cells", n: n} }

// SLICMask has at most n superpixels, found anew on every image.
func SLICMask(n, compactness int) Mask { return Mask{kind: "slic", n: n, compactness: compactness} }

// FileMask is read from a .npy file.
func FileMask(path string) Mask { return Mask{kind: "file", path: path} }

// Path returns the file that the mask is read from, "" if there is none.
func (m Mask) Path() string { return m.path }

// String returns the text form.
func (m Mask) String() string {
	switch m.kind {
	case "":
		return "values"
	case "pixels":
		return m.kind
	case "file":
		return "file:" + m.path
	case "slic":
		if m.compactness != defaultCompactness {
			return fmt.Sprintf("slic:%d:%d", m.n, m.compactness)
		}
	}
	return fmt.Sprintf("%s:%d", m.kind, m.n)
}

// MarshalText returns the text form; equal masks have equal text.
func (m Mask) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the text form.
func (m *Mask) UnmarshalText(text []byte) error {
	s := string(text)
	kind, rest, arg := strings.Cut(s, ":")
	fail := func() error {
		return fmt.Errorf("attr: mask is %q, want values, pixels, grid:N, cells:N, slic:N, slic:N:COMPACTNESS or file:PATH", s)
	}
	switch {
	case kind == "file" && rest != "":
		*m = FileMask(rest)
		return nil
	case kind == "values" && !arg:
		*m = ValuesMask
		return nil
	case kind == "pixels" && !arg:
		*m = PixelsMask
		return nil
	case kind != "grid" && kind != "cells" && kind != "slic":
		return fail()
	}
	numbers := strings.Split(rest, ":")
	if len(numbers) > 2 || len(numbers) == 2 && kind != "slic" {
		return fail()
	}
	out := Mask{kind: kind}
	if kind == "slic" {
		out.compactness = defaultCompactness
	}
	for i, to := range []*int{&out.n, &out.compactness}[:len(numbers)] {
		v, err := strconv.Atoi(numbers[i])
		if err != nil || v < 1 || v > 1<<20 || strings.HasPrefix(numbers[i], "+") {
			return fail()
		}
		*to = v
	}
	*m = out
	return nil
}

// check reports a file that cannot be read as a mask of the network's input
// shape, and more features than the method can carry.
func (m Mask) check(n *model.Net, most int) error {
	p, err := m.fixed(n.Input)
	if err != nil {
		return &Problem{Option: "mask", Msg: err.Error()}
	}
	count := m.most(n.Input)
	if p != nil {
		count = p.count()
	}
	if most > 0 && count > most {
		return &Problem{Option: "mask", Msg: fmt.Sprintf("%v makes %d features of the %v input, want at most %d; make them larger with grid:N, cells:N or slic:N", m, count, n.Input, most)}
	}
	return nil
}

// features returns the number of features on a network that passed check; for
// superpixels it is the largest number.
func (m Mask) features(n *model.Net) int {
	if p, err := m.fixed(n.Input); err == nil && p != nil {
		return p.count()
	}
	return m.most(n.Input)
}

// most bounds the number of superpixels.
func (m Mask) most(s model.Shape) int { return min(m.n, s.H*s.W) }

// fixed returns the features where they do not depend on the image, and nil for
// superpixels.
func (m Mask) fixed(s model.Shape) (*partition, error) {
	if m.kind == "slic" {
		return nil, nil
	}
	of := make([]int32, s.Size())
	area := s.H * s.W
	// Cells of n pixels, or n cells a side and at most one a pixel.
	row, col := func(r int) int { return r }, func(c int) int { return c }
	across := s.W
	switch m.kind {
	case "file":
		return m.read(s)
	case "":
		for j := range of {
			of[j] = int32(j)
		}
		return newPartition(of, len(of)), nil
	case "grid":
		row, col = func(r int) int { return r / m.n }, func(c int) int { return c / m.n }
		across = (s.W + m.n - 1) / m.n
	case "cells":
		high, wide := min(m.n, s.H), min(m.n, s.W)
		row, col = func(r int) int { return r * high / s.H }, func(c int) int { return c * wide / s.W }
		across = wide
	}
	for j := range of {
		of[j] = int32(row(j%area/s.W)*across + col(j%s.W))
	}
	return newPartition(of, int(of[area-1])+1), nil
}

// read decodes the file and checks its shape.
func (m Mask) read(s model.Shape) (*partition, error) {
	fail := func(format string, a ...any) (*partition, error) {
		return nil, fmt.Errorf("file %s: %s", m.path, fmt.Sprintf(format, a...))
	}
	info, err := os.Stat(m.path)
	if err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	if info.Size() > maxBaselineBytes {
		return fail("the file has %d bytes, want at most %d", info.Size(), maxBaselineBytes)
	}
	a, err := npy.Read(m.path)
	if err != nil {
		return fail("%v", err)
	}
	shape := a.Shape
	if len(shape) == 4 && shape[0] == 1 {
		shape = shape[1:]
	}
	if len(shape) == 2 {
		shape = []int{1, shape[0], shape[1]}
	}
	if len(shape) != 3 || shape[0] != 1 && shape[0] != s.C || shape[1] != s.H || shape[2] != s.W {
		return fail("the array is %v, want [1 %d %d] or [%d %d %d]", a.Shape, s.H, s.W, s.C, s.H, s.W)
	}
	v := a.Float64s()
	for i, x := range v {
		if x != math.Trunc(x) || math.Abs(x) > 1<<53 {
			return fail("value %d is %v, want whole numbers", i, x)
		}
	}
	names := slices.Clone(v)
	slices.Sort(names)
	names = slices.Compact(names)
	of := make([]int32, s.Size())
	for j := range of {
		i, _ := slices.BinarySearch(names, v[j%len(v)]) // one channel serves all
		of[j] = int32(i)
	}
	return newPartition(of, len(names)), nil
}

// masksOf returns the masks of m and of the method under it.
func masksOf(m Method) []Mask {
	switch o := m.(type) {
	case *NoiseTunnel:
		return masksOf(o.Over)
	case interface{ masks() []Mask }:
		return o.masks()
	}
	return nil
}

// partition assigns every input value to a feature.
type partition struct {
	of   []int32 // feature of each value, [C*H*W]
	size []int32 // values of a feature
}

func newPartition(of []int32, count int) *partition {
	p := &partition{}
	p.build(of, count, 1)
	return p
}

// build keeps of and counts the values, reusing p's memory. of is so many times
// the same features.
func (p *partition) build(of []int32, count, times int) {
	p.of = of
	if cap(p.size) < count {
		p.size = make([]int32, count)
	}
	p.size = p.size[:count]
	clear(p.size)
	for _, f := range of[:len(of)/times] {
		p.size[f] += int32(times)
	}
}

// count returns the number of features.
func (p *partition) count() int { return len(p.size) }

// spread gives every value of a feature the feature's score, or with share its
// part of it, the score over the number of the feature's values.
func (p *partition) spread(score []float64, share bool, m []float32) {
	for j, f := range p.of {
		v := score[f]
		if share {
			v /= float64(p.size[f])
		}
		m[j] = float32(v)
	}
}
