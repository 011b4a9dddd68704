package reports

import (
	"image"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// view is one way one attribution's maps are shown, everything that was auto
// decided.
type view struct {
	Picture
	attribution int
	colors      *colormap
	scale       float64 // that all maps share; 0 where each has its own
	above       bool    // values are shown less the least of their map
	varies      varied  // what tells it from the other ways of drawing
	title       string  // over the column; "" is the method
}

// varied are the options of pictures side by side that are not the same in all.
type varied struct{ outlier, cmap, alpha bool }

func variedOf(ps []Picture) (v varied) {
	for i := range ps {
		v.outlier = v.outlier || ps[i].OutlierPerc != ps[0].OutlierPerc
		v.cmap = v.cmap || ps[i].Cmap != ps[0].Cmap
		v.alpha = v.alpha || ps[i].AlphaOverlay != ps[0].AlphaOverlay
	}
	return v
}

// aboveLeast is said of maps that are shown less their least value.
const aboveLeast = "above least"

// pictures returns how maps are drawn, one or several ways side by side.
func (r *Run) pictures() []Picture {
	if len(r.Pictures) == 0 {
		return []Picture{DefaultPicture()}
	}
	return r.Pictures
}

// mapped tells whether the attribution has a map to show.
func (a *Attribution) mapped() bool {
	return slices.ContainsFunc(a.Maps, func(m []float32) bool { return m != nil })
}

// views decides how the attributions that have maps are shown.
func (r *Run) views(attributions []int, ps []Picture) []view {
	var vs []view
	varies := variedOf(ps)
	for _, i := range attributions {
		a := &r.Attributions[i]
		if !a.mapped() {
			continue
		}
		for _, p := range ps {
			v := r.view(i, p)
			v.varies = varies
			vs = append(vs, v)
		}
	}
	return vs
}

// view decides what p leaves to the map. Squares and variances have longer
// tails: 10 percent of their sum saturates, 2 percent elsewhere, as in Captum's
// tutorial.
func (r *Run) view(i int, p Picture) view {
	a := &r.Attributions[i]
	if p.OutlierPerc < 0 {
		p.OutlierPerc = 2
		if t, _ := param(a.All, "nt_type"); t == "smoothgrad_sq" || t == "vargrad" {
			p.OutlierPerc = 10
		}
	}
	negative := func(m []float32) bool { return slices.ContainsFunc(m, func(x float32) bool { return x < 0 }) }
	above := p.Sign == Auto && p.colored() && r.offset(a)
	if p.Sign == Auto {
		p.Sign = All
		if above || !p.colored() || !slices.ContainsFunc(a.Maps, negative) {
			p.Sign = Absolute
		}
	}
	if a.units(r) && p.Method != "original_image" {
		p.Method = "heat_map" // of units, which have no place in the image
	}
	v := view{Picture: p, attribution: i, colors: p.colormap(p.Sign), above: above}
	if p.Scale == "shared" {
		var all []float64
		for _, m := range a.Maps {
			if m != nil {
				x, _, _ := r.plane(a, m)
				v.lift(x)
				all = append(all, magnitudes(signed(x, p.Sign))...)
			}
		}
		v.scale = CumulativeThreshold(all, 100-float64(p.OutlierPerc))
	}
	return v
}

// offset tells whether most maps of the attribution have values of one sign that
// all are more than half as large as the largest: one colour would cover them, as
// it does RISE's, whose scores are the mean output under masks.
func (r *Run) offset(a *Attribution) bool {
	n, all := 0, 0
	for _, m := range a.Maps {
		if m == nil {
			continue
		}
		all++
		x, _, _ := r.plane(a, m)
		lo, hi := slices.Min(x), slices.Max(x)
		if lo != hi && (lo > hi/2 && lo > 0 || hi < lo/2 && hi < 0) {
			n++
		}
	}
	return 2*n > all
}

// lift subtracts the least value where the view asks for it.
func (v *view) lift(x []float64) {
	if !v.above {
		return
	}
	lo := slices.Min(x)
	for i := range x {
		x[i] -= lo
	}
}

// shape returns the shape of the attribution's maps.
func (a *Attribution) shape(r *Run) Shape {
	if a.Shape == (Shape{}) {
		return Shape{r.C, r.H, r.W}
	}
	return a.Shape
}

// units tells whether the maps are of a layer without height and width.
func (a *Attribution) units(r *Run) bool {
	s := a.shape(r)
	return s.H*s.W == 1 && s.C > 1
}

// plane reduces a map to one value per position. Units without a place are laid
// out in rows instead, in their order.
func (r *Run) plane(a *Attribution, m []float32) (v []float64, h, w int) {
	s := a.shape(r)
	if !a.units(r) {
		return channelSum(m, s.C), s.H, s.W
	}
	for w*w < s.C {
		w++
	}
	h = (s.C + w - 1) / w
	v = make([]float64, h*w)
	for i, x := range m {
		v[i] = float64(x)
	}
	return v, h, w
}

// draw draws the map of an image, every pixel of which is k dots wide.
func (v *view) draw(r *Run, im, k int) *image.NRGBA {
	a := &r.Attributions[v.attribution]
	x, h, w := r.plane(a, a.Maps[im])
	v.lift(x)
	x = signed(x, v.Sign)
	scale := v.scale
	if v.Scale != "shared" {
		scale = CumulativeThreshold(magnitudes(x), 100-float64(v.OutlierPerc))
	}
	return v.drawn(divided(x, scale), h, w, r.Images[im].Pixels, r.H, r.W, k, v.colors)
}

// signWords say what a sign shows.
var signWords = map[Sign]string{All: "signed", Absolute: "absolute", Positive: "positive", Negative: "negative"}

// name is the first line over a column.
func (v *view) name(r *Run) string {
	if v.title != "" {
		return v.title
	}
	return r.Attributions[v.attribution].Method
}

// about is the second line over a column: what tells it from the columns beside it.
func (v *view) about(r *Run) string {
	if v.Title != "auto" {
		return v.Title
	}
	if v.Method == "original_image" {
		return "original image"
	}
	a := &r.Attributions[v.attribution]
	sign := signWords[v.Sign]
	if v.above {
		sign = aboveLeast
	}
	percent := v.Method == "blended_heat_map"
	s := sign
	if shape := a.shape(r); shape != (Shape{r.C, r.H, r.W}) {
		s, percent = shape.String()+", "+sign, false
	} else if !percent {
		s = strings.ReplaceAll(v.Method, "_", " ") + ", " + sign
	}
	if percent || v.varies.outlier {
		s += ", " + v.clipped() + " % clipped"
	}
	if v.varies.cmap && v.colored() {
		s += ", " + v.Cmap
	}
	if v.varies.alpha && v.Method == "blended_heat_map" {
		s += ", opacity " + strconv.FormatFloat(v.AlphaOverlay, 'f', -1, 64)
	}
	return s
}

// clipped is the percentage of the sum that saturates.
func (v *view) clipped() string { return strconv.FormatFloat(float64(v.OutlierPerc), 'f', -1, 64) }

// bar draws the view's colour scale, where it has one.
func (v *view) bar(c draw.Canvas, x, y, w vg.Length) {
	if v.Colorbar && v.colored() {
		horizontalBar(sub(c, x, y, w, 6), v.colors, sans(6.5))
	}
}

// explained says how the maps of a figure were made.
func (r *Run) explained(vs []view) string {
	var ways, colors, percentages []string
	add := func(list *[]string, s string) {
		if s != "" && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	shared, layers := false, false
	for k := range vs {
		v := &vs[k]
		a := &r.Attributions[v.attribution]
		shared = shared || v.Scale == "shared"
		layers = layers || a.shape(r) != (Shape{r.C, r.H, r.W})
		switch {
		case a.units(r):
		case v.Method == "blended_heat_map" && v.AlphaOverlay == 0.5:
			add(&ways, "laid half transparent over the grey image")
		case v.Method == "blended_heat_map":
			add(&ways, "laid "+strconv.FormatFloat(100*v.AlphaOverlay, 'f', -1, 64)+" % opaque over the grey image")
		case v.Method == "heat_map":
			add(&ways, "shown alone")
		case v.Method == "masked_image":
			add(&ways, "multiplied into the image (masked)")
		case v.Method == "alpha_scaling":
			add(&ways, "taken as the opacity of the image (alpha scaling)")
		}
		add(&colors, v.meaning())
		add(&percentages, v.clipped())
	}
	s := ""
	if len(ways) > 0 {
		s = "Maps are summed over channels, divided by the magnitude at which the cumulative sum of the sorted magnitudes leaves " + strings.Join(percentages, " or ") + " % of the total (those above saturate), and " + strings.Join(ways, " or ")
		if shared {
			s += ", all maps of an attribution on one scale"
		} else {
			s += ", each picture on its own scale"
		}
		s += ", as by Captum's visualize_image_attr. "
	}
	if layers {
		s += "Maps of layers, their size over them, are enlarged to the image; units without a place are laid out in rows. "
	}
	if len(colors) > 0 {
		s += sentence(strings.Join(colors, "; ")) + " "
	}
	s += r.positives(vs)
	var names []string
	for _, v := range vs {
		add(&names, r.label(v.attribution))
	}
	return s + "Columns: " + list(names) + "."
}

// positives says what a positive value stands for, method by method where it is
// not the same for all.
func (r *Run) positives(vs []view) string {
	var meanings []string
	var methods [][]string
	for k := range vs {
		a := &r.Attributions[vs[k].attribution]
		if !vs[k].colored() || vs[k].Sign == Absolute || a.Positive == "" {
			continue
		}
		i := slices.Index(meanings, a.Positive)
		if i < 0 {
			i = len(meanings)
			meanings, methods = append(meanings, a.Positive), append(methods, nil)
		}
		if !slices.Contains(methods[i], a.Method) {
			methods[i] = append(methods[i], a.Method)
		}
	}
	if len(meanings) == 1 {
		return "What is positive " + meanings[0] + ". "
	}
	for i := range meanings {
		meanings[i] += " in " + list(methods[i])
	}
	if len(meanings) == 0 {
		return ""
	}
	return "What is positive " + strings.Join(meanings, "; ") + ". "
}

// meaning says what a view's colours stand for.
func (v *view) meaning() string {
	switch {
	case !v.colored():
		return ""
	case v.above:
		return "where all values are nearly alike (heading: " + aboveLeast + ") the least of each map is taken off and white, the largest dark"
	case v.Cmap != "auto" && v.Sign == All:
		return "the colour map " + v.Cmap + " runs from negative to positive"
	case v.Cmap != "auto":
		return "the colour map " + v.Cmap + " runs from 0 to the largest magnitude"
	case v.Sign == All && v.Colors == "captum":
		return "green is positive, red negative"
	case v.Sign == All:
		return "blue is positive, orange negative"
	case v.Colors == "captum":
		return map[Sign]string{Absolute: "magnitudes run from white to blue", Positive: "what is positive runs from white to green", Negative: "what is negative from white to red"}[v.Sign]
	}
	return map[Sign]string{Absolute: "magnitudes run from white to dark blue", Positive: "what is positive runs from white to dark blue", Negative: "what is negative from white to brown"}[v.Sign]
}
