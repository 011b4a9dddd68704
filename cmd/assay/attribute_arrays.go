package main

import (
	"hash/fnv"
	"math"

	"assay/attr"
	"assay/model/npy"
)

// checksum is FNV-1a of an image's pixels.
func checksum(pixels []byte) int64 {
	h := fnv.New64a()
	h.Write(pixels)
	return int64(h.Sum64())
}

// arrays returns what the .npz file holds.
func (a *attribution) arrays() map[string]*npy.Array {
	n, s := len(a.in), a.shape
	target, minus := make([]int64, n), make([]int64, n)
	index, label, sums := make([]int64, n), make([]int64, n), make([]int64, n)
	for k, in := range a.in {
		target[k], minus[k] = int64(in.Target.Class), int64(in.Target.Minus)
		index[k], label[k] = int64(in.Index), int64(a.data.Labels[in.Index])
		sums[k] = checksum(a.data.Image(in.Index))
	}
	out := map[string]*npy.Array{
		"attributions": {Shape: []int{n, s.C, s.H, s.W}, F32: a.maps},
		"logits":       {Shape: []int{n, a.model.Net().Classes()}, F32: a.logits},
		"target":       {Shape: []int{n}, I64: target},
		"index":        {Shape: []int{n}, I64: index},
		"label":        {Shape: []int{n}, I64: label},
		"checksum":     {Shape: []int{n}, I64: sums},
		"provenance":   {Shape: []int{len(a.provenance)}, U8: a.provenance},
	}
	if a.aim.Contrast() {
		out["minus"] = &npy.Array{Shape: []int{n}, I64: minus}
	}
	if a.stderr != nil {
		out["stderr"] = &npy.Array{Shape: []int{n, s.C, s.H, s.W}, F32: a.stderr}
	}
	if a.bias != nil {
		out["bias"] = &npy.Array{Shape: []int{n}, F64: a.bias}
	}
	if a.chosen {
		out["steps"] = &npy.Array{Shape: []int{n}, I64: a.steps}
	}
	if a.summed {
		out["delta"] = &npy.Array{Shape: []int{n}, F64: a.delta}
	}
	return out
}

// deltaOf returns how far the map's sum is from F(x)-F(baseline), with the sign
// that the method has for it; NaN where it is not meant to be that.
func deltaOf(r attr.Attribution) float64 {
	if !r.Summed {
		return math.NaN()
	}
	sum := 0.0
	for _, v := range r.Map {
		sum += float64(v)
	}
	if r.Reversed {
		return r.FX - r.FB - sum
	}
	return sum - (r.FX - r.FB)
}
