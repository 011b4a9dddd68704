package dataset

import (
	"math"

	"assay/model"
	"assay/model/rng"
)

// How hard the shapes are. Chosen so that the network "tutorial" learns most of
// them in a few passes over the default training split and still fails on some:
// attribution of a perfect or of a hopeless classifier says little. Measured
// with momentum 0.9, batches of 4 and a constant learning rate: 0.002 gives
// about 95 % on the test split after 6 epochs and stays below 97 % after 12;
// 0.001 gives 90 % after 5; 0.004 does not settle. A change here changes every
// image.
const (
	shapeSide = 32

	defaultTrain = 10000
	defaultTest  = 2000
	maxShapes    = 200000

	shapeRadiusMin = 8 * unit  // of the object
	shapeRadiusMax = 11 * unit // star and triangle reach further, see shapeReach
	shapeTilt      = 480       // largest tangent of the object's tilt, of 1024
	shapeContrast  = 135       // least distance of the object's colour from the ground's two, summed over channels
	groundContrast = 75        // largest distance of the ground's two colours, per channel
	shapeNoise     = 22        // largest change of a single pixel
	distractorsMin = 1         // per image
	distractorsMax = 5
)

// Geometry is done in integers, so that every CPU draws the same pixels: a
// pixel is unit wide and sampled at 4x4 points; an object's own coordinates run
// from -1024 to 1024 at its radius.
const unit = 8

// shapeClass is one class: its name and whether (u, v) lies inside.
type shapeClass struct {
	name   string
	inside func(u, v int) bool
}

var shapeTable = []shapeClass{
	{"disc", func(u, v int) bool { return u*u+v*v <= 860*860 }},
	{"ring", func(u, v int) bool { q := u*u + v*v; return q <= 960*960 && q >= 520*520 }},
	{"square", func(u, v int) bool { return abs(u) <= 760 && abs(v) <= 760 }},
	{"triangle", func(u, v int) bool {
		// Equilateral: three half planes at 120 degrees; 887/1024 is sin 60.
		return v <= 560 && 887*u-512*v <= 560*1024 && -887*u-512*v <= 560*1024
	}},
	{"cross", func(u, v int) bool { return abs(u) <= 300 && abs(v) <= 980 || abs(v) <= 300 && abs(u) <= 980 }},
	{"star", inStar},
	{"bars", func(u, v int) bool { return abs(v) <= 900 && abs(u) >= 260 && abs(u) <= 760 }},
	{"crescent", func(u, v int) bool { w := u - 480; return u*u+v*v <= 980*980 && w*w+v*v > 760*760 }},
	{"ell", func(u, v int) bool {
		return u >= -700 && u <= -150 && abs(v) <= 850 || abs(u) <= 700 && v >= 300 && v <= 850
	}},
	{"rhombus", func(u, v int) bool { return abs(u)*1120+abs(v)*560 <= 560*1120 }},
}

// shapeReach bounds every shape: no point further out is inside.
const shapeReach = 1230

// inStar is the pentagram: a point is in it if at most one of its five lines
// cuts the point off.
func inStar(u, v int) bool {
	out := 0
	for _, n := range [5][2]int{{0, 1024}, {974, 316}, {602, -828}, {-602, -828}, {-974, 316}} {
		if n[0]*u+n[1]*v > 375*1024 {
			out++
		}
	}
	return out <= 1
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}

// openShapes draws the split's images. Image i depends on the seed, the split
// and i alone.
func openShapes(o Options) (*Dataset, error) {
	n := o.Test
	if o.Split == "train" {
		n = o.Train
	}
	if n == 0 {
		n = map[string]int{"train": defaultTrain, "test": defaultTest}[o.Split]
	}
	const area = shapeSide * shapeSide
	d := &Dataset{
		Shape:  model.Shape{C: 3, H: shapeSide, W: shapeSide},
		Pixels: make([]byte, n*3*area),
		Labels: make([]int, n),
		Masks:  make([]byte, n*area),
	}
	for _, c := range shapeTable {
		d.Classes = append(d.Classes, c.name)
	}
	return d, parallel(n, func(i int) error {
		d.Labels[i] = i % len(shapeTable) // every ten images hold each class once
		c := canvas{rng: rng.New(o.Seed, "shapes/"+o.Split, i)}
		c.draw(shapeTable[d.Labels[i]].inside, d.Masks[i*area:(i+1)*area])
		c.write(d.Pixels[i*3*area : (i+1)*3*area])
		return nil
	})
}

// canvas is an image while it is drawn, values 0..255.
type canvas struct {
	rng *rng.Stream
	px  [3][shapeSide * shapeSide]int
}

type ink [3]int

