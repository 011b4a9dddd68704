package main

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/renameio/v2/maybe"
	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"assay/model"
	"assay/reports"
	"assay/train"
	"assay/train/dataset"
)

func dataCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "data",
		Short: "Download and inspect data sets",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(dataFetchCmd(), dataInfoCmd())
	return c
}

func dataFetchCmd() *cobra.Command {
	var dir, url string
	c := &cobra.Command{
		Use:   "fetch NAME",
		Short: "Download a data set, check it and unpack it",
		Long: `Download a data set, check its SHA-256 and unpack it.

An interrupted download goes on where it stopped when the command is given
again. A complete data set is left alone.`,
		Example: `  assay data fetch cifar10
  assay data fetch cifar10 --dir ~/datasets`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			name := args[0]
			e, ok := dataset.Sets[name]
			if !ok {
				return usagef("%q is not a data set: want one of %s", name, strings.Join(dataset.Names(), ", "))
			}
			if e.Fetch == nil {
				return usagef("%s is not a download: %s", name, e.About)
			}
			d := *e.Fetch
			if url != "" {
				d.URL = url
			}
			show, done := fetchProgress(c.ErrOrStderr(), name)
			folder, err := dataset.Fetch(c.Context(), d, dir, show)
			done()
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), folder)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", dataset.DefaultDir, "directory to unpack into")
	c.Flags().StringVar(&url, "url", "", "address of a mirror; the file must be the published one")
	return c
}

// fetchProgress shows a bar on a terminal and a line every few seconds elsewhere.
func fetchProgress(w io.Writer, name string) (show dataset.Progress, done func()) {
	if f, ok := w.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice != 0 {
			return fetchBar(w, name)
		}
	}
	var p pace
	var last time.Time
	return func(done, total int64, note string) {
		if note != "" {
			fmt.Fprintf(w, "%s: %s\n", name, note)
			return
		}
		speed := p.at(done, total)
		if now := time.Now(); done == total || now.Sub(last) >= 5*time.Second {
			last = now
			fmt.Fprintf(w, "%s: %.1f of %.1f MB (%d %%)%s\n", name, float64(done)/1e6, float64(total)/1e6, 100*done/max(total, 1), speed)
		}
	}, func() {}
}

// pace measures a download from the first byte of this command: what was here
// already is no speed.
type pace struct {
	start time.Time
	first int64
}

// at returns ", 1.2 MB/s, 30s left", or nothing where it cannot be said.
func (p *pace) at(done, total int64) string {
	if p.start.IsZero() || done < p.first {
		p.start, p.first = time.Now(), done
	}
	rate := float64(done-p.first) / time.Since(p.start).Seconds()
	if !(rate > 0) || done >= total {
		return ""
	}
	left := time.Duration(float64(total-done) / rate * float64(time.Second))
	return fmt.Sprintf(", %.1f MB/s, %v left", rate/1e6, left.Round(time.Second))
}

func fetchBar(w io.Writer, name string) (show dataset.Progress, done func()) {
	var speed atomic.Value // string; the bar is drawn by another goroutine
	speed.Store("")
	p := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	bar := p.AddBar(0,
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersKiloByte("% .1f of % .1f")),
		mpb.AppendDecorators(decor.Percentage(), decor.Any(func(decor.Statistics) string { return speed.Load().(string) })))
	var rate pace
	return func(done, total int64, note string) {
			if note != "" {
				fmt.Fprintf(p, "%s: %s\n", name, note)
				return
			}
			speed.Store(rate.at(done, total))
			bar.SetTotal(total, false)
			bar.SetCurrent(done)
		}, func() {
			bar.Abort(false) // leaves the last state on the screen
			p.Wait()
		}
}

// infoFlags are what `assay data info` reads beside the data set's name.
type infoFlags struct {
	split, images, sheet, net, weights string
	cols, size, nTrain, nTest          int
	seed                               uint64
}

