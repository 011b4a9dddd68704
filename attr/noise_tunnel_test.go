package attr

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"assay/model"
	"assay/model/rng"
)

// A share of the image's range is the same noise as its product with the range.
func TestRelativeNoise(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 31)
	for i, in := range images(e, 3) {
		span := float64(slices.Max(in.X)) - float64(slices.Min(in.X))
		one := []Input{in}
		want := attribute(t, e, &NoiseTunnel{Over: &Saliency{}, NTType: "smoothgrad", NTSamples: 7, Stdevs: 0.1 * span}, one)[0]
		got := attribute(t, e, &NoiseTunnel{Over: &Saliency{}, NTType: "smoothgrad", NTSamples: 7, Stdevs: 0.1, StdevsRelative: true}, one)[0]
		same(t, fmt.Sprint("image ", i), got, want)
	}
	// Beside an absolute one of the same number in one sweep.
	ms := []Method{
		&NoiseTunnel{Over: &Saliency{}, NTType: "vargrad", NTSamples: 5, Stdevs: 0.1, StdevsRelative: true},
		&NoiseTunnel{Over: &Saliency{}, NTType: "vargrad", NTSamples: 3, Stdevs: 0.1},
	}
	in := images(e, 4)
	want := [][]kept{attribute(t, e, ms[0], in), attribute(t, e, ms[1], in)}
	err := Run(e, ms, in, func(k, i int, a Attribution) { same(t, fmt.Sprint("sweep ", k, i), kept{a}, want[k][i]) })
	if err != nil {
		t.Fatal(err)
	}
}

