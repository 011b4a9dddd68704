package attr

import (
	"path/filepath"
	"slices"
	"testing"

	"assay/model"
	"assay/model/npy"
)

func TestMaskText(t *testing.T) {
	for _, r := range []struct {
		text string
		want Mask
	}{
		{"values", ValuesMask},
		{"pixels", PixelsMask},
		{"grid:4", GridMask(4)},
		{"cells:8", CellsMask(8)},
		{"slic:50", SLICMask(50, 10)},
		{"slic:50:20", SLICMask(50, 20)},
		{"file:a:b.npy", FileMask("a:b.npy")},
	} {
		var m Mask
		if err := m.UnmarshalText([]byte(r.text)); err != nil || m != r.want {
			t.Errorf("%q: got %+v, %v, want %+v", r.text, m, err, r.want)
		}
		if got := r.want.String(); got != r.text {
			t.Errorf("%+v: got %q, want %q", r.want, got, r.text)
		}
	}
	for _, text := range []string{"", "pixel", "grid", "grid:", "grid:0", "grid:-1", "grid:x", "grid:4:4", "grid:+4", "slic:5:5:5", "slic:", "file:", "values:1", "pixels:2", "cells:99999999999999999999"} {
		m := GridMask(3)
		if err := m.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %+v, want an error", text, m)
		} else if m != GridMask(3) {
			t.Errorf("%q: the mask was changed to %+v by a failure", text, m)
		}
	}
}

func TestFixedMasks(t *testing.T) {
	s := model.Shape{C: 2, H: 3, W: 5}
	for _, r := range []struct {
		mask  Mask
		count int
		first []int32 // channel 0
	}{
		{ValuesMask, 30, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}},
		{PixelsMask, 15, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}},
		{GridMask(2), 6, []int32{0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5}},
		{GridMask(9), 1, make([]int32, 15)},
		{CellsMask(2), 4, []int32{0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3}},
		{CellsMask(4), 12, []int32{0, 0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 11}},
	} {
		p, err := r.mask.fixed(s)
		if err != nil {
			t.Fatal(err)
		}
		if p.count() != r.count || !slices.Equal(p.of[:15], r.first) {
			t.Errorf("%v: got %d features %v, want %d %v", r.mask, p.count(), p.of[:15], r.count, r.first)
		}
		if r.mask != ValuesMask && !slices.Equal(p.of[15:], p.of[:15]) {
			t.Errorf("%v: the channels differ: %v", r.mask, p.of)
		}
	}
}

func TestMaskFiles(t *testing.T) {
	n := tiny(model.Shape{C: 3, H: 2, W: 2})
	if err := tiny(model.Shape{C: 3, H: 8, W: 8}).Resolve(); err != nil {
		t.Fatal(err)
	}
	write := func(name string, shape []int, v ...float32) Mask {
		path := filepath.Join(t.TempDir(), name)
		if err := npy.Write(path, &npy.Array{Shape: shape, F32: v}); err != nil {
			t.Fatal(err)
		}
		return FileMask(path)
	}
	for _, r := range []struct {
		name string
		mask Mask
		want []int32
	}{
		{"rows and columns", write("a.npy", []int{2, 2}, 7, -3, 7, 100), []int32{1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2}},
		{"one channel", write("b.npy", []int{1, 2, 2}, 0, 1, 2, 3), []int32{0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3}},
		{"channels", write("c.npy", []int{3, 2, 2}, 0, 0, 0, 0, 1, 1, 1, 1, 5, 5, 5, 1), []int32{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 1}},
		{"with the axis of the batch", write("d.npy", []int{1, 1, 2, 2}, 4, 4, 4, 4), make([]int32, 12)},
	} {
		p, err := r.mask.fixed(n.Input)
		if err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
		if !slices.Equal(p.of, r.want) {
			t.Errorf("%s: got %v, want %v", r.name, p.of, r.want)
		}
	}
	for _, r := range []struct {
		name, want string
		mask       Mask
	}{
		{"another shape", "the array is [2 3], want [1 2 2] or [3 2 2]", write("e.npy", []int{2, 3}, 0, 0, 0, 0, 0, 0)},
		{"two channels", "the array is [2 2 2], want [1 2 2] or [3 2 2]", write("f.npy", []int{2, 2, 2}, 0, 0, 0, 0, 0, 0, 0, 0)},
		{"fractions", "value 2 is 0.5, want whole numbers", write("g.npy", []int{2, 2}, 0, 1, 0.5, 1)},
	} {
		want := "mask file " + r.mask.Path() + ": " + r.want
		if got := Problems(r.mask.check(n, 0)); len(got) != 1 || got[0].Error() != want {
			t.Errorf("%s: got %v, want %s", r.name, got, want)
		}
	}
	if got := Problems(FileMask("no-such.npy").check(n, 0)); len(got) != 1 || got[0].Error() != "mask file: stat no-such.npy: no such file or directory" {
		t.Errorf("missing file: got %v", got)
	}
	o := &NoiseTunnel{Over: &FeatureAblation{Mask: FileMask("m.npy"), Baseline: ImageBaseline("b.png")}}
	if got, want := Files(o), []string{"b.png", "m.npy"}; !slices.Equal(got, want) {
		t.Errorf("Files: got %v, want %v", got, want)
	}
}
