package kernel

import "unsafe"

// at returns &p[i] of an array of float32 that p points into.
func at(p *float32, i int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*i))
}

// row returns p[i : i+n] of an array of float32 that p points into; nil if n
// is 0, so that p may then be nil.
func row(p *float32, i, n int) []float32 {
	if n == 0 {
		return nil
	}
	return unsafe.Slice(at(p, i), n)
}

// row64 is row for float64.
func row64(p *float64, n int) []float64 {
	if n == 0 {
		return nil
	}
	return unsafe.Slice(p, n)
}

// table returns an offset table as a slice; nil if n is 0.
func table(p *int32, n int) []int32 {
	if n == 0 {
		return nil
	}
	return unsafe.Slice(p, n)
}