// draw paints ground, distractors and, above all else, the object, whose mask
// gets 1 where the object covers at least half of a pixel.
func (c *canvas) draw(inside func(u, v int) bool, mask []byte) {
	a := c.ink()
	b := a
	for k := range b {
		b[k] = min(max(a[k]+c.between(-groundContrast, groundContrast), 0), 255)
	}
	c.ground(a, b)
	for range distractorsMin + c.rng.IntN(distractorsMax-distractorsMin+1) {
		c.distractor()
	}
	object := c.ink()
	for distance(object, a) < shapeContrast || distance(object, b) < shapeContrast {
		object = c.ink()
	}
	r := shapeRadiusMin + c.rng.IntN(shapeRadiusMax-shapeRadiusMin+1)
	margin := r * shapeReach / 1024
	free := shapeSide*unit - 2*margin
	x, y := margin+c.rng.IntN(free+1), margin+c.rng.IntN(free+1)
	c.paint(inside, x, y, r, c.between(-shapeTilt, shapeTilt), object, mask)
}

func (c *canvas) ink() ink { return ink{c.rng.IntN(256), c.rng.IntN(256), c.rng.IntN(256)} }

func distance(a, b ink) int { return abs(a[0]-b[0]) + abs(a[1]-b[1]) + abs(a[2]-b[2]) }

// between returns a uniform integer in [lo, hi].
func (c *canvas) between(lo, hi int) int { return lo + c.rng.IntN(hi-lo+1) }

// ground mixes two colours by one of four textures.
func (c *canvas) ground(a, b ink) {
	// Smooth noise: random heights 0..256 on a grid of 8 pixels, interpolated.
	var grid [5][5]int
	for y := range grid {
		for x := range grid[y] {
			grid[y][x] = c.rng.IntN(257)
		}
	}
	kind := c.rng.IntN(4)
	p, q, period := c.between(-4, 4), c.between(-4, 4), c.between(12, 32)
	for y := range shapeSide {
		for x := range shapeSide {
			gx, gy, fx, fy := x/8, y/8, x%8, y%8
			t := ((8-fy)*((8-fx)*grid[gy][gx]+fx*grid[gy][gx+1]) + fy*((8-fx)*grid[gy+1][gx]+fx*grid[gy+1][gx+1])) / 64
			switch kind {
			case 1: // blotches
				t = min(max((t-128)*6+128, 0), 256)
			case 2: // stripes
				t = 256 * (((p*x+q*y)%period + period) % period) / period
			case 3: // checks
				t = 64 + 128*((x/(period/4)+y/(period/4))%2)
			}
			for k := range 3 {
				c.px[k][y*shapeSide+x] = (a[k]*(256-t) + b[k]*t) / 256
			}
		}
	}
}

// distractor paints a dot, a stroke or a corner anywhere: edges and colours
// that say nothing about the class.
func (c *canvas) distractor() {
	var inside func(u, v int) bool
	var r int
	switch c.rng.IntN(3) {
	case 0:
		r = c.between(unit, 5*unit/2)
		inside = func(u, v int) bool { return u*u+v*v <= 1024*1024 }
	case 1:
		r = c.between(3*unit, 7*unit)
		inside = func(u, v int) bool { return abs(u) <= 1024 && abs(v)*r <= 1024*3*unit/4 }
	default:
		r = c.between(3*unit/2, 3*unit)
		inside = func(u, v int) bool { return u >= -700 && v >= -700 && u+v <= 0 }
	}
	c.paint(inside, c.rng.IntN(shapeSide*unit), c.rng.IntN(shapeSide*unit), r, c.between(-1024, 1024), c.ink(), nil)
}

// paint fills a shape of radius r around (x, y), both in units, tilted by the
// angle of tangent tilt/1024, shaded along its axis. mask may be nil.
func (c *canvas) paint(inside func(u, v int) bool, x, y, r, tilt int, col ink, mask []byte) {
	a, b := 1024, tilt
	light := c.between(-40, 40)
	norm := int(math.Sqrt(float64(a*a + b*b))) // sqrt is rounded alike everywhere
	scale := 1024 << 20 / (norm * r)           // of a*dx, to the object's coordinates, times 2^20
	reach := r*shapeReach/1024 + unit
	for j := max((y-reach)/unit, 0); j < min((y+reach)/unit+1, shapeSide); j++ {
		for i := max((x-reach)/unit, 0); i < min((x+reach)/unit+1, shapeSide); i++ {
			cover, vs := 0, 0
			for s := range 16 {
				dx, dy := i*unit+s%4*2+1-x, j*unit+s/4*2+1-y
				u, v := (a*dx+b*dy)*scale>>20, (a*dy-b*dx)*scale>>20
				if inside(u, v) {
					cover++
					vs += v
				}
			}
			if cover == 0 {
				continue
			}
			at := j*shapeSide + i
			shade := light * (vs / cover) / 1024
			for k := range 3 {
				full := min(max(col[k]+shade, 0), 255)
				c.px[k][at] += (full - c.px[k][at]) * cover / 16
			}
			if mask != nil && cover >= 8 {
				mask[at] = 1
			}
		}
	}
}

// write adds the noise and stores the planes.
func (c *canvas) write(pixels []byte) {
	at := 0
	for k := range 3 {
		for j := 0; j < len(c.px[k]); j += 8 {
			bits := c.rng.Uint64()
			for _, v := range c.px[k][j : j+8] {
				v += int(bits&255)*(2*shapeNoise+1)>>8 - shapeNoise
				pixels[at] = byte(min(max(v, 0), 255))
				bits >>= 8
				at++
			}
		}
	}
}
