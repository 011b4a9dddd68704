package experiments

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A record is the payload of a cell: named arrays, one after another, little
// endian. It has no time, host or path in it, so whoever computes a cell
// writes the same bytes.
//
//	name length (1 byte), name, type (1 byte), count (8 bytes), values
type record struct{ b []byte }

// The types of arrays.
const (
	bytesType   = 'b'
	intsType    = 'i' // int64
	floatsType  = 'd' // float64
	float32Type = 'f'
)

func (r *record) head(name string, kind byte, n int) {
	r.b = append(r.b, byte(len(name)))
	r.b = append(r.b, name...)
	r.b = append(r.b, kind)
	r.b = binary.LittleEndian.AppendUint64(r.b, uint64(n))
}

func (r *record) bytes(name string, v []byte) {
	r.head(name, bytesType, len(v))
	r.b = append(r.b, v...)
}

func (r *record) ints(name string, v []int) {
	r.head(name, intsType, len(v))
	for _, x := range v {
		r.b = binary.LittleEndian.AppendUint64(r.b, uint64(int64(x)))
	}
}

// nan is the one bit pattern that stands for "not defined": which of the many
// NaNs an operation gives depends on the CPU.
const nan = 0x7ff8000000000000

func (r *record) floats(name string, v []float64) {
	r.head(name, floatsType, len(v))
	for _, x := range v {
		bits := math.Float64bits(x)
		if x != x {
			bits = nan
		}
		r.b = binary.LittleEndian.AppendUint64(r.b, bits)
	}
}

func (r *record) float32s(name string, v []float32) {
	r.head(name, float32Type, len(v))
	for _, x := range v {
		bits := math.Float32bits(x)
		if x != x {
			bits = nan >> 32
		}
		r.b = binary.LittleEndian.AppendUint32(r.b, bits)
	}
}

// arrays is a record read back.
type arrays map[string]any

// readRecord takes a payload apart. The store has checked its sum; a fault here
// means that another version wrote it.
func readRecord(b []byte) (arrays, error) {
	a := arrays{}
	for at := 0; at < len(b); {
		fail := func(what string) (arrays, error) {
			return nil, fmt.Errorf("experiments: record: %s at byte %d of %d", what, at, len(b))
		}
		n := int(b[at])
		if at+1+n+9 > len(b) {
			return fail("cut off array")
		}
		name, kind := string(b[at+1:at+1+n]), b[at+1+n]
		count := binary.LittleEndian.Uint64(b[at+n+2:])
		size := map[byte]int{bytesType: 1, intsType: 8, floatsType: 8, float32Type: 4}[kind]
		if size == 0 {
			return fail(fmt.Sprintf("unknown type %q", kind))
		}
		v := b[at+n+10:]
		if count > uint64(len(v)/size) {
			return fail(fmt.Sprintf("array %s claims %d values", name, count))
		}
		v = v[:int(count)*size]
		switch kind {
		case bytesType:
			a[name] = v
		case intsType:
			x := make([]int, count)
			for i := range x {
				x[i] = int(int64(binary.LittleEndian.Uint64(v[8*i:])))
			}
			a[name] = x
		case floatsType:
			x := make([]float64, count)
			for i := range x {
				x[i] = math.Float64frombits(binary.LittleEndian.Uint64(v[8*i:]))
			}
			a[name] = x
		case float32Type:
			x := make([]float32, count)
			for i := range x {
				x[i] = math.Float32frombits(binary.LittleEndian.Uint32(v[4*i:]))
			}
			a[name] = x
		}
		at += n + 10 + len(v)
	}
	return a, nil
}

// array returns the named array, which must be of that type and length.
func array[T any](a arrays, name string, n int) ([]T, error) {
	v, ok := a[name].([]T)
	if !ok || len(v) != n {
		return nil, fmt.Errorf("experiments: record: array %s is missing or not of %d values", name, n)
	}
	return v, nil
}
