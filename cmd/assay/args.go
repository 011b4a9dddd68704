package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"assay/experiments"
)

// noArgs is for commands that take no arguments, and for groups of commands.
func noArgs(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case c.HasSubCommands():
		return unknownCommand(c, args[0])
	}
	return fmt.Errorf("takes no arguments, got %q", args[0])
}

// oneArg is for commands that take the argument behind their name in Use.
func oneArg(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return fmt.Errorf("%s is missing", wanted(c))
	case len(args) > 1:
		return fmt.Errorf("want one %s, got %d arguments", wanted(c), len(args))
	}
	return noneEmpty(c, args)
}

// noneEmpty is for commands that take any number of arguments.
func noneEmpty(c *cobra.Command, args []string) error {
	if i := slices.Index(args, ""); i >= 0 {
		return fmt.Errorf("argument %d is empty, want %s", i+1, wanted(c))
	}
	return nil
}

// wanted is what Use calls an argument: SPEC.yaml, or NAME in [NAME]...
func wanted(c *cobra.Command) string {
	what := strings.TrimSuffix(strings.Fields(c.Use)[1], "...")
	if strings.HasPrefix(what, "[") {
		what = strings.Trim(what, "[]")
	}
	return what
}

func unknownCommand(c *cobra.Command, name string) error {
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("unknown command %q%s", name, experiments.Suggest(name, names))
}

// asUsage makes errors in flags and arguments of c and its subcommands exit 2,
// and those of a flag that is given as an empty text: a variable of a script that
// was not set would pass for the default.
func asUsage(c *cobra.Command) {
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if args := c.Flags().Args(); c.HasSubCommands() && len(args) > 0 {
			err = unknownCommand(c, args[0]) // whose the flag is
		}
		return usagef("%s: %w", c.CommandPath(), plainer(err))
	})
	if args := c.Args; args != nil {
		c.Args = func(c *cobra.Command, a []string) error {
			if err := args(c, a); err != nil {
				return usagef("%s: %w", c.CommandPath(), err)
			}
			var empty error
			c.Flags().Visit(func(f *pflag.Flag) {
				if t := f.Value.Type(); t == "string" && f.Value.String() == "" || t == "stringSlice" && f.Value.String() == "[]" {
					empty = usagef("%s: --%s is given an empty text", c.CommandPath(), f.Name)
				}
			})
			return empty
		}
	}
	for _, sub := range c.Commands() {
		asUsage(sub)
	}
}

// parsing is what package strconv says of a flag's value.
var parsing = regexp.MustCompile(`flag: strconv\.Parse(\w+): parsing .*: (invalid syntax|value out of range)$`)

// plainer says what a flag's value should be instead of which function refused it.
func plainer(err error) error {
	m := parsing.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	want := map[string]string{"Int": "a whole number", "Uint": "a whole number of at least 0", "Float": "a number", "Bool": "true or false"}[m[1]]
	if m[2] == "value out of range" {
		want += ", and not so large a one"
	}
	return fmt.Errorf("%s: want %s", strings.TrimSuffix(err.Error(), m[0])+"flag", want)
}

// unknownRoot rewrites what cobra says of a command that does not exist.
func unknownRoot(root *cobra.Command, err error) error {
	rest, found := strings.CutPrefix(err.Error(), "unknown command ")
	if !found {
		return err
	}
	quoted, e := strconv.QuotedPrefix(rest)
	if e != nil {
		return err
	}
	name, e := strconv.Unquote(quoted)
	if e != nil {
		return err
	}
	return usagef("%w", unknownCommand(root, name))
}

// helpCmd is 'assay help', which unlike cobra's own fails for commands that do not
// exist.
func helpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil {
				return unknownRoot(c.Root(), err)
			}
			if len(rest) > 0 && about.HasSubCommands() {
				return usagef("%s: %w", about.CommandPath(), unknownCommand(about, rest[0]))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
