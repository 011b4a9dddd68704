package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"assay/model"
)

// ParameterRandomization randomises the layers of the network and measures how
// similar the new maps are to the original ones. A map that stays similar does
// not depend on what the network has learned.
//
// Adebayo, Gilmer, Muelly, Goodfellow, Hardt & Kim, "Sanity Checks for Saliency
// Maps", NeurIPS 2018, section 3: cascading randomises the layers from the
// output down to each depth, independent one layer at a time. A randomised
// layer gets new weights and biases from the distribution training starts with
// (model.Init). Both modes draw the same values for the same layer, and the
// first k of NSeeds randomisations are those of n_seeds k. The explained class
// stays that of the original network.
//
// What is compared, per image, are pixels: sums over the channels of
// |attribution| (series ending in "abs") or of the attribution. Spearman takes
// them as they are. SSIM takes them scaled as they would be shown: the absolute
// ones from their minimum and maximum to 0 and 1, the signed ones by their
// largest magnitude to -1 to 1. The paper's third measure, the correlation of
// histograms of gradients, is not among the series.
//
// A similarity is NaN where it is not defined: Spearman where one of the two
// maps is constant, SSIM where one cannot be scaled (absolute: constant;
// signed: 0 everywhere) or is under 11 pixels high or wide. One such
// randomisation makes the mean over NSeeds NaN: it is never left out silently.
type ParameterRandomization struct {
	// Mode is cascading, independent or both.
	Mode string `yaml:"mode" doc:"cascading, independent or both" jsonschema:"enum=both,enum=cascading,enum=independent"`
	// NSeeds is the number of randomisations averaged over, 1 to 1000.
	NSeeds int `yaml:"n_seeds" doc:"randomisations averaged over" jsonschema:"minimum=1,maximum=1000"`
	// MaxImages keeps the first so many images of the run; 0 means all. It is
	// for whoever chooses the cases (Limit): Score takes all it is given.
	MaxImages int `yaml:"max_images" doc:"computed for the first so many images; 0 means all" jsonschema:"minimum=0"`
}

// measures names the similarities in the order in which compare returns them.
var measures = [4]struct{ name, about string }{
	{"spearman", "rank correlation with the original map"},
	{"spearman abs", "rank correlation of absolute values with the original map"},
	{"ssim", "structural similarity to the original map"},
	{"ssim abs", "structural similarity of absolute values to the original map"},
}

// Check reports every option that is out of range.
func (p *ParameterRandomization) Check(*model.Net) error {
	var ps problems
	ps.oneOf("mode", p.Mode, "both", "cascading", "independent")
	ps.between("n_seeds", p.NSeeds, 1, 1000, "randomisations")
	ps.between("max_images", p.MaxImages, 0, math.MaxInt32, "images")
	return errors.Join(ps...)
}

// Limit returns how many images the metric wants at most, the first of the run;
// 0 means all. Score itself takes every case it is given.
func (p *ParameterRandomization) Limit() int { return p.MaxImages }

func (p *ParameterRandomization) modes() []string {
	if p.Mode == "both" {
		return []string{"cascading", "independent"}
	}
	return []string{p.Mode}
}

// fromOutput lists the layers that have weights, output to input.
func fromOutput(n *model.Net) []string {
	layers := n.Weighted()
	slices.Reverse(layers)
	return layers
}

// Series describes four curves for each mode. Their first point is the
// similarity of the original map to itself, point k that with the k-th layer
// from the output randomised: alone, or with all between it and the output.
func (p *ParameterRandomization) Series(n *model.Net) []Series {
	ticks := append([]string{"original"}, fromOutput(n)...)
	x := make([]float64, len(ticks))
	for i := range x {
		x[i] = float64(i)
	}
	var out []Series
	for _, mode := range p.modes() {
		xname := "randomised down to layer"
		if mode == "independent" {
			xname = "randomised layer"
		}
		for _, m := range measures {
			out = append(out, Series{Name: mode + " " + m.name, About: m.about, X: x, XName: xname, Ticks: ticks})
		}
	}
	return out
}

// Score calls Explain once for every randomised network, with all cases. Cases
// need Map besides what Explain needs.
func (p *ParameterRandomization) Score(e *Env, cases []Case) ([][]float64, error) {
	out, err := p.score(e, cases)
	if err != nil {
		return nil, fmt.Errorf("metrics: parameter_randomization: %w", err)
	}
	return out, nil
}

