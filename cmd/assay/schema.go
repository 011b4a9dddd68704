package main

import (
	"github.com/spf13/cobra"

	"assay/experiments"
)

func schemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of specifications, for editors",
		Long: `Print the JSON schema of specifications, for editors.

An editor with a YAML language server completes and checks a specification that
begins with the line

  # yaml-language-server: $schema=spec.schema.json

where spec.schema.json holds what this command prints.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := c.OutOrStdout().Write(experiments.Schema())
			return err
		},
	}
}
