package model

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// A block's logits are those of the inputs that its comments describe, bit for
// bit.
func TestBlockIsItsDefinition(t *testing.T) {
	n := Nets["tutorial"].New(Shape{C: 3, H: 32, W: 32}, 10)
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	m, err := New(n, Init(n, 1))
	if err != nil {
		t.Fatal(err)
	}
	w, r := m.Worker(), rand.New(rand.NewPCG(1, 2))
	size := n.Input.Size()
	draw := func() []float32 {
		x := make([]float32, size)
		for j := range x {
			x[j] = float32(r.NormFloat64())
		}
		return x
	}
	const features = 20
	of, present := make([]int32, size), make([]uint32, features)
	for j := range of {
		of[j] = int32(r.IntN(features))
	}
	for f := range present {
		present[f] = r.Uint32()
	}
	share := make([]float32, features*Lanes)
	for i := range share {
		share[i] = r.Float32()
	}
	x, base, other := draw(), draw(), draw()
	b := w.Block()
	// Lanes 0 to 4 select, 5 to 15 fade.
	b.Select(0, of, present, x, base)
	b.Fade(5, of, share, other, base)
	const count = 14
	var got [][]float32
	if err := b.Run(context.Background(), count, func(l int, logits []float32) {
		if l != len(got) {
			t.Fatalf("fold(%d), want %d", l, len(got))
		}
		got = append(got, append([]float32{}, logits...))
	}); err != nil || len(got) != count {
		t.Fatalf("%d points, %v", len(got), err)
	}
	if err := w.Logits(context.Background(), count,
		func(l int, to []float32) {
			for j, f := range of {
				switch {
				case l >= 5:
					to[j] = base[j] + float32(share[int(f)*Lanes+l]*other[j])
				case present[f]>>l&1 == 1:
					to[j] = x[j]
				default:
					to[j] = base[j]
				}
			}
		},
		func(l int, want []float32) {
			if fmt.Sprint(got[l]) != fmt.Sprint(want) {
				t.Errorf("lane %d: %v, want %v", l, got[l], want)
			}
		}); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Run(ctx, 1, func(int, []float32) {}); err != context.Canceled {
		t.Errorf("after the end: %v", err)
	}
}

// Logits beyond float32 are refused, in the lanes that count.
func TestBlockRefusesOverflow(t *testing.T) {
	n := &Net{Name: "sum", Input: Shape{C: 1, H: 1, W: 2}, Layers: []Layer{{Kind: "flatten"}, {Kind: "linear", Out: 2}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	weights := Init(n, 1)
	for _, x := range weights.Tensors {
		for i := range x.Data {
			x.Data[i] = 1
		}
	}
	m, err := New(n, weights)
	if err != nil {
		t.Fatal(err)
	}
	b := m.Worker().Block()
	x, base := []float32{math.MaxFloat32, math.MaxFloat32}, []float32{0, 0}
	b.Select(0, []int32{0, 1}, []uint32{1 << 3, 1<<3 | 1<<2}, x, base)
	for count, refused := range map[int]bool{3: false, 4: true} {
		if err := b.Run(context.Background(), count, func(int, []float32) {}); (err != nil) != refused {
			t.Errorf("%d lanes, of which lane 3 overflows: %v", count, err)
		}
	}
}

// The sums of lengths that the kernels have no loop for.
func TestPerturbationVectors(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 3, 4, 6, 17} {
		const rows, ld = 5, 20
		x, w := make([]float32, rows*ld), make([]float64, rows)
		m := make([]float64, rows*ld)
		for i := range x {
			x[i], m[i] = float32(r.NormFloat64()), r.NormFloat64()
		}
		for i := range w {
			w[i] = r.NormFloat64()
		}
		sum, squares, total := make([]float64, n), make([]float64, n), make([]float64, n)
		AccumulateMoments(w, x, ld, sum, squares)
		at := []int32{3, 0, 3}
		SumRows(at, m, ld, total)
		lanes := make([]float32, n*Lanes)
		wide := make([]float32, Lanes*ld)
		for i := range wide {
			wide[i] = r.Float32()
		}
		Interleave(n, wide, ld, lanes)
		mixed := make([]float32, 2*n)
		Mix([]float32{0.25, 0.5}, []int32{0, 40}, []int32{20, 60}, x, n, mixed)
		for j := range n {
			var s, q float64
			for i, weight := range w {
				v := x[i*ld+j]
				s += float64(weight * float64(v))
				q += float64(float64(weight*weight) * float64(v*v))
			}
			if sum[j] != s || squares[j] != q {
				t.Errorf("n=%d: moments %d are %v %v, want %v %v", n, j, sum[j], squares[j], s, q)
			}
			if want := m[3*ld+j] + m[j] + m[3*ld+j]; total[j] != want {
				t.Errorf("n=%d: sum of rows %d is %v, want %v", n, j, total[j], want)
			}
			for l := range Lanes {
				if lanes[j*Lanes+l] != wide[l*ld+j] {
					t.Errorf("n=%d: value %d of lane %d is %v, want %v", n, j, l, lanes[j*Lanes+l], wide[l*ld+j])
				}
			}
			for i, want := range []float32{x[j] + float32(0.25*(x[20+j]-x[j])), x[40+j] + float32(0.5*(x[60+j]-x[40+j]))} {
				if mixed[i*n+j] != want {
					t.Errorf("n=%d: mixed %d of row %d is %v, want %v", n, j, i, mixed[i*n+j], want)
				}
			}
		}
	}
}
