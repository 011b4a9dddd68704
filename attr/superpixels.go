package attr

import (
	"hash/maphash"
	"sync"
	"unsafe"

	"assay/model"
)

// superpixelsKey is all that an image's superpixels depend on.
type superpixelsKey struct {
	image     [2]uint64 // two hashes that know nothing of each other
	shape     model.Shape
	mask      Mask
	mean, std [3]float32
	colour    bool // mean and std are known
}

// superpixelsSeeds are drawn when the program starts. Of the few thousand images
// that are kept no two have both hashes in common, but once in 2^100 runs; SHA-256
// takes as long as a third of the network's pass.
var superpixelsSeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// superpixelsKept are the superpixels of the images cut last: the configurations
// of a sweep, on whichever worker, cut each image once. It is a memo of a pure
// function, so that nobody can tell but by the time it takes.
var superpixelsKept struct {
	sync.Mutex
	of     map[superpixelsKey]pieceMap
	pixels int
}

// pieceMap is an image cut up.
type pieceMap struct {
	of    []int32 // [H*W]
	count int
}

// superpixelsRoom bounds the pixels that are kept, 16 MB: those of 4096 images of
// 32x32. When there are more, all are forgotten.
const superpixelsRoom = 1 << 22

// cut returns what segment returns, from memory where the same image was cut
// before.
func (g *slic) cut(e *Env, x []float32, m Mask) (of []int32, count int) {
	s := e.Worker.Model().Net().Input
	k := superpixelsKey{
		shape: s, mask: m,
	}
	values := unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*len(x))
	for i, seed := range superpixelsSeeds {
		k.image[i] = maphash.Bytes(seed, values)
	}
	k.mean, k.std, k.colour = normalisation(e, s)
	kept := &superpixelsKept
	kept.Lock()
	known, ok := kept.of[k]
	kept.Unlock()
	if ok {
		if g.shape != s {
			g.fit(s)
		}
		for c := range s.C {
			copy(g.of[c*len(known.of):], known.of)
		}
		return g.of, known.count
	}
	of, count = g.segment(e, x, m)
	area := s.H * s.W
	kept.Lock()
	defer kept.Unlock()
	if kept.pixels += area; kept.of == nil || kept.pixels > superpixelsRoom {
		kept.of, kept.pixels = map[superpixelsKey]pieceMap{}, area
	}
	kept.of[k] = pieceMap{append([]int32(nil), of[:area]...), count}
	return of, count
}
