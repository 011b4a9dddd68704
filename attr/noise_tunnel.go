package attr

import (
	"errors"
	"fmt"
	"slices"

	"assay/model"
	"assay/model/rng"
)

// NoiseTunnel explains noisy copies of an image by another method and takes,
// for every map value a over the copies,
//
//	smoothgrad     the mean of a
//	smoothgrad_sq  the mean of a^2
//	vargrad        the mean of a^2 less the square of the mean of a
//
// Smilkov et al. 2017 (arXiv:1706.03825), Hooker et al. 2019, Adebayo et al.
// 2018 (arXiv:1810.03307). Names, defaults and the variance over n, not n-1,
// are Captum's. Stdevs is in normalised units, as in Captum, or with
// StdevsRelative a fraction of the image's range, its largest value less its
// smallest, as in the paper of SmoothGrad.
//
// Copy s of image i is x + stdev*z in float32 with z drawn from the stream (seed, "noise",
// i, s): the first k of 100 copies are those of nt_samples 5, and all methods
// and stdevs see the same z.
//
// With a Tolerance the number of copies is chosen for each image (see settle).
//
// Of two copies and more the map comes with its standard error (see
// noiseMoments): how far it would lie from that of other draws of the noise. What
// Over itself draws is the same in all copies, and no part of it.
type NoiseTunnel struct {
	Over           Method  `yaml:"over" doc:"the method that explains each noisy copy"`
	NTType         string  `yaml:"nt_type" doc:"smoothgrad, smoothgrad_sq or vargrad" jsonschema:"enum=smoothgrad,enum=smoothgrad_sq,enum=vargrad"`
	NTSamples      int     `yaml:"nt_samples" doc:"noisy copies per image; not used with a tolerance" jsonschema:"minimum=1,maximum=100000"`
	Stdevs         float64 `yaml:"stdevs" doc:"standard deviation of the noise, in normalised units" jsonschema:"minimum=0,maximum=1000"`
	StdevsRelative bool    `yaml:"stdevs_relative" doc:"stdevs is a fraction of the image's range instead, its largest value less its smallest"`
	Tolerance      float64 `yaml:"tolerance" doc:"draw copies of each image until the map's standard error, as a share of the map in the Euclidean norm, is at most this; 0: nt_samples" jsonschema:"minimum=0,maximum=1"`
	MaxSamples     int     `yaml:"max_samples" doc:"with a tolerance: copies of an image at most" jsonschema:"minimum=2,maximum=100000"`

	// noise replaces the drawn z, for a comparison with given numbers.
	noise func(index, sample int, z []float32)
}

// Check reports options out of range and, under "over.", those of the inner
// method. Noise tunnels do not nest: the inner one would draw the same noise.
func (o *NoiseTunnel) Check(n *model.Net) error {
	errs := []error{
		oneOf("nt_type", o.NTType, "smoothgrad", "smoothgrad_sq", "vargrad"),
		between("nt_samples", o.NTSamples, 1, 100000),
	}
	if o.NTType == "vargrad" && o.NTSamples == 1 && o.Tolerance == 0 {
		errs = append(errs, &Problem{Option: "nt_samples", Msg: "is 1, want at least 2 for vargrad: the variance of a single map is 0 everywhere"})
	}
	// Not written as Stdevs < 0: NaN must fail too.
	if !(o.Stdevs >= 0 && o.Stdevs <= 1000) {
		errs = append(errs, &Problem{Option: "stdevs", Msg: fmt.Sprintf("is %v, want 0 to 1000", o.Stdevs)})
	}
	if !(o.Tolerance >= 0 && o.Tolerance <= 1) {
		errs = append(errs, &Problem{Option: "tolerance", Msg: fmt.Sprintf("is %v, want 0 to 1", o.Tolerance)})
	}
	if o.Tolerance > 0 {
		errs = append(errs, between("max_samples", o.MaxSamples, 2, 100000))
	}
	switch over := o.Over.(type) {
	case nil:
		errs = append(errs, &Problem{Option: "over", Msg: "is missing, want a method"})
	case streamer:
		errs = append(errs, within("over", over.Check(n)))
	default:
		errs = append(errs, &Problem{Option: "over", Msg: fmt.Sprintf("is %s, want a method without noise of its own", Name(o.Over))})
	}
	return errors.Join(errs...)
}

// Shape returns the shape of the maps: that of the inner method's.
func (o *NoiseTunnel) Shape(n *model.Net) model.Shape { return MapShape(o.Over, n) }

// Attribute explains the inputs: NTSamples times the passes of Over each.
func (o *NoiseTunnel) Attribute(e *Env, in []Input, emit func(i int, a Attribution)) error {
	return tunnel(e, []*NoiseTunnel{o}, in, func(_, i int, a Attribution) { emit(i, a) })
}

// copies returns the number of noisy copies of an image, at most.
func (o *NoiseTunnel) copies() int {
	if o.Tolerance > 0 {
		return o.MaxSamples
	}
	return o.NTSamples
}

