package reports

import (
	"math"
	"strconv"

	"assay/model/rng"
)

// Products that feed a sum are rounded first, here as in the program: no
// compiler may fuse them, so the numbers are the same on every CPU.

// synthetic is a Run of the tutorial's shape made of nothing but formulas: the
// sweep of saliency, integrated gradients, DeepLift and noise tunnel, the two
// controls, and four metrics.
func synthetic(images, pictured, side int, steps []string, samples []string, stdevs []string) *Run {
	r := &Run{
		Name: "tutorial", Spec: "# A comment with <tags> & ampersands.\nname: tutorial\nseed: 0\n", Canonical: "name: tutorial\nseed: 0\ncontrols: true\n",
		Facts: []Fact{
			{"assay", "0.1.0"},
			{"seed", "0"},
			{"network", "tutorial"},
			{"weights", "sha256:58cc6a35b81a6ba3abfe0e7a2cf7e0b0bf5d9e36d7cb6af9a2e8a2f3d5de25b1"},
			{"data", "cifar10 test, sha256:0f9f63ac4a5d0d4b1d6ea37b0d2a9c4b7b0a0a8f1a1c6a4d1d93be3ef47ad7e2"},
		},
		Classes:  []string{"plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		C:        3,
		H:        side,
		W:        side,
		Warnings: []string{"38 of 100 images are misclassified: their label is explained, not the prediction."},
	}
	z := rng.New(1, "synthetic report")
	for i := range images {
		im := Image{Index: i, Label: z.IntN(10), Probability: 0.3 + float64(0.7*z.Float64())}
		im.Predicted, im.LabelProb, im.Target = im.Label, im.Probability, im.Label
		if z.Float64() < 0.35 {
			im.Predicted = z.IntN(10)
			im.LabelProb = im.Probability / 3
		}
		if i < pictured {
			im.Pixels = scene(i, side)
		}
		r.Images = append(r.Images, im)
	}
	add := func(method string, control bool, quality float64, ps ...Param) {
		id := method
		for _, p := range ps {
			id += "-" + p.Name + "=" + p.Value
		}
		a := Attribution{ID: id, Method: method, Control: control, Params: ps, All: ps, Maps: make([][]float32, images)}
		if method == "integrated_gradients" || method == "deep_lift" {
			a.All = append(append([]Param{}, ps...), Param{"baseline", "0"})
		}
		for i := range pictured {
			a.Maps[i] = blob(method, i, side, z)
		}
		r.Attributions = append(r.Attributions, a)
		qualities = append(qualities, quality)
	}
	qualities = nil
	add("random", true, 0)
	add("saliency", false, 0.5)
	for _, n := range steps {
		for _, q := range []string{"gausslegendre", "riemann_trapezoid"} {
			add("integrated_gradients", false, 0.7, Param{"n_steps", n}, Param{"quadrature", q})
		}
	}
	add("deep_lift", false, 0.75)
	for _, k := range samples {
		for _, s := range stdevs {
			n, _ := strconv.ParseFloat(k, 64)
			sd, _ := strconv.ParseFloat(s, 64)
			add("noise_tunnel", false, 0.9-0.5/math.Sqrt(n)-sd/2,
				Param{"over", "integrated_gradients"}, Param{"nt_type", "smoothgrad_sq"}, Param{"nt_samples", k}, Param{"stdevs", s})
		}
	}
	add("edge_detector", true, 0.3)
	r.metrics(z)
	return r
}

// qualities of the attributions just made, which the formulas below turn into
// scores.
var qualities []float64

func (r *Run) metrics(z *rng.Stream) {
	x := make([]float64, 17)
	for i := range x {
		x[i] = float64(i) / 16
	}
	layers := []string{"original", "fc3", "fc2", "fc1", "conv2", "conv1"}
	depth := []float64{0, 1, 2, 3, 4, 5}
	step := func(name string) Series {
		return Series{Name: name, About: "similarity of the maps before and after", X: depth, Ticks: layers, XName: "layers randomised from the output", Better: -1}
	}
	r.Metrics = []Metric{
		{ID: "completeness", Metric: "completeness", Series: []Series{
			{Name: "delta", About: "sum of the map minus F(x) - F(baseline)"},
			{Name: "absolute delta", About: "|delta|", Better: -1},
			{Name: "relative delta", About: "|delta| / |F(x) - F(baseline)|", Better: -1},
		}},
		{ID: "deletion", Metric: "deletion", Series: []Series{
			{Name: "auc", About: "area under the deletion curve", Better: -1},
			{Name: "curve", About: "probability of the predicted class", X: x, XName: "fraction of pixels deleted"},
		}},
		{ID: "insertion-substrate=blur", Metric: "insertion", Params: []Param{{"substrate", "blur"}}, Series: []Series{
			{Name: "auc", About: "area under the insertion curve", Better: +1},
			{Name: "curve", About: "probability of the predicted class", X: x, XName: "fraction of pixels inserted"},
		}},
		{ID: "parameter_randomization", Metric: "parameter_randomization", Series: []Series{
			step("cascading spearman"), step("cascading spearman abs"), step("cascading ssim"), step("cascading ssim abs"),
			step("independent spearman"), step("independent spearman abs"), step("independent ssim"), step("independent ssim abs"),
		}},
	}
	for i, a := range r.Attributions {
		for m := range r.Metrics {
			s := Score{Attribution: i, Metric: m, Values: make([][][]float64, len(r.Metrics[m].Series))}
			n := len(r.Images)
			if r.Metrics[m].Metric == "parameter_randomization" {
				n = min(n, 20)
			}
			for k := range n {
				s.Images = append(s.Images, k)
				for j, v := range r.fake(&a, m, qualities[i], z) {
					s.Values[j] = append(s.Values[j], v)
				}
			}
			r.Scores = append(r.Scores, s)
		}
	}
}

func (r *Run) fake(a *Attribution, metric int, quality float64, z *rng.Stream) [][]float64 {
	noise := func() float64 { return z.Float64() - 0.5 }
	switch m := &r.Metrics[metric]; m.Metric {
	case "completeness":
		n, ok := param(a.Params, "n_steps")
		if a.Method == "deep_lift" {
			d := 1e-6 * noise()
			return [][]float64{{d}, {math.Abs(d)}, {math.Abs(d) / (1 + z.Float64())}}
		}
		if !ok || a.Method != "integrated_gradients" {
			return [][]float64{{math.NaN()}, {math.NaN()}, {math.NaN()}}
		}
		steps, _ := strconv.ParseFloat(n, 64)
		d := 4 * noise() / steps
		if q, _ := param(a.Params, "quadrature"); q == "gausslegendre" {
			d = 2 * noise() / (steps * math.Sqrt(steps))
		}
		return [][]float64{{d}, {math.Abs(d)}, {math.Abs(d) / (1 + z.Float64())}}
	case "deletion", "insertion":
		curve := m.Series[1].X
		y, top, u := make([]float64, len(curve)), 0.5+float64(0.5*z.Float64()), 1+float64(quality*6)+z.Float64()
		sum := 0.0
		for i, x := range curve {
			t := x
			if m.Metric == "insertion" {
				t = 1 - x
			}
			y[i] = math.Max(0, top/(1+float64(u*t))+float64(0.05*noise()))
			sum += y[i] / float64(len(curve))
		}
		return [][]float64{{sum}, y}
	default:
		var all [][]float64
		for s := range m.Series {
			y := make([]float64, len(m.Series[s].X))
			for i := range y {
				y[i] = 1
				if i > 0 && a.Method != "edge_detector" {
					y[i] = math.Max(-0.3, (1-quality)/float64(i)+float64(0.3*noise()))
				}
			}
			if a.Method == "random" && s == 0 {
				y[3] = math.NaN()
			}
			all = append(all, y)
		}
		return all
	}
}

// scene draws an image: a sky, a ground and a coloured disc.
func scene(k, side int) []byte {
	p := make([]byte, 3*side*side)
	for y := range side {
		for x := range side {
			c := [3]byte{110, 170, byte(200 + 50*y/side)}
			if y > 2*side/3 {
				c = [3]byte{byte(60 + 90*(x%3)/3), 130, 70}
			}
			dx, dy := x-side/4-k*side/12%(side/2), y-side/2
			if dx*dx+dy*dy < side*side/16 {
				c = [3]byte{220, byte(40 + 20*k), 60}
			}
			for i := range 3 {
				p[i*side*side+y*side+x] = c[i]
			}
		}
	}
	return p
}

// blob draws a map: mass around the disc, noise elsewhere, signed unless the
// method's maps never are.
func blob(method string, k, side int, z *rng.Stream) []float32 {
	p := make([]float32, 3*side*side)
	for i := range p {
		y, x := i/side%side, i%side
		dx, dy := x-side/4-k*side/12%(side/2), y-side/2
		d := float64(dx*dx+dy*dy) / float64(side*side)
		v := float64(0.3*(z.Float64()-0.5)) + 1/(1+float64(60*d))
		if x%4 == 0 {
			v = -v / 2
		}
		switch method {
		case "saliency", "noise_tunnel", "edge_detector":
			v *= v
		case "random":
			v = z.Float64() - 0.5
		}
		p[i] = float32(v)
	}
	return p
}

// trained is a plausible training of five epochs.
func trained(r *Run) *Training {
	t := &Training{Interval: 2000, Accuracy: 0.613}
	for i := range 30 {
		t.Running = append(t.Running, 1+1.2/(1+float64(i)/3)+float64(0.03*float64(i%3)))
	}
	for i := range 5 {
		t.Epochs = append(t.Epochs, Epoch{Loss: 1.05 + 0.9/float64(i+1), TrainAccuracy: 0.62 - 0.3/float64(i+1), TestAccuracy: 0.613 - 0.2/float64(i+1), LR: 0.001})
	}
	for l, name := range r.Classes {
		row := make([]int, len(r.Classes))
		for c := range row {
			row[c] = 40 + (l*7+c*3)%30
		}
		row[l] = 1000 - 40*9 - 100
		t.Confusion = append(t.Confusion, row)
		c := Class{Name: name, Precision: 0.55 + float64(0.01*float64(l)), Recall: 0.6, F1: 0.57, Support: 1000}
		if l == 2 {
			c.Precision, c.F1 = math.NaN(), math.NaN()
		}
		t.PerClass = append(t.PerClass, c)
	}
	return t
}

func tutorialRun() *Run {
	r := synthetic(100, 8, 32, []string{"10", "25", "50", "100", "200"}, []string{"5", "10", "25", "50", "100"}, []string{"0.05", "0.1", "0.2", "0.4"})
	r.Training = trained(r)
	return r
}
