package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2/maybe"
	"github.com/spf13/cobra"

	"assay/model/npy"
	"assay/model/rng"
	"assay/reports"
	"assay/train/dataset"
)

// maxPictureRows bounds the height of a picture, which is held in memory.
const maxPictureRows = 200

// pictureFlags are what `assay picture` reads. Of the options of a picture each
// holds one value, or one for every way of drawing.
type pictureFlags struct {
	dataFlags
	images, out                  string
	titles                       []string
	method, sign, cmap, outliers []string
	scale, colors                string
	alpha                        []float64
	noColorbar                   bool
}

func pictureCmd() *cobra.Command {
	var f pictureFlags
	c := &cobra.Command{
		Use:   "picture MAPS.npz... --out FILE.png",
		Short: "Draw maps that 'assay attribute' wrote",
		Long: `Draw maps that 'assay attribute' wrote: an image a row, a file a column.

The options are those of Captum's visualize_image_attr. Several values of one,
separated by commas, draw every file in several ways side by side, as
visualize_image_attr_multiple does.`,
		Example: `  assay picture maps.npz --out picture.png
  assay picture ig.npz deep_lift.npz --data cifar10:data --scale shared --out picture.pdf
  assay picture maps.npz --method heat_map,masked_image --sign all,positive --outlier-perc 1 --out picture.svg`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return oneArg(c, args)
			}
			return noneEmpty(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error { return f.picture(c, args) },
	}
	d := reports.DefaultPicture()
	outlier, err := d.OutlierPerc.MarshalText()
	if err != nil {
		panic("assay: the default picture: " + err.Error())
	}
	f.addChoice(c)
	f.addOptions(c)
	fl := c.Flags()
	fl.StringVar(&f.out, "out", "", ".png, .svg or .pdf file to write")
	fl.StringVar(&f.images, "images", ":", "draw those of the split: a half-open range 0:4 or a list 1,5,7 (default: all in the files)")
	fl.StringSliceVar(&f.titles, "titles", nil, "of the columns: one a file, or one a column as drawn (default: the files' names)")
	fl.StringSliceVar(&f.method, "method", []string{d.Method}, strings.Join(reports.PictureMethods, ", "))
	fl.StringSliceVar(&f.sign, "sign", []string{string(d.Sign)}, "auto, all, positive, negative or absolute_value; auto: by the map")
	fl.StringSliceVar(&f.outliers, "outlier-perc", []string{string(outlier)}, "the largest values saturate that hold so many percent of the sum; auto: 2")
	fl.StringSliceVar(&f.cmap, "cmap", []string{d.Cmap}, "colour map: auto, "+strings.Join(reports.Cmaps(), ", ")+"; with _r turned round")
	fl.Float64SliceVar(&f.alpha, "alpha-overlay", []float64{d.AlphaOverlay}, "opacity of the map in blended_heat_map, a `number` from 0 to 1")
	fl.StringVar(&f.scale, "scale", d.Scale, "own: each map by itself; shared: all maps of a file alike")
	fl.StringVar(&f.colors, "colors", d.Colors, "of cmap auto: safe with every colour blindness, or captum's red and green")
	fl.BoolVar(&f.noColorbar, "no-colorbar", false, "no colour scale below the maps")
	fl.Lookup("alpha-overlay").DefValue = strconv.FormatFloat(d.AlphaOverlay, 'g', -1, 64)
	fl.Lookup("images").DefValue = "" // its help says what it is
	return c
}

func (f *pictureFlags) picture(c *cobra.Command, files []string) error {
	format := strings.ToLower(strings.TrimPrefix(filepath.Ext(f.out), "."))
	if !slices.Contains([]string{"png", "svg", "pdf"}, format) {
		return usagef("--out is %q, want a file that ends in .png, .svg or .pdf", f.out)
	}
	if err := canWrite("--out", f.out); err != nil {
		return err
	}
	ways, err := f.ways()
	if err != nil {
		return err
	}
	o, err := f.options("--data")
	if err != nil {
		return err
	}
	d, err := openData(o)
	if err != nil {
		return err
	}
	wanted, err := dataset.Indices(f.images, d.Len())
	if err != nil {
		return usagef("--images: %w", err)
	}
	r := &reports.Run{C: d.Shape.C, H: d.Shape.H, W: d.Shape.W, Classes: d.Classes, Pictures: ways}
	for _, file := range files {
		title := strings.TrimSuffix(filepath.Base(file), ".npz")
		arrays, err := npy.ReadNpz(file)
		if err != nil {
			return badInput(err)
		}
		if err := addMaps(r, d, arrays, title, wanted); err != nil {
			return badInput(fmt.Errorf("%s: %w", file, err))
		}
	}
	if n := len(r.Images); n == 0 || n > maxPictureRows {
		return usagef("--images chooses %d images of the files, want 1 to %d", n, maxPictureRows)
	}
	sheet, err := r.Sheet(f.titles...)
	if err != nil {
		if problem := (*reports.Problem)(nil); errors.As(err, &problem) {
			return usagef("--%w", err)
		}
		return err
	}
	b, err := sheet.Render(format)
	if err != nil {
		return err
	}
	if err := maybe.WriteFile(f.out, b, 0o644); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s, %s each\n", f.out, counted(len(r.Images), "image"), counted(len(files)*len(ways), "map"))
	return err
}

