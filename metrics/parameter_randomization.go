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
// |attribution| (series ending in "abs") or of the attribution. Measures names
// the similarities. Spearman and Kendall take the sums as they are. SSIM takes
// them scaled as they would be shown: the absolute ones from their minimum and
// maximum to 0 and 1, the signed ones by their largest magnitude to -1 to 1. HOG,
// the paper's third measure, correlates the histograms of gradients of both
// scaled from minimum and maximum to 0 and 1; their gradients have no sign, so it
// takes a negated map for the same.
//
// A similarity is NaN where it is not defined: Spearman and Kendall where one of
// the two maps is constant, SSIM where one cannot be scaled (absolute: constant;
// signed: 0 everywhere) or is under 11 pixels high or wide, HOG where one is
// constant or has no gradient within. One such randomisation makes the mean over
// NSeeds NaN: it is never left out silently.
type ParameterRandomization struct {
	// Mode is cascading, independent or both.
	Mode string `yaml:"mode" doc:"cascading, independent or both" jsonschema:"enum=both,enum=cascading,enum=independent"`
	// NSeeds is the number of randomisations averaged over, 1 to 1000.
	NSeeds int `yaml:"n_seeds" doc:"randomisations averaged over" jsonschema:"minimum=1,maximum=1000"`
	// MaxImages keeps the first so many images of the run; 0 means all. It is
	// for whoever chooses the cases (Limit): Score takes all it is given.
	MaxImages int `yaml:"max_images" doc:"computed for the first so many images; 0 means all" jsonschema:"minimum=0"`
	// Measures lists similarities: spearman, kendall, ssim, hog, each once. None
	// means spearman and ssim.
	Measures []string `yaml:"measures,omitempty" doc:"list of similarities: spearman, kendall, ssim, hog; spearman and ssim unless given" jsonschema:"enum=spearman,enum=kendall,enum=ssim,enum=hog,minItems=1,uniqueItems=true"`
}

// chosen lists what Measures names.
func (p *ParameterRandomization) chosen() []measure {
	names := p.Measures
	if len(names) == 0 {
		names = []string{"spearman", "ssim"}
	}
	var out []measure
	for _, name := range names {
		out = append(out, measures[slices.IndexFunc(measures, func(m measure) bool { return m.name == name })])
	}
	return out
}

// Check reports every option that is out of range.
func (p *ParameterRandomization) Check(n *model.Net) error {
	var ps problems
	ps.oneOf("mode", p.Mode, "both", "cascading", "independent")
	ps.between("n_seeds", p.NSeeds, 1, 1000, "randomisations")
	ps.between("max_images", p.MaxImages, 0, math.MaxInt32, "images")
	var known []string
	for _, m := range measures {
		known = append(known, m.name)
	}
	for i, name := range p.Measures {
		ps.oneOf("measures", name, known...)
		if slices.Contains(p.Measures[:i], name) {
			ps.add("measures", "names %s twice", name)
		}
	}
	for _, m := range []struct {
		name string
		side int
	}{{"hog", hogSide}, {"ssim", ssimSide}} {
		if h, w := n.Input.H, n.Input.W; slices.Contains(p.Measures, m.name) && min(h, w) < m.side {
			ps.add("measures", "names %s, which needs images of at least %dx%d pixels, and these have %dx%d", m.name, m.side, m.side, h, w)
		}
	}
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

// Series describes two curves for each measure and mode. Their first point is the
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
		for _, m := range p.chosen() {
			for k, suffix := range []string{"", " abs"} {
				out = append(out, Series{Name: mode + " " + m.name + suffix, About: m.about[k], X: x, XName: xname, Ticks: ticks})
			}
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
	ms := p.chosen()
	points, perMode := len(n.Weighted())+1, 2*len(ms)
	series := len(p.modes()) * perMode
	out := make([][]float64, len(cases))
	original := make([]profile, len(cases))
	for i := range cases {
		out[i] = make([]float64, series*points)
		original[i] = newProfile(cases[i].Map, n.Input, ms)
		self := original[i].compare(original[i], ms)
		for s := range series {
			out[i][s*points] = self[s%perMode]
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
				similarity := original[i].compare(newProfile(again, n.Input, ms), ms)
				for _, mode := range v.modes {
					for k, s := range similarity {
						out[i][(mode*perMode+k)*points+v.depth] += s
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