func dataInfoCmd() *cobra.Command {
	var f infoFlags
	c := &cobra.Command{
		Use:   "info NAME[:DIR]",
		Short: "Show counts, classes and hash of a data set, and draw a sheet of its images",
		Long: `Show how many images of each class a data set holds, the images' shape, the
normalisation used and the one measured, and the hash that names the data in
results. With --sheet, draw images with their labels; with --weights too, what
the network takes them for: a tick is right, a cross wrong.`,
		Example: `  assay data info shapes --sheet shapes.png
  assay data info cifar10:data
  assay data info cifar10:data --sheet sheet.png --images 0:32 --weights cifar.pt`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o, err := dataset.Parse(args[0])
			if err != nil {
				return usagef("%w", err)
			}
			o.Size, o.Train, o.Test, o.Seed = f.size, f.nTrain, f.nTest, f.seed
			return f.info(c, o)
		},
	}
	fl := c.Flags()
	fl.StringVar(&f.split, "split", "", "train or test (default: both; test for the sheet)")
	fl.StringVar(&f.sheet, "sheet", "", "PNG file to draw images into")
	fl.StringVar(&f.images, "images", "0:16", "images of the sheet: a half-open range or a list")
	fl.IntVar(&f.cols, "cols", 0, "images in a row of the sheet (default: as square as can be)")
	fl.StringVar(&f.net, "net", "tutorial", "network that the weights belong to")
	fl.StringVar(&f.weights, "weights", "", "weights file (.pt, .pth, .safetensors): show predictions on the sheet")
	fl.IntVar(&f.size, "size", 0, "image_folder: resize to this side in pixels")
	fl.IntVar(&f.nTrain, "n-train", 0, "shapes: images of the train split (default 10000)")
	fl.IntVar(&f.nTest, "n-test", 0, "shapes: images of the test split (default 2000)")
	fl.Uint64Var(&f.seed, "seed", 0, "shapes: seed of the generator")
	return c
}

func (f *infoFlags) info(c *cobra.Command, o dataset.Options) error {
	if f.weights != "" && f.sheet == "" {
		return usagef("--weights says what the network sees on a sheet: name a file with --sheet")
	}
	splits := dataset.Splits
	if f.split != "" {
		splits = []string{f.split}
	}
	sheetSplit := f.split
	if sheetSplit == "" {
		sheetSplit = "test"
	}
	var sets []*dataset.Dataset
	var absent []string
	for _, s := range splits {
		o.Split = s
		d, err := dataset.Open(o)
		if errors.Is(err, dataset.ErrNoSplit) && f.split == "" {
			absent = append(absent, err.Error())
			continue
		}
		if err != nil {
			var p *dataset.Problem
			if errors.As(err, &p) {
				return usagef("%w", err)
			}
			return badInput(err)
		}
		sets = append(sets, d)
	}
	if len(sets) == 0 {
		return badInput(errors.New(strings.Join(absent, "; ")))
	}
	text, err := describe(sets)
	if err != nil {
		return err
	}
	for _, a := range absent {
		text += a + "\n"
	}
	if _, err := io.WriteString(c.OutOrStdout(), text); err != nil {
		return err
	}
	if f.sheet == "" {
		return nil
	}
	k := slices.IndexFunc(sets, func(d *dataset.Dataset) bool { return d.Split == sheetSplit })
	if k < 0 {
		return badInput(errors.New(strings.Join(absent, "; ")))
	}
	return f.drawSheet(c, sets[k])
}