func (p *ParameterRandomization) score(e *Env, cases []Case) ([][]float64, error) {
	trained := e.Worker.Model()
	n := trained.Net()
	if err := errors.Join(p.Check(n), checkCases(n, cases)); err != nil {
		return nil, err
	}
	points, series := len(n.Weighted())+1, len(p.modes())*len(measures)
	out := make([][]float64, len(cases))
	original := make([]profile, len(cases))
	for i := range cases {
		out[i] = make([]float64, series*points)
		original[i] = newProfile(cases[i].Map, n.Input)
		self := original[i].compare(original[i])
		for s := range series {
			out[i][s*points] = self[s%len(measures)]
		}
	}
	for seed := range p.NSeeds {
		for _, v := range p.variants(n) {
			m, err := randomize(trained, v.layers, e.Seed, seed)
			if err != nil {
				return nil, err
			}
			seen := 0
			err = e.Explain(m, cases, func(i int, again []float32) {
				seen++
				similarity := original[i].compare(newProfile(again, n.Input))
				for _, mode := range v.modes {
					for k, s := range similarity {
						out[i][(mode*len(measures)+k)*points+v.depth] += s
					}
				}
			})
			if err == nil && seen != len(cases) {
				err = fmt.Errorf("%d maps came, want %d", seen, len(cases))
			}
			if err != nil {
				return nil, fmt.Errorf("with %s randomised: %w", strings.Join(v.layers, ", "), err)
			}
		}
	}
	for _, row := range out {
		for k := range row {
			if k%points > 0 {
				row[k] /= float64(p.NSeeds)
			}
		}
	}
	return out, nil
}

// variant is one randomised network: which layers, and what point of which
// modes' curves it gives.
type variant struct {
	layers []string
	modes  []int // indices into modes()
	depth  int
}

// variants lists the networks to explain. The output layer alone is the first
// of both modes and comes once.
func (p *ParameterRandomization) variants(n *model.Net) []variant {
	layers, modes := fromOutput(n), p.modes()
	var out []variant
	for i := range layers {
		if i == 0 && len(modes) == 2 {
			out = append(out, variant{layers[:1], []int{0, 1}, 1})
			continue
		}
		for m, mode := range modes {
			v := variant{layers[i : i+1], []int{m}, i + 1}
			if mode == "cascading" {
				v.layers = layers[:i+1]
			}
			out = append(out, v)
		}
	}
	return out
}

func (p *ParameterRandomization) cost(n *model.Net) (forward, explain int) {
	return 0, p.NSeeds * len(p.variants(n))
}

// randomize returns the model with new weights and biases in the layers. A
// tensor's draw depends on its name, the run's seed and the number of the
// randomisation alone, not on the mode or the other layers.
func randomize(m *model.Model, layers []string, seed uint64, number int) (*model.Model, error) {
	w := &model.Weights{Tensors: slices.Clone(m.Weights().Tensors)}
	for _, p := range m.Net().Params() {
		if !slices.Contains(layers, p.Layer) {
			continue
		}
		i := slices.IndexFunc(w.Tensors, func(t model.Tensor) bool { return t.Name == p.Name })
		w.Tensors[i] = model.InitTensor(p, seed, fmt.Sprintf("randomize/%d", number))
	}
	return model.New(m.Net(), w)
}

// profile is a map made ready to be compared with many others.
type profile struct {
	signed, abs           ranks
	signedShown, absShown moments // as scaled to be shown; empty where the map cannot be scaled
}

func newProfile(m []float32, shape model.Shape) profile {
	var p profile
	sum := make([]float64, shape.H*shape.W)
	channelSum(sum, m, false)
	p.signed = rank(sum)
	largest := 0.0
	for _, v := range sum {
		largest = max(largest, math.Abs(v))
	}
	if largest > 0 {
		shown := make([]float64, len(sum))
		for i, v := range sum {
			shown[i] = v / largest
		}
		p.signedShown = newMoments(shown, shape.W)
	}
	channelSum(sum, m, true)
	p.abs = rank(sum)
	if low, high := slices.Min(sum), slices.Max(sum); high > low {
		for i, v := range sum {
			sum[i] = (v - low) / (high - low)
		}
		p.absShown = newMoments(sum, shape.W)
	}
	return p
}

// compare returns the similarities in the order of measures.
func (p profile) compare(o profile) [len(measures)]float64 {
	return [...]float64{
		p.signed.correlation(o.signed),
		p.abs.correlation(o.abs),
		p.signedShown.ssim(o.signedShown, 2),
		p.absShown.ssim(o.absShown, 1),
	}
}
