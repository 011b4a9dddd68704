package main

import "github.com/spf13/cobra"

func dataCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "data",
		Short: "Download and inspect data sets",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(dataFetchCmd(), dataInfoCmd())
	return c
}
