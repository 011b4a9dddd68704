package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2/maybe"
	"github.com/spf13/cobra"

	"assay/experiments"
	"assay/reports"
	"assay/train/dataset"
)

// infoFlags are what `assay data info` reads beside the data set's name.
type infoFlags struct {
	dataFlags
	images, sheet, net, weights string
	cols                        int
	seed                        uint64
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
		Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			f.data = args[0]
			return f.info(c)
		},
	}
	addNet(c, &f.net)
	f.addOptions(c)
	fl := c.Flags()
	fl.StringVar(&f.split, "split", "", "train or test (default: both; test for the sheet)")
	fl.StringVar(&f.sheet, "sheet", "", "PNG file to draw images into")
	fl.StringVar(&f.images, "images", "0:16", "images of the sheet: a half-open range or a list")
	fl.IntVar(&f.cols, "cols", 0, "images in a row of the sheet (default: as square as can be)")
	fl.StringVar(&f.weights, "weights", "", "weights file (.pt, .pth, .safetensors): show predictions on the sheet")
	fl.Uint64Var(&f.seed, "seed", 0, "shapes: seed of the generator")
	return c
}

// info checks everything, then prints and draws.
func (f *infoFlags) info(c *cobra.Command) error {
	var source *experiments.NetSource // of --weights, nil without
	switch {
	case f.weights != "" && f.sheet == "":
		return usagef("--weights says what the network sees on a sheet: name a file with --sheet")
	case f.weights == "" && c.Flags().Changed("net"):
		return usagef("--net is the network of --weights, which is missing")
	case f.weights != "":
		var err error
		if source, err = loadNet(f.net); err != nil {
			return err
		}
	}
	if f.sheet != "" {
		if err := f.checkSheet(); err != nil {
			return err
		}
	}
	sets, absent, err := f.open()
	if err != nil {
		return err
	}
	text, err := describe(sets)
	if err != nil {
		return err
	}
	if f.sheet == "" {
		_, err := io.WriteString(c.OutOrStdout(), text+absent)
		return err
	}
	split := cmp.Or(f.split, "test")
	k := slices.IndexFunc(sets, func(d *dataset.Dataset) bool { return d.Split == split })
	if k < 0 {
		return badInput(errors.New(strings.TrimSpace(absent)))
	}
	b, images, err := f.drawSheet(c.Context(), sets[k], source)
	if err != nil {
		return err
	}
	if err := maybe.WriteFile(f.sheet, b, 0o644); err != nil {
		return fmt.Errorf("--sheet: %w", err)
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s%s\n%s: %d images of the %s split\n", text, absent, f.sheet, images, split)
	return err
}

// open reads the splits that are asked for. Those of a data set that lacks them
// are named in absent, one a line.
func (f *infoFlags) open() (sets []*dataset.Dataset, absent string, err error) {
	o, err := f.options("assay data info:")
	if err != nil {
		return nil, "", err
	}
	o.Seed = f.seed
	splits := dataset.Splits
	if f.split != "" {
		splits = []string{f.split}
	}
	for _, o.Split = range splits {
		d, err := openData(o)
		if errors.Is(err, dataset.ErrNoSplit) && f.split == "" {
			absent += err.Error() + "\n"
			continue
		}
		if err != nil {
			return nil, "", err
		}
		sets = append(sets, d)
	}
	if len(sets) == 0 {
		return nil, "", badInput(errors.New(strings.TrimSpace(absent)))
	}
	return sets, absent, nil
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