// describe writes what is known of the splits of one data set.
func describe(sets []*dataset.Dataset) (string, error) {
	d := sets[0]
	e := dataset.Sets[d.Name]
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s\n%s\n\n", d.Name, e.About, e.Citation)
	fmt.Fprintf(&b, "images       %d channels, %d rows, %d columns\n", d.Shape.C, d.Shape.H, d.Shape.W)
	fmt.Fprintf(&b, "normalised   (pixel/255 - mean) / std with mean %s, std %s\n", list(d.Mean), list(d.Std))
	for _, d := range sets {
		mean, std := d.Moments()
		fmt.Fprintf(&b, "%-12s mean %s, std %s of pixel/255, measured\n", d.Split, decimals(mean), decimals(std))
	}
	for _, d := range sets {
		fmt.Fprintf(&b, "%-12s hash %s\n", d.Split, d.Hash())
	}
	if d.Masks != nil {
		b.WriteString("masks        every image has the object's\n")
	}
	b.WriteByte('\n')

	t := reports.Table{ID: "classes", Columns: []reports.Column{{Name: "class"}, {Name: "name"}}}
	rows := make([]reports.Row, len(d.Classes)+1)
	for k, name := range d.Classes {
		rows[k].Cells = []reports.Cell{{Text: strconv.Itoa(k)}, {Text: name}}
	}
	rows[len(d.Classes)] = reports.Row{Cells: []reports.Cell{{}, {Text: "all"}}, Rule: true}
	for _, d := range sets {
		t.Columns = append(t.Columns, reports.Column{Name: d.Split, Numeric: true})
		for k, n := range append(d.Counts(), d.Len()) {
			rows[k].Cells = append(rows[k].Cells, reports.Cell{Text: strconv.Itoa(n)})
		}
	}
	t.Rows = rows
	table, err := t.Render("text")
	b.Write(bytes.Trim(table, "\n"))
	b.WriteByte('\n')
	return b.String(), err
}

func list(v []float32) string {
	s := make([]string, len(v))
	for i, x := range v {
		s[i] = strconv.FormatFloat(float64(x), 'g', -1, 32)
	}
	return strings.Join(s, " ")
}

func decimals(v []float64) string {
	s := make([]string, len(v))
	for i, x := range v {
		s[i] = strconv.FormatFloat(x, 'f', 4, 64)
	}
	return strings.Join(s, " ")
}

// drawSheet writes the chosen images of d into f.sheet.
func (f *infoFlags) drawSheet(c *cobra.Command, d *dataset.Dataset) error {
	images, err := dataset.Indices(f.images, d.Len())
	if err != nil {
		return usagef("%w", err)
	}
	if len(images) == 0 || len(images) > 2500 {
		return usagef("--images %s chooses %d images, want 1 to 2500 on a sheet", f.images, len(images))
	}
	if f.cols < 0 {
		return usagef("--cols is %d, want 1 or more, or 0 for as square as can be", f.cols)
	}
	var predicted []int
	if f.weights != "" {
		if predicted, err = f.predict(c, d, images); err != nil {
			return err
		}
	}
	tiles := make([]reports.Tile, len(images))
	for k, i := range images {
		tiles[k] = reports.Tile{C: d.Shape.C, H: d.Shape.H, W: d.Shape.W, Pixels: d.Image(i), Title: fmt.Sprint(i, " ", d.Classes[d.Labels[i]])}
		if predicted != nil {
			tiles[k].Note, tiles[k].Mark = d.Classes[predicted[k]], reports.Wrong
			if predicted[k] == d.Labels[i] {
				tiles[k].Mark = reports.Right
			}
		}
	}
	cols := f.cols
	if cols == 0 {
		cols = int(math.Ceil(math.Sqrt(float64(len(images)))))
	}
	m, err := reports.Sheet(tiles, cols)
	if err != nil {
		return badInput(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return err
	}
	if err := maybe.WriteFile(f.sheet, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("--sheet: %w", err)
	}
	fmt.Fprintf(c.OutOrStdout(), "\n%s: %d images of the %s split\n", f.sheet, len(images), d.Split)
	return nil
}

// predict runs the network with the user's weights on the images.
func (f *infoFlags) predict(c *cobra.Command, d *dataset.Dataset, images []int) ([]int, error) {
	preset, ok := model.Nets[f.net]
	if !ok {
		return nil, usagef("--net %q is not a network: want one of %s", f.net, strings.Join(slices.Sorted(maps.Keys(model.Nets)), ", "))
	}
	w, err := model.ReadWeights(f.weights)
	if err != nil {
		return nil, badInput(err)
	}
	m, err := model.New(preset.New(d.Shape, len(d.Classes)), w)
	if err != nil {
		return nil, badInput(fmt.Errorf("%s: %w", filepath.Base(f.weights), err))
	}
	return train.Predict(c.Context(), m, d, images, 0)
}
