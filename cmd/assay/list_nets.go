package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"assay/model"
	"assay/reports"
)

func listNetsCmd() *cobra.Command {
	var input string
	var classes int
	c := &cobra.Command{
		Use:   "nets",
		Short: "List the preset networks: layers, output shapes, parameters",
		Example: `  assay list nets
  assay list nets --input 1x28x28 --classes 10`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var s model.Shape
			if n, err := fmt.Sscanf(input+"\n", "%dx%dx%d\n", &s.C, &s.H, &s.W); n != 3 || err != nil || min(s.C, s.H, s.W) < 1 || max(s.C, s.H, s.W) > 1<<16 {
				return usagef("--input %q is no shape: want CHANNELSxROWSxCOLUMNS, as 3x32x32", input)
			}
			if classes < 1 || classes > 1<<16 {
				return usagef("--classes %d: want 1 to 65536", classes)
			}
			for i, name := range slices.Sorted(maps.Keys(model.Nets)) {
				if i > 0 {
					fmt.Fprintln(c.OutOrStdout())
				}
				if err := writeNet(c.OutOrStdout(), name, s, classes); err != nil {
					return err
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&input, "input", "3x32x32", "shape of an image: channels, rows, columns")
	c.Flags().IntVar(&classes, "classes", 10, "number of classes")
	return c
}

// writeNet writes the summary table of a preset network, or why images of that
// shape are not for it.
func writeNet(w io.Writer, name string, in model.Shape, classes int) error {
	e := model.Nets[name]
	n := e.New(in, classes)
	width := widthOf(w)
	fmt.Fprintf(w, "%s\n%s\n\n", hanging(name+": "+e.About, width), hanging(e.Citation, width))
	if err := n.Resolve(); err != nil {
		_, err = fmt.Fprintf(w, "Not for %v images: %s\n", in, strings.TrimPrefix(err.Error(), "model: "))
		return err
	}
	count, total := map[string]int{}, 0
	for _, p := range n.Params() {
		if p.Statistic {
			continue // kept, not learned: no parameter
		}
		size := 1
		for _, d := range p.Shape {
			size *= d
		}
		count[p.Name[:strings.LastIndexByte(p.Name, '.')]] += size
		total += size
	}
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
	if l.Input != "" {
		s += " of " + l.Input
	}
	if l.From != "" {
		s += " from " + l.From
	}
	return s
}
