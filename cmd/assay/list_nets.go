package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"assay/experiments"
	"assay/model"
	"assay/reports"
)

func listNetsCmd() *cobra.Command {
	var input string
	var classes int
	c := &cobra.Command{
		Use:   "nets [NAME|FILE]...",
		Short: "List the preset networks, or those of files: layers, output shapes, parameters",
		Long: `List the preset networks, or networks by name: layers, output shapes, parameters.

A network of your own is a YAML file with a list of its layers, as model.layers
of a specification has them, by itself, under the key layers, or in a
specification:

  - {kind: conv2d, out: 16, kernel: 3, stride: 2, padding: 1}
  - {kind: relu}
  - {kind: flatten}
  - {kind: linear, out: 10}

A path of it stands wherever a command or a specification asks for a network.`,
		Example: `  assay list nets
  assay list nets resnet20 --input 1x28x28
  assay list nets mine.yaml`,
		Args: noneEmpty,
		RunE: func(c *cobra.Command, args []string) error {
			in, err := parseInput(input)
			if err != nil {
				return err
			}
			if classes < 1 || classes > 1<<16 {
				return usagef("--classes %d: want 1 to 65536", classes)
			}
			if len(args) == 0 {
				args = slices.Sorted(maps.Keys(model.Nets))
			}
			var b bytes.Buffer // all mistakes come before the first table
			width := widthOf(c.OutOrStdout())
			for i, name := range args {
				if i > 0 {
					b.WriteByte('\n')
				}
				if err := writeNet(&b, name, in, classes, width); err != nil {
					return err
				}
			}
			_, err = b.WriteTo(c.OutOrStdout())
			return err
		},
	}
	c.Flags().StringVar(&input, "input", "3x32x32", "shape of an image: channels, rows, columns")
	c.Flags().IntVar(&classes, "classes", 10, "number of classes, of presets")
	return c
}

// parseInput reads the shape of an image.
func parseInput(input string) (model.Shape, error) {
	var s model.Shape
	if n, err := fmt.Sscanf(input+"\n", "%dx%dx%d\n", &s.C, &s.H, &s.W); n != 3 || err != nil || min(s.C, s.H, s.W) < 1 || max(s.C, s.H, s.W) > 1<<16 {
		return s, usagef("--input %q is no shape: want CHANNELSxROWSxCOLUMNS, as 3x32x32", input)
	}
	return s, nil
}

// writeNet writes the summary table of a network, or why images of that shape are
// not for the preset. Layers of a file that do not fit are a mistake in the file.
func writeNet(w io.Writer, name string, in model.Shape, classes, width int) error {
	source, err := experiments.LoadNet(name, "assay list nets:")
	if err != nil {
		return netError(err)
	}
	n, err := source.For(in, classes, "")
	e, preset := model.Nets[source.Preset()]
	switch {
	case preset:
		title := source.Preset()
		if source.File {
			title = name + ": " + title
		}
		fmt.Fprintf(w, "%s\n%s\n\n", hanging(title+": "+e.About, width), hanging(e.Citation, width))
	case err == nil:
		fmt.Fprintf(w, "%s: %d layers\n\n", name, len(n.Layers))
	}
	var faults experiments.Faults
	if errors.As(err, &faults) && preset {
		_, err := fmt.Fprintln(w, hanging(faults[0].Msg, width))
		return err
	}
	if err != nil {
		return err
	}
	count, total := parameters(n)
	t := reports.Table{Columns: []reports.Column{{Name: "layer"}, {Name: "kind"}, {Name: "output"}, {Name: "parameters", Numeric: true}}}
	t.Rows = append(t.Rows, textRow("input", "", in.String(), ""))
	for i, s := range n.Shapes() {
		l := n.Layers[i]
		params := ""
		if count[l.Name] > 0 {
			params = strconv.Itoa(count[l.Name])
		}
		t.Rows = append(t.Rows, textRow(l.Name, kindOf(l), s.String(), params))
	}
	sum := textRow("total", "", "", strconv.Itoa(total))
	sum.Rule = true
	t.Rows = append(t.Rows, sum)
	return writeTable(w, &t)
}

// parameters counts what training learns, by layer and in all: not the running
// statistics of batch norms.
func parameters(n *model.Net) (byLayer map[string]int, total int) {
	byLayer = map[string]int{}
	for _, p := range n.Params() {
		if p.Statistic {
			continue
		}
		size := 1
		for _, d := range p.Shape {
			size *= d
		}
		byLayer[p.Name[:strings.LastIndexByte(p.Name, '.')]] += size
		total += size
	}
	return byLayer, total
}

// kindOf describes a layer with what its output shape does not show.
func kindOf(l model.Layer) string {
	s := l.Kind
	if l.Kernel > 0 {
		s += fmt.Sprintf(" %dx%d", l.Kernel, l.Kernel)
		if l.Kind == "conv2d" && l.Stride != 1 || l.Kind != "conv2d" && l.Stride != l.Kernel {
			s += fmt.Sprintf(", stride %d", l.Stride)
		}
		if l.Padding > 0 {
			s += fmt.Sprintf(", padding %d", l.Padding)
		}
	}
	if l.Eps != 0 {
		s += fmt.Sprintf(", eps %v", l.Eps)
	}
	if l.Momentum != 0 {
		s += fmt.Sprintf(", momentum %v", l.Momentum)
	}
	if l.Input != "" {
		s += " of " + l.Input
	}
	if l.From != "" {
		s += " from " + l.From
	}
	return s
}
