package attr

import "assay/model"

// resizer lays maps of one size over another.
type resizer struct {
	in         model.Shape
	h, w       int
	rows, cols []tap // of every output row and column
}

// tap reads an axis at two positions: first with weight 1-part, second with
// weight part.
type tap struct {
	first, second int
	part          float64
}

// newResizer maps in [C,h,w] to the rows and columns of out: mode nearest,
// bilinear, or none for no change.
func newResizer(mode string, in, out model.Shape) resizer {
	if mode == "none" {
		return resizer{in: in, h: in.H, w: in.W}
	}
	return resizer{in: in, h: out.H, w: out.W, rows: taps(mode, in.H, out.H), cols: taps(mode, in.W, out.W)}
}

// taps places n outputs over m inputs. Bilinear takes pixels as areas: output i
// has its centre at (i+1/2) m/n - 1/2, positions beyond the ends repeating them.
// Nearest takes input floor(i m/n).
func taps(mode string, m, n int) []tap {
	ts := make([]tap, n)
	for i := range ts {
		if mode == "nearest" {
			ts[i] = tap{first: i * m / n, second: i * m / n}
			continue
		}
		at := max(0, float64((float64(i)+0.5)*float64(m))/float64(n)-0.5)
		k := min(int(at), m-1)
		ts[i] = tap{k, min(k+1, m-1), min(at-float64(k), 1)}
	}
	return ts
}

// resize writes src [C,h,w] into dst [copies*C,H,W], every copy the part
// 1/copies of it.
func (r resizer) resize(src []float64, copies int, dst []float32) {
	k, n := float64(copies), r.in.C*r.h*r.w
	if r.rows == nil {
		for j, v := range src {
			dst[j] = float32(v / k)
		}
	} else {
		for c := range r.in.C {
			plane := src[c*r.in.H*r.in.W:]
			for y, ty := range r.rows {
				for x, tx := range r.cols {
					top := lerp(plane[ty.first*r.in.W+tx.first], plane[ty.first*r.in.W+tx.second], tx.part)
					low := lerp(plane[ty.second*r.in.W+tx.first], plane[ty.second*r.in.W+tx.second], tx.part)
					dst[(c*r.h+y)*r.w+x] = float32(lerp(top, low, ty.part) / k)
				}
			}
		}
	}
	for i := 1; i < copies; i++ {
		copy(dst[i*n:(i+1)*n], dst[:n])
	}
}

// lerp returns the value at part between a (0) and b (1), every operation
// rounded by itself.
func lerp(a, b, part float64) float64 { return a + float64(part*(b-a)) }
