package reports

import (
	"image/color"
	"math"
	"strings"
	"testing"

	"assay/model/rng"
)

// Worked by hand on two pixels of three channels: (200, 100, 50) with the value
// 0.5 or -0.5, and (10, 20, 30) with the value 1. Their grey is 350/3 and 20,
// which are stretched to 255 and 0.
func TestDrawn(t *testing.T) {
	pixels := []byte{200, 10, 100, 20, 50, 30}
	for _, c := range []struct {
		name  string
		spoil func(p *Picture)
		v     []float64
		want  [2]color.NRGBA
	}{
		{"heat map", func(p *Picture) { p.Method, p.Sign = "heat_map", Absolute }, []float64{0.5, 1}, [2]color.NRGBA{{86, 160, 215, 255}, {0, 40, 90, 255}}},
		{"blended, half", func(p *Picture) { p.Sign = Absolute }, []float64{0.5, 1}, [2]color.NRGBA{{171, 208, 235, 255}, {0, 20, 45, 255}}},
		{"blended, a tenth", func(p *Picture) { p.Sign, p.AlphaOverlay = Absolute, 0.1 }, []float64{0.5, 1}, [2]color.NRGBA{{238, 246, 251, 255}, {0, 4, 9, 255}}},
		{"blended, captum's red", func(p *Picture) { p.Sign, p.Colors, p.AlphaOverlay = All, "captum", 1 }, []float64{-0.5, 1}, [2]color.NRGBA{{255, 128, 128, 255}, {0, 128, 0, 255}}},
		{"masked is rounded down", func(p *Picture) { p.Method, p.Sign = "masked_image", Positive }, []float64{0.255, 1}, [2]color.NRGBA{{51, 25, 12, 255}, {10, 20, 30, 255}}},
		// 0.5 x 255 is 127 when rounded down: 200 x 127/255 + 255 x 128/255.
		{"alpha scaling", func(p *Picture) { p.Method, p.Sign = "alpha_scaling", Positive }, []float64{0.5, 1}, [2]color.NRGBA{{228, 178, 153, 255}, {10, 20, 30, 255}}},
		{"alpha scaling of nothing is paper", func(p *Picture) { p.Method, p.Sign = "alpha_scaling", Positive }, []float64{0, 0}, [2]color.NRGBA{{255, 255, 255, 255}, {255, 255, 255, 255}}},
		{"original", func(p *Picture) { p.Method, p.Sign = "original_image", All }, []float64{1, 1}, [2]color.NRGBA{{200, 100, 50, 255}, {10, 20, 30, 255}}},
		{"named colours", func(p *Picture) { p.Method, p.Sign, p.Cmap = "heat_map", Absolute, "gray" }, []float64{0.2, 1}, [2]color.NRGBA{{51, 51, 51, 255}, {255, 255, 255, 255}}},
		{"turned round", func(p *Picture) { p.Method, p.Sign, p.Cmap = "heat_map", All, "bwr_r" }, []float64{-1, 1}, [2]color.NRGBA{{255, 0, 0, 255}, {0, 0, 255, 255}}},
	} {
		p := DefaultPicture()
		c.spoil(&p)
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for k := 1; k <= 2; k++ {
			img := p.drawn(c.v, 1, 2, pixels, 1, 2, k, p.colormap(p.Sign))
			for i, want := range c.want {
				if got := img.NRGBAAt(k*i+k-1, k-1); got != want {
					t.Errorf("%s, pixel %d, %d dots wide: got %v, want %v", c.name, i, k, got, want)
				}
			}
		}
	}
}

// A map of a layer, 1 x 2, over an image of 2 x 4: every value covers a half.
func TestDrawnLayer(t *testing.T) {
	p := DefaultPicture()
	p.Method, p.Cmap = "heat_map", "gray"
	img := p.drawn([]float64{0, 1}, 1, 2, make([]byte, 8), 2, 4, 3, p.colormap(Absolute))
	for x := range 12 {
		for y := range 6 {
			if got, want := img.NRGBAAt(x, y).R, uint8(255*(x/6)); got != want {
				t.Fatalf("dot %d, %d: got %d, want %d", x, y, got, want)
			}
		}
	}
}

