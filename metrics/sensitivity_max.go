package metrics

import (
	"errors"
	"fmt"
	"math"

	"assay/model"
	"assay/model/rng"
)

// SensitivityMax explains the image anew with a little noise on it and measures
// how far the map moves at most. The noise is drawn uniformly from the box of
// PerturbRadius around the image (a ball in the maximum norm); what is explained
// stays the target of the image itself.
//
// Yeh, Hsieh, Suggala, Inouye & Ravikumar, "On the (In)fidelity and Sensitivity
// of Explanations", NeurIPS 2019, section 3: the largest |map' - map|. That is
// the series absolute. Options, defaults and the series relative are those of
// Captum's metrics.sensitivity_max, which divides by |map|. Both estimate a
// maximum from NPerturbSamples draws, so the value is a lower bound and grows
// with their number.
//
// A draw depends on the run's seed, the image's index and the number of the
// sample alone: all methods see the same images, all radii scale the same draws,
// and the first k of n samples are those of n_perturb_samples k. A method that
// draws by itself (noise, masks, orders of pixels) draws the same for the
// perturbed image as for the image, since its streams are named by the image's
// index: what is measured is the map's answer to the input. In Captum it draws
// anew, and its own scatter comes on top.
//
// Relative is NaN where the map is 0 everywhere and does not stay so: there is
// nothing to relate to (Captum divides by 1 there). Where it stays 0, both are 0.
type SensitivityMax struct {
	// PerturbRadius is the largest change of an input value, more than 0, at
	// most 1000, in normalised units.
	PerturbRadius float64 `yaml:"perturb_radius" doc:"largest change of an input value, in normalised units; more than 0" jsonschema:"exclusiveMinimum=0,maximum=1000"`
	// NPerturbSamples is the number of perturbed images, 1 to 10000.
	NPerturbSamples int `yaml:"n_perturb_samples" doc:"perturbed copies of each image" jsonschema:"minimum=1,maximum=10000"`
	// NormOrd is the norm of maps: fro (Euclidean), l1 (sum of magnitudes) or
	// inf (the largest magnitude).
	NormOrd string `yaml:"norm_ord" doc:"norm of maps: fro (Euclidean), l1 or inf" jsonschema:"enum=fro,enum=l1,enum=inf"`
}

// Check reports every option that is out of range.
func (s *SensitivityMax) Check(*model.Net) error {
	var ps problems
	ps.above("perturb_radius", s.PerturbRadius, 0, 1000)
	ps.between("n_perturb_samples", s.NPerturbSamples, 1, 10000, "perturbed images")
	ps.oneOf("norm_ord", s.NormOrd, "fro", "l1", "inf")
	return errors.Join(ps...)
}

// Series describes Captum's value and the paper's.
func (s *SensitivityMax) Series(*model.Net) []Series {
	return []Series{
		{Name: "relative", About: "largest |map of the perturbed image - map| / |map|", Better: -1},
		// Of methods with other units, none is the better one.
		{Name: "absolute", About: "largest |map of the perturbed image - map|, in units of the map"},
	}
}

// Score explains every perturbed image. Cases need Map besides what Explain
// needs.
func (s *SensitivityMax) Score(e *Env, cases []Case) ([][]float64, error) {
	n := e.Worker.Model().Net()
	err := errors.Join(s.Check(n), checkCases(n, cases))
	var out [][]float64
	if err == nil {
		out, err = s.score(e, cases, s.perturbed(e.Seed))
	}
	if err != nil {
		return nil, fmt.Errorf("metrics: sensitivity_max: %w", err)
	}
	return out, nil
}

func (s *SensitivityMax) cost(*model.Net) (forward, explain int) { return 0, s.NPerturbSamples }

// perturbed returns the function that writes x plus perturbation number sample
// of image index into dst.
func (s *SensitivityMax) perturbed(seed uint64) func(index, sample int, x, dst []float32) {
	var draw rng.Stream
	return func(index, sample int, x, dst []float32) {
		draw.Reset(seed, "sensitivity", index, sample)
		for j, v := range x {
			dst[j] = v + float32(s.PerturbRadius*(2*draw.Float64()-1))
		}
	}
}

// explainedAtOnce bounds the perturbed images that are held at a time; a
// multiple of model.Lanes, so that the blocks of every call but the last are full.
const explainedAtOnce = 32 * model.Lanes

func (s *SensitivityMax) score(e *Env, cases []Case, perturbed func(index, sample int, x, dst []float32)) ([][]float64, error) {
	m := e.Worker.Model()
	size := m.Net().Input.Size()
	out := make([][]float64, len(cases))
	for i := range out {
		out[i] = []float64{0, 0}
	}
	total := len(cases) * s.NPerturbSamples
	around := make([]Case, min(total, explainedAtOnce))
	pixels := make([]float32, len(around)*size)
	for from := 0; from < total; from += len(around) {
		around = around[:min(len(around), total-from)]
		for k := range around {
			c := &cases[(from+k)/s.NPerturbSamples]
			x := pixels[k*size : (k+1)*size]
			perturbed(c.Index, (from+k)%s.NPerturbSamples, c.X, x)
			around[k] = Case{Index: c.Index, X: x, Label: c.Label, Predicted: c.Predicted, Target: c.Target}
		}
		seen := 0
		var bad error
		err := e.Explain(m, around, func(k int, again []float32) {
			seen++
			i := (from + k) / s.NPerturbSamples
			off := s.norm(again, cases[i].Map)
			if off-off != 0 && bad == nil {
				bad = fmt.Errorf("image %d: the map of perturbed copy %d is not finite", cases[i].Index, (from+k)%s.NPerturbSamples)
			}
			out[i][1] = max(out[i][1], off)
		})
		switch {
		case err != nil:
		case bad != nil:
			err = bad
		case seen != len(around):
			err = fmt.Errorf("%d maps came, want %d", seen, len(around))
		}
		if err != nil {
			return nil, fmt.Errorf("with perturbed images: %w", err)
		}
	}
	for i, v := range out {
		size := s.norm(cases[i].Map, nil)
		switch {
		case v[1] == 0: // nothing moved
		case size == 0:
			v[0] = math.NaN()
		default:
			v[0] = v[1] / size
		}
	}
	return out, nil
}

// norm returns the norm of a - b, of a where b is nil.
func (s *SensitivityMax) norm(a, b []float32) float64 {
	sum, largest := 0.0, 0.0
	for j, v := range a {
		d := float64(v)
		if b != nil {
			d -= float64(b[j])
		}
		if s.NormOrd == "fro" {
			sum += float64(d * d)
			continue
		}
		sum += math.Abs(d)
		largest = max(largest, math.Abs(d))
	}
	switch s.NormOrd {
	case "fro":
		return math.Sqrt(sum)
	case "inf":
		return largest
	}
	return sum
}
