package reports

import (
	"math"
	"strings"
	"testing"
)

// columns of a sheet by their headings.
func headings(r *Run, ps ...Picture) (names []string) {
	all := make([]int, len(r.Attributions))
	for i := range all {
		all[i] = i
	}
	for _, v := range r.views(all, ps) {
		names = append(names, v.name(r)+": "+v.about(r))
	}
	return names
}

func mapped(values ...float32) *Run {
	return &Run{
		C: 1, H: 2, W: 2, Images: []Image{{Pixels: make([]byte, 4)}},
		Attributions: []Attribution{{ID: "m", Method: "m", Maps: [][]float32{values}}},
	}
}

// Side by side the headings say what differs.
func TestHeadingsOfWays(t *testing.T) {
	var ps []Picture
	for _, o := range []Outlier{0, 2, 20} {
		p := DefaultPicture()
		p.Method, p.OutlierPerc = "heat_map", o
		ps = append(ps, p)
	}
	got := strings.Join(headings(mapped(1, -1, 0, 0), ps...), "; ")
	want := "m: heat map, signed, 0 % clipped; m: heat map, signed, 2 % clipped; m: heat map, signed, 20 % clipped"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := headings(mapped(1, -1, 0, 0), ps[0])[0], "m: heat map, signed"; got != want {
		t.Errorf("alone: got %s, want %s", got, want)
	}
}

// An offset that all values share is taken off, unless a sign is asked for.
func TestOffsetIsTakenOff(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []float32
		sign   Sign
		want   bool
	}{
		{"offset", []float32{10, 11, 12, 13}, Auto, true},
		{"negative offset", []float32{-10, -11, -12, -13}, Auto, true},
		{"from 0", []float32{0, 11, 12, 13}, Auto, false},
		{"two signs", []float32{-10, 11, 12, 13}, Auto, false},
		{"one value", []float32{2, 2, 2, 2}, Auto, false},
		{"asked for", []float32{10, 11, 12, 13}, All, false},
	} {
		r, p := mapped(c.values...), DefaultPicture()
		p.Sign = c.sign
		v := r.view(0, p)
		if v.above != c.want {
			t.Errorf("%s: got %v, want %v", c.name, v.above, c.want)
		}
		x := []float64{10, 11, 13}
		v.lift(x)
		if got := x[0] == 0 && x[2] == 3; got != c.want {
			t.Errorf("%s: lifted to %v", c.name, x)
		}
	}
}

// The original is drawn once, and titles are for columns or for attributions.
func TestSheetTitles(t *testing.T) {
	r := mapped(1, -1, 0, float32(math.Pi))
	original := DefaultPicture()
	original.Method = "original_image"
	r.Attributions = append(r.Attributions, r.Attributions[0])
	r.Attributions[1].ID = "n"
	r.Pictures = []Picture{original, DefaultPicture()} // three columns: original, m, n
	for _, c := range []struct {
		titles []string
		want   string
	}{
		{nil, ""},
		{[]string{"a", "b"}, ""},
		{[]string{"o", "a", "b"}, ""},
		{[]string{"a"}, "titles has 1, want 3, one for each column, or 2, one for each file"},
	} {
		_, err := r.Sheet(c.titles...)
		if got := ""; err != nil {
			got = err.Error()
			if got != c.want {
				t.Errorf("%v: got %s, want %s", c.titles, got, c.want)
			}
		} else if c.want != "" {
			t.Errorf("%v: got no error, want %s", c.titles, c.want)
		}
	}
}
