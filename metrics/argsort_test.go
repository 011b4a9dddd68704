package metrics

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestArgsort(t *testing.T) {
	negative := math.Copysign(0, -1)
	special := []float64{0, negative, math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 1, -1, 1 + 0x1p-52, 256, 0x1p-1022}
	value := rapid.OneOf(rapid.SampledFrom(special), rapid.Float64(), rapid.Map(rapid.Float32(), func(v float32) float64 { return float64(v) }))
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(value.Filter(func(v float64) bool { return !math.IsNaN(v) }), 0, 300).Draw(t, "x")
		want := make([]int32, len(x))
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortStableFunc(want, func(i, j int32) int { return cmp.Compare(x[i], x[j]) })
		if got := argsort(x); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