// With a tolerance, a map is that of the number of copies it reports, and its
// standard error is what it is over those copies.
func TestToleranceStopsWhereTheErrorIsSmall(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 32)
	in := images(e, 19)
	for _, nt := range []string{"smoothgrad", "smoothgrad_sq", "vargrad"} {
		steps := map[int]bool{}
		o := &NoiseTunnel{Over: &InputXGradient{}, NTType: nt, NTSamples: 1, Stdevs: 0.3, Tolerance: 0.15, MaxSamples: 2000}
		var se []float32
		if err := o.Attribute(e, in[:1], func(_ int, a Attribution) { se = slices.Clone(a.StdErr) }); err != nil {
			t.Fatal(err)
		}
		for i, a := range attribute(t, e, o, in) {
			steps[a.Steps] = true
			fixed := &NoiseTunnel{Over: o.Over, NTType: nt, NTSamples: a.Steps, Stdevs: 0.3}
			want := attribute(t, e, fixed, in[i:i+1])[0]
			same(t, fmt.Sprint(nt, " image ", i), kept{Attribution{Map: a.Map, StdErr: a.StdErr, FX: a.FX}}, want)
			if i > 0 {
				continue
			}
			if error := math.Sqrt(squares(se) / squares(a.Map)); a.Steps < 2000 && error > 0.15 {
				t.Errorf("%s: stopped after %d copies at a standard error of %v of the map", nt, a.Steps, error)
			}
			before := &NoiseTunnel{Over: o.Over, NTType: nt, NTSamples: 1, Stdevs: 0.3, Tolerance: 1e-9, MaxSamples: max(2, a.Steps/2)}
			err := before.Attribute(e, in[:1], func(_ int, half Attribution) {
				if error := math.Sqrt(squares(half.StdErr) / squares(half.Map)); a.Steps > firstSamples && error <= 0.15 {
					t.Errorf("%s: went on after %d copies with a standard error of %v of the map", nt, half.Steps, error)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(steps) < 2 {
			t.Errorf("%s: all images took %v copies, want more where it takes more", nt, steps)
		}
	}
}

func squares(x []float32) float64 {
	var s float64
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return s
}

// The standard errors are those of independent repetitions.
func TestStandardErrorsOfNoise(t *testing.T) {
	const copies, runs = 64, 400
	for _, nt := range []string{"smoothgrad", "smoothgrad_sq", "vargrad"} {
		var values []float64
		var predicted float64
		x := make([]float32, 1)
		m, se := make([]float32, 1), make([]float32, 1)
		for r := range runs {
			s := rng.New(5, "repetition", r)
			sums := newNoiseMoments(1, nt)
			for range copies {
				s.Normals(x)
				x[0] = 1 + 2*x[0]
				sums.add(x)
			}
			sums.read(nt, m, se)
			values = append(values, float64(m[0]))
			predicted += float64(se[0]) * float64(se[0]) / runs
		}
		var mean, variance float64
		for _, v := range values {
			mean += v / runs
		}
		for _, v := range values {
			variance += (v - mean) * (v - mean) / (runs - 1)
		}
		if ratio := math.Sqrt(predicted / variance); ratio < 0.8 || ratio > 1.25 {
			t.Errorf("%s: predicted standard errors are %v of the observed", nt, ratio)
		}
	}
}

// By hand: of the copies 1 and 3, and 0, 0, 0 and 4. One copy tells nothing.
func TestNoiseMomentsOfKnownValues(t *testing.T) {
	for _, r := range []struct {
		nt     string
		copies []float32
		m, se  float32
	}{
		{"smoothgrad", []float32{1, 3}, 2, 1},
		{"smoothgrad", []float32{0, 0, 0, 4}, 1, 1},
		{"smoothgrad", []float32{0.1, 0.1, 0.1}, 0.1, 0},
		{"smoothgrad_sq", []float32{1, 3}, 5, 4},
		{"smoothgrad_sq", []float32{0, 0, 0, 4}, 4, 4},
		{"vargrad", []float32{1, 3}, 1, float32(math.Sqrt(1.0/8 + 1.0/2))},
		{"vargrad", []float32{0, 0, 0, 4}, 3, float32(math.Sqrt(21.0*9/64 - 9.0/12))}, // m4 = (3+81)/4
	} {
		// Nine values at a time, which the kernels cut into eight and one.
		sums := newNoiseMoments(9, "smoothgrad", "smoothgrad_sq", "vargrad")
		m, se := make([]float32, 9), make([]float32, 9)
		for _, c := range r.copies {
			sums.add(slices.Repeat([]float32{c}, 9))
		}
		if got := sums.read(r.nt, m, se); got == nil {
			t.Errorf("%s of %v has no standard error", r.nt, r.copies)
		}
		for j := range m {
			if m[j] != r.m || se[j] != r.se {
				t.Errorf("%s of %v: value %d is %v +- %v, want %v +- %v", r.nt, r.copies, j, m[j], se[j], r.m, r.se)
			}
		}
	}
	one := newNoiseMoments(1, "smoothgrad", "smoothgrad_sq")
	one.add([]float32{3})
	m, se := make([]float32, 1), make([]float32, 1)
	if got := one.read("smoothgrad_sq", m, se); got != nil || m[0] != 9 {
		t.Errorf("the square of a single 3 is %v +- %v, want 9 and no standard error", m[0], got)
	}
}

// Maps and standard errors of a sweep are those of each configuration alone, and
// those of the copies explained one by one, over methods that draw themselves
// too. Without noise nothing is uncertain.
func TestStandardErrorsOfNTSamples(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 34)
	in := images(e, 18)
	z := make([]float32, e.size())
	for _, over := range []Method{&Saliency{Abs: true}, &InputXGradient{}, Methods["gradient_shap"].New(), Methods["kernel_shap"].New()} {
		var ms []Method
		for _, nt := range []string{"smoothgrad", "smoothgrad_sq", "vargrad"} {
			for _, n := range []int{2, 5} {
				ms = append(ms, &NoiseTunnel{Over: over, NTType: nt, NTSamples: n, Stdevs: 0.4})
			}
		}
		ms = append(ms, &NoiseTunnel{Over: over, NTType: "smoothgrad", NTSamples: 1, Stdevs: 0.4}, &NoiseTunnel{Over: over, NTType: "smoothgrad", NTSamples: 3})
		var alone [][]kept
		for _, m := range ms {
			alone = append(alone, attribute(t, e, m, in))
		}
		if err := Run(e, ms, in, func(k, i int, a Attribution) { same(t, fmt.Sprint(Name(over), " ", k, i), kept{a}, alone[k][i]) }); err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, 17} {
			var copies [][]float32
			for s := range 5 {
				noisy := in[i]
				noisy.X = make([]float32, e.size())
				rng.New(e.Seed, "noise", noisy.Index, s).Normals(z)
				model.AddScaled(0.4, z, in[i].X, noisy.X)
				copies = append(copies, attribute(t, e, over, []Input{noisy})[0].Map)
			}
			for k, m := range ms[:6] {
				o := m.(*NoiseTunnel)
				n := float64(o.NTSamples)
				for j, got := range alone[k][i].StdErr {
					var mean, square, fourth, largest float64 // of a, or of a^2
					for _, c := range copies[:o.NTSamples] {
						v := float64(c[j])
						if o.NTType == "smoothgrad_sq" {
							v *= v
						}
						mean += v / n
					}
					for _, c := range copies[:o.NTSamples] {
						v := float64(c[j])
						if o.NTType == "smoothgrad_sq" {
							v *= v
						}
						square += (v - mean) * (v - mean) / n
						fourth += math.Pow(v-mean, 4) / n
						largest = math.Max(largest, math.Abs(v))
					}
					want := math.Sqrt(square / (n - 1))
					tolerance := 1e-6*want + 1e-7*largest
					if o.NTType == "vargrad" {
						s2 := square * n / (n - 1) // unbiased
						want = (n - 1) / n * math.Sqrt(fourth/n-s2*s2*(n-3)/(n*(n-1)))
						tolerance = 1e-6*want + 1e-6*largest*largest
					}
					if math.Abs(float64(got)-want) > tolerance {
						t.Fatalf("%s over %s, %d copies, image %d, value %d: standard error %v, want %v", o.NTType, Name(over), o.NTSamples, i, j, got, want)
					}
				}
			}
		}
		for i := range in {
			if alone[6][i].StdErr != nil {
				t.Errorf("%s image %d: a standard error of a single copy", Name(over), i)
			}
			if se := alone[7][i].StdErr; se == nil || slices.Max(se) > 0 {
				t.Errorf("%s image %d: standard errors without noise: %v", Name(over), i, se)
			}
		}
	}
}

// Noise goes through the image, whatever the shape of the maps.
func TestNoiseOverLayersAndNeurons(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 33)
	in := images(e, 18)
	z := make([]float32, e.size())
	for _, over := range []Method{
		&LayerActivation{AtLayer{Layer: "fc1"}},
		&LayerDeepLift{AtLayer{Layer: "conv2"}, DeepLift{MultiplyByInputs: true}},
		&LayerConductance{AtLayer: AtLayer{Layer: "pool1"}, Path: Path{NSteps: 3, Quadrature: "gausslegendre"}},
		&NeuronGradient{AtNeuron{Layer: "conv2", Neuron: []int{1, 1, 1}}},
		&NeuronConductance{AtNeuron: AtNeuron{Layer: "fc1", Neuron: []int{2}}, Path: Path{NSteps: 5, Quadrature: "riemann_left"}},
	} {
		o := &NoiseTunnel{Over: over, NTType: "smoothgrad", NTSamples: 3, Stdevs: 0.4}
		got := attribute(t, e, o, in)
		plain := attribute(t, e, over, in)
		for i := range in {
			want, squares := make([]float64, len(plain[i].Map)), make([]float64, len(plain[i].Map))
			for s := range 3 {
				noisy := in[i]
				noisy.X = make([]float32, e.size())
				rng.New(e.Seed, "noise", noisy.Index, s).Normals(z)
				model.AddScaled(0.4, z, in[i].X, noisy.X)
				for j, v := range attribute(t, e, over, []Input{noisy})[0].Map {
					want[j] += float64(v)
					squares[j] += float64(v) * float64(v)
				}
			}
			a := kept{Attribution{Map: make([]float32, len(want)), StdErr: make([]float32, len(want)), FX: plain[i].FX}}
			for j := range want {
				a.Map[j] = float32(want[j] / 3)
				a.StdErr[j] = float32(math.Sqrt(math.Max(0, (squares[j]/3-float64(want[j]/3*(want[j]/3)))/2)))
			}
			same(t, fmt.Sprint(Name(over), " image ", i), got[i], a)
		}
	}
}
