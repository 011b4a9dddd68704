package model

import (
	"math"
	"slices"
	"testing"

	"assay/model/rng"
)

// The nearest centre by definition, pixel by pixel.
func TestClaims(t *testing.T) {
	for i, s := range []Shape{{C: 3, H: 8, W: 8}, {C: 1, H: 5, W: 7}, {C: 2, H: 1, W: 3}, {C: 4, H: 9, W: 1}, {C: 3, H: 20, W: 33}} {
		r := rng.New(uint64(i), "claims")
		c := NewClaims(s)
		area := s.H * s.W
		for round := range 20 {
			x := make([]float64, s.Size()+3)
			for j := range x {
				x[j] = math.Round(3 * r.Float64()) // so that distances tie
			}
			k := r.IntN(9)
			centres := make([]float64, k*(s.C+2))
			for j := range centres {
				switch at := j % (s.C + 2); {
				case at < s.C:
					centres[j] = math.Round(3 * r.Float64())
				case at == s.C:
					centres[j] = math.Round(2*r.Float64()*float64(s.H-1)) / 2
				default:
					centres[j] = math.Round(2*r.Float64()*float64(s.W-1)) / 2
				}
			}
			reach := r.IntN(6)
			want := slices.Clone(c.Label)
			for j := range area {
				best := math.Inf(1)
				for id := range k {
					at := centres[id*(s.C+2):]
					y, z := at[s.C], at[s.C+1]
					if far := math.Max(math.Abs(float64(j/s.W-int(y))), math.Abs(float64(j%s.W-int(z)))); int(far) > reach {
						continue
					}
					dy, dz := float64(j/s.W)-y, float64(j%s.W)-z
					d := 0.5 * (dy*dy + dz*dz)
					for ch := range s.C {
						d += (x[ch*area+j] - at[ch]) * (x[ch*area+j] - at[ch])
					}
					if d < best {
						best, want[j] = d, int64(id)
					}
				}
			}
			c.Offer(x, centres, reach, 0.5)
			if !slices.Equal(c.Label, want) {
				t.Fatalf("%v round %d, %d centres within %d: %v, want %v", s, round, k, reach, c.Label, want)
			}
		}
	}
}
