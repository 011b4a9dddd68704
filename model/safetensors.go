package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/google/renameio/v2/maybe"
	"github.com/nlpodyssey/safetensors"
)

// safetensorsElements lists the element types that are read; integers are left
// out, as in ReadWeights.
var safetensorsElements = map[safetensors.DType]element{
	safetensors.F64:  {8, float64At},
	safetensors.F32:  {4, float32At},
	safetensors.F16:  {2, float16At},
	safetensors.BF16: {2, bfloat16At},
}

// decodeSafetensors reads the safetensors format: the header's length in 8
// bytes, the header as JSON, the values.
func decodeSafetensors(file []byte) (*Weights, error) {
	if n := binary.LittleEndian.Uint64(file); n > uint64(len(file)-8) {
		return nil, fmt.Errorf("offset 0: the safetensors header has %d bytes, but %d are left in the file", n, len(file)-8)
	}
	st, err := safetensors.Deserialize(file)
	if err != nil {
		// The library quotes what it found, in full.
		return nil, fmt.Errorf("offset 8: the safetensors header does not fit the %d bytes of the file: %.300s; is the file cut off, or was it changed?", len(file), err)
	}
	// It has checked that the tensors fill the file without a gap or overlap,
	// each with the bytes that its shape and type need.
	w := &Weights{}
	for _, v := range st.Tensors() {
		e, floating := safetensorsElements[v.TensorView.DType()]
		if !floating {
			continue
		}
		shape, data := v.TensorView.Shape(), v.TensorView.Data()
		if len(shape) > maxRank {
			return nil, fmt.Errorf("%.80q has %d dimensions, want at most %d", v.Name, len(shape), maxRank)
		}
		t := Tensor{Name: v.Name, Shape: make([]int, len(shape)), Data: make([]float32, len(data)/e.width)}
		for i, d := range shape {
			if d > 1<<40 { // possible beside a dimension of 0
				return nil, fmt.Errorf("%.80q has shape %v, beyond all files", v.Name, shape)
			}
			t.Shape[i] = int(d)
		}
		for i := range t.Data {
			t.Data[i] = e.float(data[i*e.width:])
		}
		w.Tensors = append(w.Tensors, t)
	}
	if len(w.Tensors) == 0 {
		return nil, errors.New("the safetensors file holds no floating-point tensor")
	}
	return w, nil
}

// safetensorsView shows a Tensor to the library.
type safetensorsView struct {
	shape []uint64
	data  []byte
}

func (v safetensorsView) DType() safetensors.DType { return safetensors.F32 }
func (v safetensorsView) Shape() []uint64          { return v.shape }
func (v safetensorsView) Data() []byte             { return v.data }
func (v safetensorsView) DataLen() uint64          { return uint64(len(v.data)) }

// Safetensors returns the weights in safetensors format, as float32, sorted by
// name. Equal weights give equal bytes.
func (w *Weights) Safetensors() ([]byte, error) {
	views := make(map[string]safetensorsView, len(w.Tensors))
	for _, t := range w.Tensors {
		size := 1
		shape := make([]uint64, len(t.Shape))
		for i, d := range t.Shape {
			size *= d
			shape[i] = uint64(d)
		}
		if size != len(t.Data) {
			return nil, fmt.Errorf("model: %s has %d values, want %d for shape %v", t.Name, len(t.Data), size, t.Shape)
		}
		if _, dup := views[t.Name]; dup || t.Name == "__metadata__" {
			return nil, fmt.Errorf("model: safetensors cannot hold %q twice or under that name", t.Name)
		}
		data := make([]byte, 0, 4*size)
		for _, v := range t.Data {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		views[t.Name] = safetensorsView{shape, data}
	}
	b, err := safetensors.Serialize(views, nil)
	if err != nil {
		return nil, fmt.Errorf("model: safetensors: %w", err)
	}
	return b, nil
}

// WriteSafetensors writes the weights as a safetensors file, all or nothing.
// Equal weights give equal bytes.
func (w *Weights) WriteSafetensors(path string) error {
	b, err := w.Safetensors()
	if err != nil {
		return err
	}
	if err := maybe.WriteFile(path, b, 0o644); err != nil {
		return fmt.Errorf("model: weights: %w", err)
	}
	return nil
}
