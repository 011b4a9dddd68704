package dataset

import (
	"bytes"
	"math"
	"runtime"
	"testing"
)

func shapes(t *testing.T, o Options) *Dataset {
	t.Helper()
	o.Dataset = "shapes"
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The area of every shape by its formula, in units of 1024 x 1024.
func TestShapeAreas(t *testing.T) {
	lens := func() float64 { // overlap of the crescent's two discs, by the usual formula
		r, s, d := 980.0, 760.0, 480.0
		a := math.Acos((d*d + r*r - s*s) / (2 * d * r))
		b := math.Acos((d*d + s*s - r*r) / (2 * d * s))
		return r*r*(a-math.Sin(2*a)/2) + s*s*(b-math.Sin(2*b)/2)
	}
	star := func() float64 { // the pentagram of inner pentagon's inradius 375
		side := 2 * 375 * math.Tan(math.Pi/5)
		return 5*side*375/2 + 5*side*side/4*math.Tan(2*math.Pi/5)
	}
	want := map[string]float64{
		"disc":     math.Pi * 860 * 860,
		"ring":     math.Pi * (960*960 - 520*520),
		"square":   1520 * 1520,
		"triangle": 3 * math.Sqrt(3) * 560 * 560,
		"cross":    2*600*1960 - 600*600,
		"star":     star(),
		"bars":     2 * 500 * 1800,
		"crescent": math.Pi*980*980 - lens(),
		"ell":      550*1700 + 550*1400 - 550*550,
		"rhombus":  2 * 560 * 1120,
	}
	for _, c := range shapeTable {
		var n float64
		const step = 4
		for v := -1400; v <= 1400; v += step {
			for u := -1400; u <= 1400; u += step {
				if c.inside(u, v) {
					n += step * step
					if u*u+v*v > shapeReach*shapeReach {
						t.Fatalf("%s: (%d, %d) is inside, beyond the reach %d", c.name, u, v, shapeReach)
					}
				}
			}
		}
		if w := want[c.name]; math.Abs(n/w-1) > 0.015 { // of the 4-unit grid
			t.Errorf("%s: area %.0f, want %.0f", c.name, n, w)
		}
	}
}

func TestShapesDependOnSeedSplitAndIndexAlone(t *testing.T) {
	long, short := shapes(t, Options{Test: 40, Seed: 3}), shapes(t, Options{Test: 13, Seed: 3})
	for i := range short.Len() {
		if !bytes.Equal(long.Image(i), short.Image(i)) || !bytes.Equal(long.Mask(i), short.Mask(i)) || long.Labels[i] != short.Labels[i] {
			t.Errorf("image %d of 13 is not image %d of 40", i, i)
		}
	}
	was := runtime.GOMAXPROCS(1)
	alone := shapes(t, Options{Test: 40, Seed: 3})
	runtime.GOMAXPROCS(7)
	many := shapes(t, Options{Test: 40, Seed: 3})
	runtime.GOMAXPROCS(was)
	if long.Hash() != alone.Hash() || long.Hash() != many.Hash() {
		t.Error("the number of cores changes the images")
	}
	for name, o := range map[string]Options{"seed": {Test: 40, Seed: 4}, "split": {Split: "train", Train: 40, Seed: 3}} {
		if d := shapes(t, o); bytes.Equal(d.Image(0), long.Image(0)) {
			t.Errorf("another %s gives the same image", name)
		}
	}
}

func TestShapesShowTheirObject(t *testing.T) {
	d := shapes(t, Options{Test: 300})
	for c, n := range d.Counts() {
		if n != 30 {
			t.Errorf("class %s has %d images, want 30", d.Classes[c], n)
		}
	}
	const area = shapeSide * shapeSide
	for i := range d.Len() {
		m, p := d.Mask(i), d.Image(i)
		on, edge := 0, 0
		var in, out [3]float64
		for k, v := range m {
			if v > 1 {
				t.Fatalf("image %d: mask value %d", i, v)
			}
			on += int(v)
			if x, y := k%shapeSide, k/shapeSide; x == 0 || y == 0 || x == shapeSide-1 || y == shapeSide-1 {
				edge += int(v)
			}
			for c := range 3 {
				if v == 1 {
					in[c] += float64(p[c*area+k])
				} else {
					out[c] += float64(p[c*area+k])
				}
			}
		}
		if on < 40 || on > area/2 {
			t.Errorf("image %d (%s): the object has %d pixels", i, d.Classes[d.Labels[i]], on)
		}
		// Shapes stay inside; the last row may be touched by rounding.
		if edge > 8 {
			t.Errorf("image %d (%s): %d pixels of the object on the border", i, d.Classes[d.Labels[i]], edge)
		}
		var contrast float64
		for c := range 3 {
			contrast += math.Abs(in[c]/float64(on) - out[c]/float64(area-on))
		}
		if contrast < shapeContrast/3 {
			t.Errorf("image %d: object and ground differ by %.0f, want a visible object", i, contrast)
		}
	}
}

// The default data are part of every published result: these may change only
// with a good reason and a word in the release notes.
func TestShapesGolden(t *testing.T) {
	d := shapes(t, Options{Test: 50})
	if got := d.Hash(); got != goldenShapes {
		t.Errorf("hash of the first 50 test images: got %s, want %s", got, goldenShapes)
	}
}

const goldenShapes = "1f49f6bc969ce3082c4e06ce57905a57d12b01bf59a8aa789ec7dc51b4a90f86"

func BenchmarkShapes(b *testing.B) {
	for b.Loop() {
		if _, err := Open(Options{Dataset: "shapes", Split: "train", Train: 1000}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "images/s")
}
