package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"assay/experiments"
)

func runCmd() *cobra.Command {
	var (
		out, shard              string
		set                     []string
		workers                 int
		resume, quiet, noReport bool
	)
	c := &cobra.Command{
		Use:   "run SPEC.yaml",
		Short: "Train or load a network, sweep methods, score the maps, write the report",
		Long: `Run a specification: train or load a network, sweep attribution methods, score
the maps, write the report.

Everything is checked before anything is computed: all mistakes in the
specification are shown at once, each with its line and column. The plan says
how many cells there are and about how long they take.

What is computed is stored as it comes. Ctrl-C, a kill or a full disk lose only
the cells under way: the same command goes on, and a run that is complete
computes nothing. Neither the number of workers nor the order of shards changes
a byte.

A cluster's array job runs one shard per task into the same directory:

  assay run sweep.yaml --out /scratch/sweep --shard $SLURM_ARRAY_TASK_ID/16

and whichever command finds everything computed writes the report.`,
		Example: `  assay run experiments/quickstart.yaml
  assay run experiments/quickstart.yaml --set data.images=0:8 --out runs/small
  assay run sweep.yaml --set attributions.1.n_steps='[10, 20]' --set seed=1`,
		Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			o := experiments.Options{Workers: workers, NoReport: noReport, Console: experiments.NewConsole(os.Stderr, isTerminal(os.Stderr), quiet)}
			if workers < 0 {
				return usagef("assay run: --workers is %d, want 1 or more, or 0 for one per core", workers)
			}
			if shard != "" {
				var err error
				if o.Shard, err = experiments.ParseShard(shard); err != nil {
					return usagef("assay run: %w", err)
				}
			}
			if out != "" {
				if err := canMake("assay run: --out", out); err != nil {
					return err
				}
			}
			if resume && out != "" {
				// Going on is what run does anyway; the flag insists that there is a start.
				if _, err := os.Stat(out); err != nil {
					return badInput(fmt.Errorf("assay run: --resume: %w: there is no run to go on with", err))
				}
			}
			_, err := experiments.Run(c.Context(), args[0], out, set, o)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&out, "out", "", "directory of the run (default runs/NAME)")
	f.IntVar(&workers, "workers", 0, "goroutines that compute, 0 for one per core; results do not depend on it")
	f.StringArrayVar(&set, "set", nil, "change the specification: `key=value`, a dotted path and YAML; may be repeated")
	f.StringVar(&shard, "shard", "", "do only part `i/n` of the tasks, i from 0 to n-1")
	f.BoolVar(&resume, "resume", false, "insist that the directory given by --out exists; going on is the default")
	f.BoolVar(&quiet, "quiet", false, "print warnings and errors only")
	f.BoolVar(&noReport, "no-report", false, "compute the cells, write no report")
	return c
}

// isTerminal tells whether somebody is likely to watch.
func isTerminal(f *os.File) bool {
	i, err := f.Stat()
	return err == nil && i.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" && os.Getenv("TERM") != ""
}
