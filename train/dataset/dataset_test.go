package dataset

import (
	"math"
	"slices"
	"strings"
	"testing"

	"assay/model"
)

// small is a data set of two 2-channel 1x2 images.
func small() *Dataset {
	return &Dataset{
		Name: "small", Split: "test", Shape: model.Shape{C: 2, H: 1, W: 2}, Classes: []string{"a", "b"},
		Mean: []float32{0.5, 0.25}, Std: []float32{0.5, 0.125},
		Pixels: []byte{0, 255, 51, 51, 0, 255, 102, 102}, Labels: []int{0, 1},
	}
}

func TestMomentsAndChannelMean(t *testing.T) {
	d := small()
	mean, std := d.Moments()
	if want := []float64{0.5, 0.3}; !near(mean, want) {
		t.Errorf("mean: got %v, want %v", mean, want)
	}
	if want := []float64{0.5, 0.1}; !near(std, want) {
		t.Errorf("std: got %v, want %v", std, want)
	}
	if got, want := d.ChannelMean(), []float64{0, 0.4}; !near(got, want) {
		t.Errorf("channel mean: got %v, want %v", got, want)
	}
	// The same from the definition.
	var sum [2]float64
	x := make([]float32, 4)
	for i := range d.Len() {
		d.Normalize(i, x)
		for k, v := range x {
			sum[k/2] += float64(v) / 4
		}
	}
	for c, v := range d.ChannelMean() {
		if math.Abs(v-sum[c]) > 1e-6 {
			t.Errorf("channel %d: got %v, want %v as Normalize gives", c, v, sum[c])
		}
	}
}

func near(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) < 1e-7 })
}

func TestHashSeesContentOnly(t *testing.T) {
	base := small().Hash()
	same := small()
	same.Name, same.Split = "other", "train"
	if same.Hash() != base {
		t.Error("the name changes the hash")
	}
	for name, change := range map[string]func(d *Dataset){
		"pixel":   func(d *Dataset) { d.Pixels[3]++ },
		"label":   func(d *Dataset) { d.Labels[0] = 1 },
		"class":   func(d *Dataset) { d.Classes = []string{"ab", ""} },
		"mean":    func(d *Dataset) { d.Mean = []float32{0.5, 0.3} },
		"std":     func(d *Dataset) { d.Std = []float32{0.5, 0.3} },
		"shape":   func(d *Dataset) { d.Shape = model.Shape{C: 2, H: 2, W: 1} },
		"masks":   func(d *Dataset) { d.Masks = make([]byte, 4) },
		"shorter": func(d *Dataset) { d.Pixels, d.Labels = d.Pixels[:4], d.Labels[:1] },
	} {
		d := small()
		change(d)
		if d.Hash() == base {
			t.Errorf("another %s gives the same hash", name)
		}
	}
}

func TestCheck(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		o    Options
		want []string // one a line of the error
	}{
		{"shapes", Options{Dataset: "shapes", Split: "train", Train: 10, Seed: 1}, nil},
		{"unknown", Options{Dataset: "cifar100"}, []string{`dataset is "cifar100", want one of cifar10, fashion_mnist, image_folder, shapes`}},
		{"all at once", Options{Dataset: "shapes", Split: "valid", Train: -1, Std: []float32{0}, Mean: []float32{nan}}, []string{
			`split is "valid", want train or test`, "n_train is -1, want 0 to 200000 images",
			"mean of channel 0 is NaN, want a finite number", "std of channel 0 is 0, want a number above 0",
		}},
		{"foreign options", Options{Dataset: "cifar10", Dir: "d", Seed: 1, Size: 32}, []string{
			"size means nothing to the data set cifar10, leave it out", "seed means nothing to the data set cifar10, leave it out",
		}},
		{"no directory", Options{Dataset: "image_folder"}, []string{"dir is missing, want the directory that holds one folder per class"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			if err := c.o.Check(); err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestNormalisationPerChannel(t *testing.T) {
	d := shapes(t, Options{Test: 1, Mean: []float32{0.1, 0.2, 0.3}, Std: []float32{0.25}})
	if !slices.Equal(d.Mean, []float32{0.1, 0.2, 0.3}) || !slices.Equal(d.Std, []float32{0.25, 0.25, 0.25}) {
		t.Errorf("got mean %v, std %v", d.Mean, d.Std)
	}
	_, err := Open(Options{Dataset: "shapes", Test: 1, Mean: []float32{1, 2}})
	fails(t, err, "dataset: shapes: mean has 2 numbers, but the images have 3 channels: give 1 or 3")
}

func TestIndices(t *testing.T) {
	for _, c := range []struct {
		s, err string
		want   []int
	}{
		{s: "", want: []int{0, 1, 2, 3, 4}},
		{s: ":", want: []int{0, 1, 2, 3, 4}},
		{s: "1:3", want: []int{1, 2}},
		{s: ":2", want: []int{0, 1}},
		{s: "3:", want: []int{3, 4}},
		{s: "4,0:2, 3", want: []int{4, 0, 1, 3}},
		{s: "2:2"},
		{s: "0:6", err: `"0:6" is outside 0 to 5`},
		{s: "5", err: `"5" is beyond the last image, 4`},
		{s: "-1", err: `"-1" is outside`},
		{s: "3:1", err: `"3:1" is not a range`},
		{s: "1,,2", err: `"" is not a range`},
		{s: "a", err: `"a" is not a number`},
		{s: "0:3,2", err: "image 2 is named twice"},
	} {
		got, err := Indices(c.s, 5)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: got error %v, want %s", c.s, err, c.err)
			}
		} else if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: got %v, %v; want %v", c.s, got, err, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	o, err := Parse("cifar10:C:/data")
	if err != nil || o.Dataset != "cifar10" || o.Dir != "C:/data" {
		t.Errorf("got %+v, %v", o, err)
	}
	_, err = Parse("cifar:x")
	fails(t, err, `dataset: "cifar" is not a data set`)
}

func TestEveryEntryIsDescribed(t *testing.T) {
	for name, e := range Sets {
		if e.About == "" || e.Citation == "" || e.open == nil || len(e.Mean) == 0 || len(e.Std) == 0 {
			t.Errorf("%s: %+v lacks a description, a citation, a reader or a normalisation", name, e)
		}
	}
}

// fails demands an error that contains every part.
func fails(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %q", parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("got error %q\nwant %q", err, p)
		}
	}
}
