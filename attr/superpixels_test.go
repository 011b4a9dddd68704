package attr

import (
	"slices"
	"sync"
	"testing"

	"assay/model"
)

// What comes from memory is what was cut, for each image, mask and colour space,
// from any number of goroutines.
func TestSuperpixelsFromMemory(t *testing.T) {
	s := model.Shape{C: 3, H: 16, W: 16}
	net := &model.Net{Input: s, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}}}
	rgb, plain := env(t, net, 1), env(t, net, 1)
	plain.Mean = nil
	bright := env(t, net, 1)
	bright.Mean = []float32{0.9, 0.9, 0.9}
	in := images(rgb, 3)
	masks := []Mask{SLICMask(9, 10), SLICMask(9, 40), SLICMask(16, 10)}
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			var direct, kept slic
			for range 2 {
				for _, e := range []*Env{rgb, plain, bright} {
					for _, x := range in {
						for _, m := range masks {
							of, count := kept.cut(e, x.X, m)
							if want, n := direct.segment(e, x.X, m); n != count || !slices.Equal(of, want) {
								t.Errorf("%v: %d superpixels, want %d", m, count, n)
							}
						}
					}
				}
			}
		})
	}
	wait.Wait()
	if superpixelsKept.pixels > superpixelsRoom {
		t.Errorf("%d pixels are kept, want at most %d", superpixelsKept.pixels, superpixelsRoom)
	}
	// Beyond the room all is forgotten, and cut anew.
	superpixelsKept.pixels = superpixelsRoom
	var g slic
	in[0].X[0]++
	g.cut(rgb, in[0].X, masks[0])
	if n := len(superpixelsKept.of); n != 1 {
		t.Errorf("%d images are kept, want the last", n)
	}
}
