package metrics

import (
	"errors"
	"fmt"

	"assay/model"
	"assay/model/rng"
)

// Infidelity perturbs an image and measures how far the change that the map
// foretells is from the change of the output:
//
//	mean over perturbations I of (sum(I map) - (F(x) - F(x-I)))^2
//
// in squared logits. 0 is a map that foretells every change, as the gradient
// does on a linear network.
//
// Yeh, Hsieh, Suggala, Inouye & Ravikumar, "On the (In)fidelity and Sensitivity
// of Explanations", NeurIPS 2019, section 2. Options and semantics are those of
// Captum's metrics.infidelity and, for MultiplyByInputs, of its
// infidelity_perturb_func_decorator. The paper has no Normalize; Captum leaves
// the choice of the perturbation to the caller. Both take I as it was meant, we
// take it as it came out, x less the perturbed image in float32.
//
// A perturbation depends on the run's seed, the image's index and the number of
// the sample alone: all methods see the same, all Stdev scale the same draws,
// and the first k of n samples are those of n_perturb_samples k.
type Infidelity struct {
	// Perturbation is gaussian (noise on every input value) or square (a square
	// of pixels, at a place drawn uniformly among all that lie within the image,
	// is replaced by Baseline in all channels).
	Perturbation string `yaml:"perturbation" doc:"gaussian (noise on every value) or square (a square of pixels is replaced by baseline)" jsonschema:"enum=gaussian,enum=square"`
	// Stdev is the standard deviation of gaussian, more than 0, at most 1000.
	Stdev float64 `yaml:"stdev" doc:"standard deviation of the gaussian noise, in normalised units; more than 0" jsonschema:"exclusiveMinimum=0,maximum=1000"`
	// Square is the side of square, 1 to the shorter side of the image.
	Square int `yaml:"square" doc:"side of the square in pixels" jsonschema:"minimum=1"`
	// Baseline is what square puts in place of a pixel, and what
	// MultiplyByInputs takes from the image: one normalised value, -1000 to 1000.
	Baseline float64 `yaml:"baseline" doc:"normalised value that stands for a missing input" jsonschema:"minimum=-1000,maximum=1000"`
	// MultiplyByInputs is for maps that have the factor x - Baseline in them, as
	// those of integrated gradients, DeepLift and gradient x input have: it
	// divides I by that factor. Where the factor is 0, I stays as it is.
	MultiplyByInputs bool `yaml:"multiply_by_inputs" doc:"the maps contain the factor x - baseline: divide the perturbation by it"`
	// NPerturbSamples is the number of perturbations, 1 to 100000.
	NPerturbSamples int `yaml:"n_perturb_samples" doc:"perturbations of each image" jsonschema:"minimum=1,maximum=100000"`
	// Normalize scales the map by the factor that makes the mean least, one for
	// each image, so that maps in other units than logits can be compared.
	Normalize bool `yaml:"normalize" doc:"scale each map by the factor that gives the least infidelity"`
}

// Check reports every option that is out of range.
func (f *Infidelity) Check(n *model.Net) error {
	var ps problems
	ps.oneOf("perturbation", f.Perturbation, "gaussian", "square")
	ps.above("stdev", f.Stdev, 0, 1000)
	side := 1 << 16
	if f.Perturbation == "square" {
		side = min(n.Input.H, n.Input.W)
	}
	ps.between("square", f.Square, 1, side, "pixels")
	ps.within("baseline", f.Baseline, -1000, 1000)
	ps.between("n_perturb_samples", f.NPerturbSamples, 1, 100000, "perturbations")
	return errors.Join(ps...)
}

// Series describes the mean squared error.
func (f *Infidelity) Series(*model.Net) []Series {
	about := "between the change of the output that the map foretells and the true one, in squared logits"
	if f.Normalize {
		about += ", the map scaled as fits best"
	}
	return []Series{{Name: "mean squared error", About: about, Better: -1}}
}

