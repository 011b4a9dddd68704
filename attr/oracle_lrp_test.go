package attr

import (
	"math"
	"os"
	"testing"
)

// checkOutsideLRP compares with Captum's LRP: relative L2 per image, and its
// delta, whose sign is the other. Captum's gamma and z_plus divide by sums of
// mixed signs that may nearly vanish; relevance of a hundred times F(x) and both
// signs comes out, and in float32 neither side knows the delta better than to
// 1e-5 of all that.
func checkOutsideLRP(t *testing.T, o outside) {
	size := o.env.size()
	for _, r := range []struct{ array, rules string }{
		{"lrp_default", ""},
		{"lrp_gamma_conv_eps_fc", "conv*=gamma(0.25), fc*=epsilon(1e-6)"},
		{"lrp_alpha1beta0_conv_eps_fc", "conv*=z_plus, fc*=epsilon(1e-6)"},
	} {
		m := newLRP()
		m.Compat = "captum"
		if err := m.Rules.UnmarshalText([]byte(r.rules)); err != nil {
			t.Fatal(err)
		}
		want, deltas := o.array(t, r.array).Float64s(), o.array(t, r.array+".delta").Float64s()
		for i, a := range attribute(t, o.env, m, o.in) {
			if !a.Reversed {
				t.Errorf("%s image %d: the delta has our sign, want Captum's", r.array, i)
			}
			d := relative(a.Map, want[i*size:(i+1)*size])
			t.Logf("%s image %d: relative error %.1e, delta %v, want %v", r.array, i, d, -a.delta(), deltas[i])
			if !(d <= 1e-4) {
				t.Errorf("%s image %d: relative error %v, want 1e-4", r.array, i, d)
			}
			var all float64
			for _, v := range a.Map {
				all += math.Abs(float64(v))
			}
			if d, tol := math.Abs(-a.delta()-deltas[i]), max(1e-4, 1e-5*all); !(d <= tol) {
				t.Errorf("%s image %d: delta differs by %v, want %v", r.array, i, d, tol)
			}
		}
	}
}

func TestOutsideLRP(t *testing.T) { checkOutsideLRP(t, committed(t)) }

func TestOutsideLRPOnCIFAR10(t *testing.T) {
	dir, weights := os.Getenv("ASSAY_GOLDEN"), os.Getenv("ASSAY_WEIGHTS")
	if dir == "" || weights == "" {
		t.Skip("set ASSAY_GOLDEN to the folder of outside values and ASSAY_WEIGHTS to the weights of Captum's tutorial")
	}
	checkOutsideLRP(t, openOutside(t, dir, weights))
}
