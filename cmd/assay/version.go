package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"assay/experiments"
	"assay/model"
)

func versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version that reports name, and the instruction set in use",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "assay %s %s %s/%s %s\n", experiments.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, model.KernelName())
			return err
		},
	}
}
