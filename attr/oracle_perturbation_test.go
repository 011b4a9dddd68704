package attr

import (
	"os"
	"path/filepath"
	"testing"
)

// checkPerturbations compares with Captum's feature ablation, occlusion and
// Shapley values over the masks of the folder.
func checkPerturbations(t *testing.T, o outside) {
	t.Helper()
	mask := func(name string) Mask { return FileMask(filepath.Join(o.dir, name+".npy")) }
	size := o.env.size()
	for _, r := range []struct {
		array string
		m     Method
	}{
		{"feature_ablation_8x8", &FeatureAblation{Mask: mask("feature_mask_8x8")}},
		{"feature_ablation_8x8", &FeatureAblation{Mask: GridMask(4)}},
		{"feature_ablation_8x8", &FeatureAblation{Mask: CellsMask(8)}},
		{"occlusion_3x4x4_s2", &Occlusion{Window: BoxExtent(3, 4, 4), Stride: BoxExtent(3, 2, 2)}},
		{"occlusion_3x4x4_s2", &Occlusion{Window: SquareExtent(4), Stride: SquareExtent(2)}},
		{"occlusion_3x5x5_s3", &Occlusion{Window: SquareExtent(5), Stride: BoxExtent(3, 3, 3)}},
	} {
		want := o.array(t, r.array).Float64s()
		for i, a := range attribute(t, o.env, r.m, o.in) {
			d := relative(a.Map, want[i*size:(i+1)*size])
			t.Logf("%s, image %d: relative error %.1e", r.array, i, d)
			if !(d <= 1e-4) {
				t.Errorf("%s, image %d: relative error %v, want 1e-4", r.array, i, d)
			}
		}
	}
}

// checkShapley compares with Captum's ShapleyValues, which adds up the rises of
// all 40320 orders of 8 features in float32 and is off by up to 2e-4 from its
// own definition for it. So: our values in float64 within 2e-4, and within 1e-5
// once we add up our network's answers as Captum does.
func checkShapley(t *testing.T, o outside) {
	t.Helper()
	mask := FileMask(filepath.Join(o.dir, "feature_mask_8.npy"))
	size := o.env.size()
	p, err := mask.fixed(o.env.Worker.Model().Net().Input)
	if err != nil {
		t.Fatal(err)
	}
	want := o.array(t, "shapley_exact_8").Float64s()
	base := make([]float32, size)
	for i, a := range attribute(t, o.env, &ShapleyValues{Mask: mask, Spread: "copy"}, o.in) {
		d := relative(a.Map, want[i*size:(i+1)*size])
		v := subsets(t, o.env, o.in[i], p, base)
		total := make([]float32, p.count())
		orders := 0
		perm := make([]int, 0, len(total))
		var order func(set int)
		order = func(set int) {
			if set == len(v)-1 {
				orders++
				before, at := float32(v[0]), 0
				for _, f := range perm {
					at |= 1 << f
					total[f] += float32(v[at]) - before
					before = float32(v[at])
				}
				return
			}
			for f := range total {
				if set>>f&1 == 0 {
					perm = append(perm, f)
					order(set | 1<<f)
					perm = perm[:len(perm)-1]
				}
			}
		}
		order(0)
		theirs := make([]float32, size)
		for j, f := range p.of {
			theirs[j] = total[f] / float32(orders)
		}
		d32 := relative(theirs, want[i*size:(i+1)*size])
		t.Logf("shapley_exact_8, image %d: relative error %.1e, added up in float32 %.1e", i, d, d32)
		if !(d <= 2e-4) || !(d32 <= 1e-5) {
			t.Errorf("shapley_exact_8, image %d: relative errors %v and %v, want 2e-4 and 1e-5", i, d, d32)
		}
	}
}

func TestOutsidePerturbations(t *testing.T) {
	o := committed(t)
	checkPerturbations(t, o)
	checkShapley(t, o)
}

func TestOutsidePerturbationsOnCIFAR10(t *testing.T) {
	dir, weights := os.Getenv("ASSAY_GOLDEN"), os.Getenv("ASSAY_WEIGHTS")
	if dir == "" || weights == "" {
		t.Skip("set ASSAY_GOLDEN to the folder of outside values and ASSAY_WEIGHTS to the weights of Captum's tutorial")
	}
	o := openOutside(t, dir, weights)
	checkPerturbations(t, o)
	checkShapley(t, o)
}