// Maps in which one value dominates: own scales hide that the second map is
// four times as strong, the shared one shows it.
func TestSharedScale(t *testing.T) {
	r := &Run{
		C: 1, H: 1, W: 2, Images: []Image{{Pixels: []byte{0, 9}}, {Pixels: []byte{0, 9}}},
		Attributions: []Attribution{{ID: "m", Method: "m", Maps: [][]float32{{1, -2}, {4, -8}}}},
	}
	for _, c := range []struct {
		name, scale string
		outlier     Outlier
		want        [2]uint8 // of the first pixel
	}{
		{"own", "own", 0, [2]uint8{128, 128}},
		{"shared", "shared", 0, [2]uint8{32, 128}},
		// 1 2 4 8: a half of the sum, 7.5, is reached with the last.
		{"shared, a half saturates", "shared", 50, [2]uint8{32, 128}},
		// And two fifths of it, 6, with the 4.
		{"shared, three fifths saturate", "shared", 60, [2]uint8{64, 255}},
	} {
		p := DefaultPicture()
		p.Method, p.Sign, p.Cmap, p.Scale, p.OutlierPerc = "heat_map", Absolute, "gray", c.scale, c.outlier
		v := r.view(0, p)
		for im, want := range c.want {
			if got := v.draw(r, im, 1).NRGBAAt(0, 0).R; got != want {
				t.Errorf("%s, image %d: got %d, want %d", c.name, im, got, want)
			}
		}
	}
}

func TestPictureAuto(t *testing.T) {
	r := &Run{C: 1, H: 1, W: 2, Attributions: []Attribution{
		{Method: "signed", Maps: [][]float32{{1, -1}}},
		{Method: "saliency", Maps: [][]float32{{1, 0}}},
		{Method: "noise_tunnel", All: []Param{{"nt_type", "vargrad"}}, Maps: [][]float32{{1, 0}}},
		{Method: "units", Shape: Shape{7, 1, 1}, Maps: [][]float32{{1, -1, 0, 0, 0, 0, 0}}},
		{Method: "layer", Shape: Shape{2, 1, 1}, Maps: [][]float32{{1, 1}}},
	}}
	for _, c := range []struct {
		attribution int
		method      string
		sign        Sign
		outlier     Outlier
		about       string
	}{
		{0, "blended_heat_map", All, 2, "signed, 2 % clipped"},
		{1, "blended_heat_map", Absolute, 2, "absolute, 2 % clipped"},
		{2, "blended_heat_map", Absolute, 10, "absolute, 10 % clipped"},
		{0, "masked_image", Absolute, 2, "masked image, absolute"},
		{3, "heat_map", All, 2, "7 x 1 x 1, signed"},
		{0, "original_image", Absolute, 2, "original image"},
	} {
		p := DefaultPicture()
		p.Method = c.method
		v := r.view(c.attribution, p)
		if v.Sign != c.sign || v.OutlierPerc != c.outlier || v.Method != c.method || v.about(r) != c.about {
			t.Errorf("%s as %s: got %s, %s, %v, %q, want %s, %v, %q", r.Attributions[c.attribution].Method, c.method, v.Method, v.Sign, v.OutlierPerc, v.about(r), c.sign, c.outlier, c.about)
		}
	}
	// Seven units are laid out in three rows of three.
	if v, h, w := r.plane(&r.Attributions[3], r.Attributions[3].Maps[0]); h != 3 || w != 3 || v[1] != -1 || v[8] != 0 {
		t.Errorf("units: got %v in %d x %d", v, h, w)
	}
}

func TestPictureCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(p *Picture)
		want  string // "" for none
	}{
		{"default", func(p *Picture) {}, ""},
		{"method", func(p *Picture) { p.Method = "heatmap" }, `method is "heatmap", want heat_map, blended_heat_map`},
		{"sign", func(p *Picture) { p.Sign = "both" }, `sign is "both", want auto, all, positive`},
		{"masked with both signs", func(p *Picture) { p.Method, p.Sign = "masked_image", All }, "masked_image cannot show both signs"},
		{"alpha scaling with both signs", func(p *Picture) { p.Method, p.Sign = "alpha_scaling", All }, "alpha_scaling cannot show both signs"},
		{"outlier", func(p *Picture) { p.OutlierPerc = 101 }, "outlier_perc is 101, want auto or 0 to below 100"},
		{"colours", func(p *Picture) { p.Cmap = "rainbow" }, `cmap is "rainbow", want auto or one of Blues`},
		{"colours turned round", func(p *Picture) { p.Cmap = "viridis_r" }, ""},
		{"opacity", func(p *Picture) { p.AlphaOverlay = math.NaN() }, "alpha_overlay is NaN, want 0 to 1"},
		{"scale", func(p *Picture) { p.Scale = "ours" }, `scale is "ours", want own or shared`},
		{"colors", func(p *Picture) { p.Colors = "loud" }, `colors is "loud", want safe or captum`},
	} {
		p := DefaultPicture()
		c.spoil(&p)
		err := p.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestOutlier(t *testing.T) {
	for _, s := range []string{"auto", "0", "2", "12.5", "99.5"} {
		var o Outlier
		if err := o.UnmarshalText([]byte(s)); err != nil {
			t.Errorf("%s: %v", s, err)
		}
		if b, _ := o.MarshalText(); string(b) != s {
			t.Errorf("got %s, want %s", b, s)
		}
	}
	for _, s := range []string{"", "-1", "100", "101", "NaN", "much"} {
		var o Outlier
		if err := o.UnmarshalText([]byte(s)); err == nil {
			t.Errorf("%q: got %v, want an error", s, o)
		}
	}
}

// manyMethods is a run of sixty methods, some of layers, on twenty images.
func manyMethods() *Run {
	r := synthetic(20, 20, 32, []string{"10"}, []string{"5"}, []string{"0.1"})
	z := rng.New(2, "many methods")
	for k := range 56 {
		a := Attribution{Method: "attribution_method_" + itoa(k), Maps: make([][]float32, 20)}
		a.ID = a.Method
		if k%5 == 0 {
			a.Shape = []Shape{{6, 28, 28}, {16, 5, 5}, {120, 1, 1}}[k/5%3]
		}
		for i := range a.Maps {
			a.Maps[i] = blob("signed", i, 32, z)
			if s := a.Shape; s.C > 0 {
				a.Maps[i] = a.Maps[i][:s.C*s.H*s.W%3072]
				for len(a.Maps[i]) < s.C*s.H*s.W {
					a.Maps[i] = append(a.Maps[i], float32(z.Float64()-0.5))
				}
			}
		}
		r.Attributions = append(r.Attributions, a)
	}
	return r
}

// Every figure of sixty methods on twenty images fits a page; every
// configuration is on the contact sheet, every image too.
func TestPagesOfManyMethods(t *testing.T) {
	r := manyMethods()
	if err := r.check(); err != nil {
		t.Fatal(err)
	}
	contacts, columns := 0, 0
	ids := map[string]bool{}
	for _, f := range r.shown() {
		if f.w > double+1 || f.h > pageHeight+1 {
			t.Errorf("%s: %v x %v points, want at most %v x %v", f.ID, f.w, f.h, double, pageHeight)
		}
		if ids[f.ID] {
			t.Errorf("%s: two figures of that name", f.ID)
		}
		ids[f.ID] = true
		if strings.HasPrefix(f.ID, "contact") {
			contacts++
			_, names, _ := strings.Cut(f.Caption, "Columns: ")
			columns += len(strings.Split(strings.ReplaceAll(names, " and ", ", "), ", "))
		}
	}
	if contacts < 2 || contacts > 6 || columns < len(r.Attributions) {
		t.Errorf("got %d contact sheets with %d columns, want 2 to 6 with %d", contacts, columns, len(r.Attributions))
	}
}

// Curves of sixty methods go over several figures, each method in one with a pen
// of its own, all controls in each, none larger than a page.
func TestCurvesOfManyMethods(t *testing.T) {
	r := manyMethods()
	for i := range r.Attributions {
		for m := range r.Metrics {
			if r.score(i, m) == nil {
				s := *r.score(1, m)
				s.Attribution = i
				r.Scores = append(r.Scores, s)
			}
		}
	}
	if err := r.check(); err != nil {
		t.Fatal(err)
	}
	if maxLines > len(lineColors) {
		t.Errorf("%d lines share a plot, but there are %d pens", maxLines, len(lineColors))
	}
	for m := range r.Metrics {
		shown := map[int]int{}
		for _, g := range r.companies(m) {
			if len(g) > maxLines+2 {
				t.Errorf("%s: %d lines in a figure", r.Metrics[m].ID, len(g))
			}
			for _, i := range g {
				shown[i]++
			}
		}
		for _, i := range r.representatives() {
			if n := shown[i]; n != 1 && !r.Attributions[i].Control || n == 0 {
				t.Errorf("%s: %s is in %d figures", r.Metrics[m].ID, r.Attributions[i].ID, n)
			}
		}
	}
	fs := append(r.curveFigures(), r.depthFigures()...)
	if len(fs) < 27 {
		t.Errorf("got %d figures, want 9 of each of three metrics", len(fs))
	}
	for _, f := range fs {
		if f.w > double+1 || f.h > pageHeight {
			t.Errorf("%s: %v x %v points, want at most %v x %v", f.ID, f.w, f.h, double, pageHeight)
		}
	}
}