// Score runs the network on every perturbed image. Cases need X, Map, Logits,
// Target and Index.
func (f *Infidelity) Score(e *Env, cases []Case) ([][]float64, error) {
	n := e.Worker.Model().Net()
	err := errors.Join(f.Check(n), checkCases(n, cases))
	var out [][]float64
	if err == nil {
		out, err = f.score(e, cases, f.perturbed(e.Seed, n.Input))
	}
	if err != nil {
		return nil, fmt.Errorf("metrics: infidelity: %w", err)
	}
	return out, nil
}

func (f *Infidelity) cost(*model.Net) (forward, explain int) { return f.NPerturbSamples, 0 }

// perturbed returns the function that writes x less perturbation number sample
// of image index into dst. All are of the shape.
func (f *Infidelity) perturbed(seed uint64, shape model.Shape) func(index, sample int, x, dst []float32) {
	var draw rng.Stream
	if f.Perturbation == "gaussian" {
		noise := make([]float32, shape.Size())
		return func(index, sample int, x, dst []float32) {
			draw.Reset(seed, "infidelity noise", index, sample)
			draw.Normals(noise)
			model.AddScaled(float32(-f.Stdev), noise, x, dst)
		}
	}
	return func(index, sample int, x, dst []float32) {
		draw.Reset(seed, "infidelity square", index, sample)
		top, left := draw.IntN(shape.H-f.Square+1), draw.IntN(shape.W-f.Square+1)
		copy(dst, x)
		for c := range shape.C {
			for r := top; r < top+f.Square; r++ {
				row := dst[(c*shape.H+r)*shape.W:][left : left+f.Square]
				for k := range row {
					row[k] = float32(f.Baseline)
				}
			}
		}
	}
}

// score streams the perturbed images of all cases through the worker, one case
// after another without a gap, so that only the last block is not full.
func (f *Infidelity) score(e *Env, cases []Case, perturbed func(index, sample int, x, dst []float32)) ([][]float64, error) {
	n := f.NPerturbSamples
	foretold := make([]float64, len(cases)*n) // sum(I map)
	change := make([]float64, len(cases)*n)   // F(x) - F(x-I)
	fill := func(i int, dst []float32) {
		c := &cases[i/n]
		perturbed(c.Index, i%n, c.X, dst)
		foretold[i] = f.foretell(c, dst)
	}
	fold := func(i int, logits []float32) {
		t := cases[i/n].Target
		change[i] = t.Of(cases[i/n].Logits) - t.Of(logits)
	}
	if err := e.Worker.Logits(e.Ctx, len(cases)*n, fill, fold); err != nil {
		return nil, err
	}
	out := make([][]float64, len(cases))
	for i := range out {
		a, d := foretold[i*n:(i+1)*n], change[i*n:(i+1)*n]
		scale := 1.0
		if f.Normalize {
			scale = fit(a, d)
		}
		sum := 0.0
		for k := range a {
			off := float64(scale*a[k]) - d[k]
			sum += float64(off * off)
		}
		out[i] = []float64{sum / float64(n)}
	}
	return out, nil
}

// foretell returns sum(I map), the change that the case's map foretells for the
// perturbed input.
func (f *Infidelity) foretell(c *Case, perturbed []float32) float64 {
	sum := 0.0
	for j, x := range c.X {
		if x == perturbed[j] {
			continue
		}
		// What the network sees: float32 numbers, their difference in float64.
		step := float64(x) - float64(perturbed[j])
		if factor := float64(x) - f.Baseline; f.MultiplyByInputs && factor != 0 {
			step /= factor
		}
		sum += float64(step * float64(c.Map[j]))
	}
	return sum
}

// fit returns the factor b that makes the sum of (b a - d)^2 least, 0 where a is
// 0 everywhere and every factor does.
func fit(a, d []float64) float64 {
	above, below := 0.0, 0.0
	for k := range a {
		above += float64(a[k] * d[k])
		below += float64(a[k] * a[k])
	}
	if below == 0 {
		return 0
	}
	return above / below
}