// stdev returns the standard deviation of the noise on x.
func (o *NoiseTunnel) stdev(x []float32) float32 { return noiseOn(x, o.Stdevs, o.StdevsRelative) }

func noiseOn(x []float32, stdev float64, relative bool) float32 {
	if relative {
		stdev *= float64(slices.Max(x)) - float64(slices.Min(x))
	}
	return float32(stdev)
}

// noiser returns what writes the z of a copy: that of the configuration or the
// run's.
func (o *NoiseTunnel) noiser(e *Env) func(index, sample int, z []float32) {
	if o.noise != nil {
		return o.noise
	}
	var s rng.Stream
	return func(index, sample int, z []float32) {
		s.Reset(e.Seed, "noise", index, sample)
		s.Normals(z)
	}
}

// valued is a method whose FX is not the target's value at the input.
type valued interface {
	values(e *Env, in []Input) ([]float64, error)
}

// unperturbed returns what FX is for maps of over: the value at the inputs
// without noise.
func unperturbed(e *Env, over Method, in []Input) ([]float64, error) {
	if v, ok := over.(valued); ok {
		return v.values(e, in)
	}
	return e.values(in)
}

// level is one noise level of a group with its running sums.
type level struct {
	stdev   float64
	share   bool    // of the image's range
	on      float32 // standard deviation on the image that is filled in
	samples int     // the most that a configuration asks for
	ks      []int   // the configurations
	sums    noiseMoments
	doubt   Doubt // of the copies of an image so far
}

// levels sorts the configurations of a group by noise level, those with most
// samples first.
func levels(ms []*NoiseTunnel, size int) []*level {
	var ls []*level
	for k, m := range ms {
		i := slices.IndexFunc(ls, func(l *level) bool { return l.stdev == m.Stdevs && l.share == m.StdevsRelative })
		if i < 0 {
			i = len(ls)
			ls = append(ls, &level{stdev: m.Stdevs, share: m.StdevsRelative})
		}
		l := ls[i]
		l.ks = append(l.ks, k)
		l.samples = max(l.samples, m.NTSamples)
		l.sums.need(size, m.NTType)
	}
	slices.SortStableFunc(ls, func(a, b *level) int { return b.samples - a.samples })
	return ls
}

// cursor walks over the noisy copies of a group: image by image, sample by
// sample, and for each sample the levels that still want it.
type cursor struct{ image, sample, level int }

func (c *cursor) next(ls []*level) {
	if c.level++; c.level < len(ls) && c.sample < ls[c.level].samples {
		return
	}
	c.level = 0
	if c.sample++; c.sample < ls[0].samples {
		return
	}
	c.sample = 0
	c.image++
}

// tunnel runs configurations over the same inner method together. The noise of
// a copy is drawn once for all levels, and what needs fewer samples is read off
// the running sums on the way. emit(k, i, a) is called for configuration k and
// image i, for each k in the order of the images.
func tunnel(e *Env, ms []*NoiseTunnel, in []Input, emit func(k, i int, a Attribution)) error {
	if err := e.check(in); err != nil {
		return err
	}
	over, ok := ms[0].Over.(streamer)
	if !ok {
		return fmt.Errorf("attr: noise_tunnel: over is %q, want a method without noise of its own", Name(ms[0].Over))
	}
	fx, err := unperturbed(e, over, in)
	if err != nil {
		return fmt.Errorf("attr: noise_tunnel: %w", err)
	}
	if ms[0].Tolerance > 0 { // and alone, see Share
		return ms[0].settle(e, over, in, fx, func(i int, a Attribution) { emit(0, i, a) })
	}
	size := MapShape(over, e.Worker.Model().Net()).Size()
	ls := levels(ms, size)
	copies := 0 // per image
	for _, l := range ls {
		copies += l.samples
	}
	noise := ms[0].noiser(e)
	z := make([]float32, e.size())
	m, stderr := make([]float32, size), make([]float32, size)
	var filled, folded cursor
	err = over.stream(e, len(in)*copies,
		func(_ int, dst *Input) {
			at := filled
			filled.next(ls)
			src := &in[at.image]
			l := ls[at.level]
			if at.level == 0 {
				noise(src.Index, at.sample, z)
			}
			if at.sample == 0 {
				l.on = noiseOn(src.X, l.stdev, l.share)
			}
			dst.Index, dst.Target = src.Index, src.Target
			model.AddScaled(l.on, z, src.X, dst.X)
		},
		func(_ int, a Attribution) {
			at := folded
			folded.next(ls)
			l := ls[at.level]
			if at.sample == 0 {
				l.sums.reset()
				l.doubt = 0
			}
			l.sums.add(a.Map)
			l.doubt |= a.Doubt
			for _, k := range l.ks {
				if ms[k].NTSamples == at.sample+1 {
					se := l.sums.read(ms[k].NTType, m, stderr)
					emit(k, at.image, Attribution{Map: m, StdErr: se, FX: fx[at.image], Doubt: l.doubt})
				}
			}
		})
	if err != nil {
		return fmt.Errorf("attr: noise_tunnel: %w", err)
	}
	return nil
}
