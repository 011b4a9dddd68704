package main

import (
	"fmt"
	neturl "net/url"

	"github.com/spf13/cobra"

	"assay/experiments"
	"assay/train/dataset"
)

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
		Args: oneArg,
		RunE: func(c *cobra.Command, args []string) error {
			name := args[0]
			e, ok := dataset.Sets[name]
			if !ok {
				return usagef("assay data fetch: %q is not a data set%s", name, experiments.Suggest(name, dataset.Names()))
			}
			if e.Fetch == nil {
				return usagef("assay data fetch: %s is not a download: %s", name, e.About)
			}
			d := *e.Fetch
			if url != "" {
				if u, err := neturl.Parse(url); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
					return usagef("assay data fetch: --url is %q, want an address that begins with http:// or https://", url)
				}
				d.URL = url
			}
			if err := canMake("assay data fetch: --dir", dir); err != nil {
				return err
			}
			show, done := fetchProgress(c.ErrOrStderr(), name)
			folder, err := dataset.Fetch(c.Context(), d, dir, show)
			done()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), folder)
			return err
		},
	}
	c.Flags().StringVar(&dir, "dir", dataset.DefaultDir, "directory to unpack into")
	c.Flags().StringVar(&url, "url", "", "address of a mirror; the file must be the published one")
	return c
}
