package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"assay/experiments"
)

func verifyCmd() *cobra.Command {
	var (
		sample int
		set    []string
		quiet  bool
	)
	c := &cobra.Command{
		Use:   "verify RUN",
		Short: "Check every stored cell and compute a sample of them again",
		Long: `Check a run: the checksum of every stored cell, and the cells of a few tasks
computed again and compared bit by bit. Nothing in the directory is changed.

Data and weights are looked for where the run found them; if they have moved,
say where with --set data.dir=DIR and --set model.weights=FILE. With --sample 0
neither is needed.`,
		Example: `  assay verify runs/quickstart
  assay verify runs/tutorial --sample 10 --set data.dir=/data/cifar10`,
		Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			if sample < 0 {
				return usagef("assay verify: --sample is %d, want 0 or more", sample)
			}
			o := experiments.Options{Console: experiments.NewConsole(os.Stderr, isTerminal(os.Stderr), quiet)}
			v, err := experiments.Verify(c.Context(), args[0], sample, set, o)
			w := c.OutOrStdout()
			if v.Cells+len(v.Corrupt) > 0 {
				fmt.Fprintf(w, "%d cells are whole, %d corrupt, %d missing\n", v.Cells, len(v.Corrupt), v.Missing)
			}
			for _, k := range v.Corrupt {
				fmt.Fprintf(w, "corrupt: %s\n", k)
			}
			if v.Recomputed > 0 {
				fmt.Fprintf(w, "%d computed again: %d differ\n", v.Recomputed, len(v.Differs))
			}
			for _, k := range v.Differs {
				fmt.Fprintf(w, "differs: %s\n", k)
			}
			if v.Foreign > 0 {
				fmt.Fprintf(w, "%d cells belong to no part of the plan\n", v.Foreign)
			}
			if v.Journals > 0 {
				fmt.Fprintf(w, "%d lines of the journals are cut off or damaged (they hold no results)\n", v.Journals)
			}
			return err
		},
	}
	c.Flags().IntVar(&sample, "sample", 2, "tasks to compute again, evenly spread over the plan")
	c.Flags().StringArrayVar(&set, "set", nil, "where data or weights are now: `key=value`")
	c.Flags().BoolVar(&quiet, "quiet", false, "print no progress")
	return c
}
