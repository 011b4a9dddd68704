// Package npy reads and writes NumPy's array files: .npy, one array, and .npz,
// a zip of named arrays. It is how attribution maps leave for other software
// and how values computed elsewhere come in.
//
// The format is described in NumPy's documentation, numpy.lib.format. Versions
// 1 to 3 are read, version 1 is written. Files are bounded: a reader never
// allocates more than the file can hold.
package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/google/renameio/v2/maybe"
)

// Array is an n-dimensional array in row-major (C) order. Exactly one of the
// data slices is used, with the product of Shape as its length; a scalar has an
// empty shape and one value.
type Array struct {
	Shape []int
	F32   []float32 // '<f4'
	F64   []float64 // '<f8'
	I64   []int64   // '<i8'; '<i4' is widened to it
	U8    []byte    // '|u1'; '|b1' is read as 0 and 1
}

// Len returns the number of values that the shape asks for.
func (a *Array) Len() int {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	return n
}

// Float64s returns the values as float64, converted where they are stored
// otherwise. Where a.F64 is used it is returned itself.
func (a *Array) Float64s() []float64 {
	if a.F64 != nil {
		return a.F64
	}
	out := make([]float64, 0, a.Len())
	for _, v := range a.F32 {
		out = append(out, float64(v))
	}
	for _, v := range a.I64 {
		out = append(out, float64(v))
	}
	for _, v := range a.U8 {
		out = append(out, float64(v))
	}
	return out
}

// Float32s returns the values as float32, rounded where they are stored
// otherwise. Where a.F32 is used it is returned itself.
func (a *Array) Float32s() []float32 {
	if a.F32 != nil {
		return a.F32
	}
	out := make([]float32, 0, a.Len())
	for _, v := range a.F64 {
		out = append(out, float32(v))
	}
	for _, v := range a.I64 {
		out = append(out, float32(v))
	}
	for _, v := range a.U8 {
		out = append(out, float32(v))
	}
	return out
}

// Ints returns the values of an integer array as int, nil for an array of
// floating-point numbers.
func (a *Array) Ints() []int {
	if a.I64 == nil && a.U8 == nil {
		return nil
	}
	out := make([]int, 0, a.Len())
	for _, v := range a.I64 {
		out = append(out, int(v))
	}
	for _, v := range a.U8 {
		out = append(out, int(v))
	}
	return out
}

// Read reads a .npy file. Errors name the file.
func Read(path string) (*Array, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	a, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("npy: %s: %w", path, err)
	}
	return a, nil
}

// Decode parses the bytes of a .npy file. It refuses what is not little-endian
// numbers, and files shorter or longer than their header says.
func Decode(b []byte) (*Array, error) {
	h, body, err := parseHeader(b)
	if err != nil {
		return nil, err
	}
	data := b[body:]
	width := widths[h.descr]
	// The product is checked step by step, so that no shape can overflow it.
	n := 1
	for _, d := range h.shape {
		if d > 0 && n > len(data)/d {
			return nil, fmt.Errorf("offset %d: shape %v does not fit the file, which has %d bytes of data", body, h.shape, len(data))
		}
		n *= d
	}
	if n > len(data)/width || n*width != len(data) {
		return nil, fmt.Errorf("offset %d: %d bytes of data, want %d (%d values of %s)", body, len(data), n*width, n, h.descr)
	}
	a := &Array{Shape: h.shape}
	switch h.descr {
	case "<f4":
		a.F32 = make([]float32, n)
		for i := range a.F32 {
			a.F32[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
	case "<f8":
		a.F64 = make([]float64, n)
		for i := range a.F64 {
			a.F64[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*i:]))
		}
	case "<i8":
		a.I64 = make([]int64, n)
		for i := range a.I64 {
			a.I64[i] = int64(binary.LittleEndian.Uint64(data[8*i:]))
		}
	case "<i4":
		a.I64 = make([]int64, n)
		for i := range a.I64 {
			a.I64[i] = int64(int32(binary.LittleEndian.Uint32(data[4*i:])))
		}
	case "|u1":
		a.U8 = bytes.Clone(data)
		if a.U8 == nil {
			a.U8 = []byte{}
		}
	case "|b1":
		a.U8 = make([]byte, n)
		for i, v := range data {
			if v != 0 {
				a.U8[i] = 1
			}
		}
	}
	if h.fortran {
		a.F32 = rowMajor(a.F32, a.Shape)
		a.F64 = rowMajor(a.F64, a.Shape)
		a.I64 = rowMajor(a.I64, a.Shape)
		a.U8 = rowMajor(a.U8, a.Shape)
	}
	return a, nil
}

// rowMajor reorders values stored with the first index fastest.
func rowMajor[T any](v []T, shape []int) []T {
	if v == nil {
		return nil
	}
	out := make([]T, len(v))
	index := make([]int, len(shape))
	for i := range out {
		at := 0
		for k := len(shape) - 1; k >= 0; k-- {
			at = at*shape[k] + index[k]
		}
		out[i] = v[at]
		for k := len(shape) - 1; k >= 0; k-- {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
	return out
}

// Write writes a .npy file, all or nothing. Equal arrays give equal bytes.
func Write(path string, a *Array) error {
	var b bytes.Buffer
	if err := a.Encode(&b); err != nil {
		return fmt.Errorf("npy: %s: %w", path, err)
	}
	if err := maybe.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// Encode writes the array in .npy format.
func (a *Array) Encode(w io.Writer) error {
	used, have, descr := 0, 0, ""
	for _, s := range []struct {
		descr string
		set   bool
		n     int
	}{
		{"<f4", a.F32 != nil, len(a.F32)},
		{"<f8", a.F64 != nil, len(a.F64)},
		{"<i8", a.I64 != nil, len(a.I64)},
		{"|u1", a.U8 != nil, len(a.U8)},
	} {
		if s.set {
			used++
			have, descr = s.n, s.descr
		}
	}
	if used != 1 {
		return fmt.Errorf("the array has %d data slices, want 1", used)
	}
	if slices.ContainsFunc(a.Shape, func(d int) bool { return d < 0 }) || have != a.Len() {
		return fmt.Errorf("the array has %d values, want %d for shape %v", have, a.Len(), a.Shape)
	}
	if _, err := w.Write(header(descr, a.Shape)); err != nil {
		return err
	}
	body := make([]byte, 0, have*widths[descr])
	for _, v := range a.F32 {
		body = binary.LittleEndian.AppendUint32(body, math.Float32bits(v))
	}
	for _, v := range a.F64 {
		body = binary.LittleEndian.AppendUint64(body, math.Float64bits(v))
	}
	for _, v := range a.I64 {
		body = binary.LittleEndian.AppendUint64(body, uint64(v))
	}
	body = append(body, a.U8...)
	_, err := w.Write(body)
	return err
}
