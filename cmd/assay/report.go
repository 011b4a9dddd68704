package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"assay/experiments"
	"assay/reports"
)

func reportCmd() *cobra.Command {
	var formats, figures []string
	var picture string
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Rebuild tables and figures of a run from its store",
		Long: `Rebuild the report of a run from its store: neither data nor weights are needed,
and nothing is computed. Prints the report's directory.`,
		Example: `  assay report runs/quickstart
  assay report runs/quickstart --formats latex,csv --figures pdf
  assay report runs/quickstart --picture '{method: heat_map, cmap: RdBu, scale: shared}'`,
		Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := experiments.CheckFormats(formats, figures); err != nil {
				return usagef("assay report: %w", err)
			}
			var pictures []reports.Picture
			if picture != "" {
				var err error
				if pictures, err = experiments.DecodePictures(picture, "--picture"); err != nil {
					return usagef("assay report: %w", err)
				}
			}
			dir, err := experiments.Report(args[0], formats, figures, pictures...)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), dir)
			return err
		},
	}
	c.Flags().StringSliceVar(&formats, "formats", nil, "of tables: text, markdown, csv, latex, html (default: as the specification says)")
	c.Flags().StringSliceVar(&figures, "figures", nil, "of figures: png, svg, pdf (default: as the specification says)")
	c.Flags().StringVar(&picture, "picture", "", "how maps are drawn, in YAML as report.picture in a specification (default: as the specification says)")
	return c
}
