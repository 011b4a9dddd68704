package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// ReadWeights reads the floating-point tensors of a weights file as float32, in
// the file's order. The content decides the format, not the name:
//
//   - what torch.save writes of a state_dict (PyTorch 1.6 and later), or of a
//     checkpoint that holds one under "state_dict", "model_state_dict", "model" or
//     "net";
//   - the same from earlier versions of PyTorch;
//   - safetensors.
//
// Nothing in a file is executed: a pickle that names anything but tensors is
// refused. Memory is bounded by a small multiple of the file's size. float64,
// float16 and bfloat16 are converted, integer tensors left out, the prefixes
// "module." of DataParallel and "_orig_mod." of torch.compile dropped. Errors name
// the file and the byte offset, or the tensor.
func ReadWeights(path string) (*Weights, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("model: weights: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("model: weights: %s is not a file", path)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("model: weights: %w", err)
	}
	w, err := DecodeWeights(file)
	if err != nil {
		return nil, fmt.Errorf("model: %s: %w", filepath.Base(path), err)
	}
	return w, nil
}

// DecodeWeights is ReadWeights for a file in memory. Its result shares no
// memory with the file.
func DecodeWeights(file []byte) (*Weights, error) {
	w, err := decode(file)
	if err != nil {
		return nil, err
	}
	w.unwrap()
	return w, nil
}

func decode(file []byte) (*Weights, error) {
	switch {
	case len(file) == 0:
		return nil, errors.New("the file is empty")
	case len(file) > 8 && file[8] == '{' && binary.LittleEndian.Uint64(file) <= uint64(len(file)):
		return decodeSafetensors(file)
	case len(file) > 3 && string(file[:4]) == "PK\x03\x04":
		return torchZip(file)
	case file[0] == 0x80:
		return torchLegacy(file)
	case len(file) > 8 && file[8] == '{':
		return decodeSafetensors(file) // too short for its header; says so
	}
	return nil, fmt.Errorf("offset 0: %q opens no weights file; want what torch.save or safetensors write", file[:min(len(file), 16)])
}

func float64At(b []byte) float32 {
	return float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
}

func float32At(b []byte) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(b))
}

// bfloat16At reads the upper half of a float32.
func bfloat16At(b []byte) float32 {
	return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
}

// float16At reads IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of
// fraction. Every value is a float32.
func float16At(b []byte) float32 {
	h := uint32(binary.LittleEndian.Uint16(b))
	sign, exp, frac := h>>15<<31, h>>10&31, h&1023
	switch exp {
	case 31: // infinity and NaN keep their fraction
		return math.Float32frombits(sign | 255<<23 | frac<<13)
	case 0: // subnormal in binary16, not in float32
		v := float32(frac) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(v))
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}