// ways spreads the flags over the ways of drawing: a flag with a single value
// holds for all of them.
func (f *pictureFlags) ways() ([]reports.Picture, error) {
	flags := []struct {
		name string
		n    int
	}{{"method", len(f.method)}, {"sign", len(f.sign)}, {"outlier-perc", len(f.outliers)}, {"cmap", len(f.cmap)}, {"alpha-overlay", len(f.alpha)}}
	n := 1
	for _, x := range flags {
		n = max(n, x.n)
	}
	for _, x := range flags {
		if x.n != 1 && x.n != n {
			return nil, usagef("--%s has %d values, want 1 or %d, as many as the longest list", x.name, x.n, n)
		}
	}
	ways := make([]reports.Picture, n)
	for k := range ways {
		p := reports.DefaultPicture()
		p.Method, p.Sign, p.Cmap = f.method[k%len(f.method)], reports.Sign(f.sign[k%len(f.sign)]), f.cmap[k%len(f.cmap)]
		p.AlphaOverlay, p.Scale, p.Colors, p.Colorbar = f.alpha[k%len(f.alpha)], f.scale, f.colors, !f.noColorbar
		if err := p.OutlierPerc.UnmarshalText([]byte(f.outliers[k%len(f.outliers)])); err != nil {
			return nil, usagef("--outlier-perc: %w", err)
		}
		if err := p.Check(); err != nil {
			return nil, usagef("%w", err)
		}
		ways[k] = p
	}
	return ways, nil
}

// addMaps adds a file's arrays as a column. The first file says which images are shown;
// the others must have maps of the same.
func addMaps(r *reports.Run, d *dataset.Dataset, arrays map[string]*npy.Array, title string, wanted []int) error {
	maps, at := arrays["attributions"], arrays["index"]
	if maps == nil || at == nil {
		return fmt.Errorf("has no arrays attributions and index, want a file of 'assay attribute'")
	}
	if len(maps.Shape) != 4 || len(at.Shape) != 1 || at.Shape[0] != maps.Shape[0] {
		return fmt.Errorf("attributions is %v and index %v, want [N C H W] and [N]", maps.Shape, at.Shape)
	}
	a := reports.Attribution{ID: fmt.Sprint(len(r.Attributions)) + " " + title, Method: title, Shape: reports.Shape{C: maps.Shape[1], H: maps.Shape[2], W: maps.Shape[3]}}
	if a.Shape == (reports.Shape{C: r.C, H: r.H, W: r.W}) {
		a.Shape = reports.Shape{}
	}
	size := maps.Shape[1] * maps.Shape[2] * maps.Shape[3]
	values, index := maps.Float32s(), at.Ints()
	first := len(r.Attributions) == 0
	for k, i := range index {
		if !slices.Contains(wanted, i) {
			if i < 0 || i >= d.Len() {
				return fmt.Errorf("index has image %d, but the %s split of %s has %d", i, d.Split, d.Name, d.Len())
			}
			continue
		}
		if s := arrays["checksum"]; s != nil && k < len(s.I64) && s.I64[k] != checksum(d.Image(i)) {
			return fmt.Errorf("image %d is not the one that was explained: want its data set and split by --data and --split, not the %s split of %s", i, d.Split, d.Name)
		}
		switch n := len(a.Maps); {
		case first:
			r.Images = append(r.Images, pictured(d, arrays, k, i))
		case n >= len(r.Images) || r.Images[n].Index != i:
			return fmt.Errorf("has other images than the first file, want maps of the same")
		}
		a.Maps = append(a.Maps, values[k*size:(k+1)*size])
	}
	if len(a.Maps) != len(r.Images) {
		return fmt.Errorf("has maps of %d images, but the first file of %d", len(a.Maps), len(r.Images))
	}
	r.Attributions = append(r.Attributions, a)
	return nil
}

// pictured is image i of the split, at place k of a file that may say what the
// network makes of it.
func pictured(d *dataset.Dataset, arrays map[string]*npy.Array, k, i int) reports.Image {
	im := reports.Image{Index: i, Label: d.Labels[i], Target: d.Labels[i], Pixels: d.Image(i)}
	if t := arrays["target"]; t != nil && k < t.Len() {
		im.Target = t.Ints()[k]
	}
	if m := arrays["minus"]; m != nil && k < m.Len() {
		im.Minus, im.Contrast = m.Ints()[k], true
	}
	l, n := arrays["logits"], len(d.Classes)
	if l == nil || (k+1)*n > l.Len() {
		return im
	}
	logits := l.Float64s()[k*n : (k+1)*n]
	top := slices.Max(logits)
	sum := 0.0
	for _, v := range logits {
		sum += rng.Exp(v - top)
	}
	im.Predicted, im.Probability = slices.Index(logits, top), 1/sum
	return im
}
