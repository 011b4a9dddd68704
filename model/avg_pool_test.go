package model

import (
	"math"
	"testing"
)

// Averages worked out by hand of 10*row+column, where windows overlap, where they
// are smaller than a pixel, and where the result is larger in one direction only.
// Derivatives by hand are one over the size of the window in it.
func TestAdaptiveAverageByHand(t *testing.T) {
	for _, tc := range []struct {
		name       string
		rows, cols int
		out        int
		// means of the rows and of the columns of the windows, and their sizes
		row, col []float64
		heights  []int
		widths   []int
	}{
		{"5x4 to 3", 5, 4, 3, []float64{0.5, 2, 3.5}, []float64{0.5, 1.5, 2.5}, []int{2, 3, 2}, []int{2, 2, 2}},
		{"2x1 to 3", 2, 1, 3, []float64{0, 0.5, 1}, []float64{0, 0, 0}, []int{1, 2, 1}, []int{1, 1, 1}},
		{"1x7 to 4", 1, 7, 4, []float64{0, 0, 0, 0}, []float64{0.5, 2, 4, 5.5}, []int{1, 1, 1, 1}, []int{2, 3, 3, 2}},
		{"6x4 to 2", 6, 4, 2, []float64{1, 4}, []float64{0.5, 2.5}, []int{3, 3}, []int{2, 2}},
	} {
		n := &Net{Name: tc.name, Input: Shape{1, tc.rows, tc.cols}, Layers: []Layer{{Kind: "adaptive_avg_pool2d", Out: tc.out}, {Kind: "flatten"}, {Kind: "linear", Out: 2}}}
		if err := n.Resolve(); err != nil {
			t.Error(err)
			continue
		}
		upto, err := testModel(t, n).Upto("adaptive1")
		if err != nil {
			t.Fatal(err)
		}
		for class := range tc.out * tc.out {
			err := upto.Worker().Gradients(t.Context(), Gradient, 1, func(_ int, p *Point) {
				for j := range p.X {
					p.X[j] = float32(10*(j/tc.cols) + j%tc.cols)
				}
				p.Target.Class = class
			}, func(_ int, r Result) {
				y, x := class/tc.out, class%tc.out
				if got, want := float64(r.Logits[class]), 10*tc.row[y]+tc.col[x]; math.Abs(got-want) > 1e-5 {
					t.Errorf("%s: window %d,%d has mean %v, want %v", tc.name, y, x, got, want)
				}
				// What the derivative is and where: its sum is 1, and its centre the mean.
				var sum, rows, cols float64
				count := 0
				for j, v := range r.Grad {
					if v == 0 {
						continue
					}
					count++
					if want := float32(1) / float32(tc.heights[y]*tc.widths[x]); v != want {
						t.Errorf("%s: derivative of window %d,%d is %v, want %v", tc.name, y, x, v, want)
					}
					sum += float64(v)
					rows += float64(v) * float64(j/tc.cols)
					cols += float64(v) * float64(j%tc.cols)
				}
				if count != tc.heights[y]*tc.widths[x] || math.Abs(sum-1)+math.Abs(rows-tc.row[y])+math.Abs(cols-tc.col[x]) > 1e-5 {
					t.Errorf("%s: derivative of window %d,%d is at %d pixels, sums to %v around %v,%v", tc.name, y, x, count, sum, rows, cols)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}
