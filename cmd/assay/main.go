// Command assay tells whether attribution maps of an image classifier can be
// trusted: it trains a network or loads its weights, sweeps attribution methods
// from a YAML file, and reports completeness deltas, sanity checks and deletion
// curves as tables and plots.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"assay/experiments"
	"assay/model"
)

// The exit codes, after sysexits.h where it has one.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitBadInput = 65 // EX_DATAERR: a file or specification that cannot be used
	exitTryAgain = 75 // EX_TEMPFAIL: interrupted, the same command goes on
)

// exitError is an error that knows its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usagef is an error in how the command was called.
func usagef(format string, a ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, a...)}
}

// badInput marks an error as the fault of a file the user gave; nil stays nil.
func badInput(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitBadInput, err}
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, cancel := interruptible()
	defer cancel()
	if err := model.KernelError(); err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return exitUsage
	}
	root := rootCmd()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	err = unknownRoot(root, err)
	code := exitCode(err)
	// A fault in a specification begins with its place, as compilers write it.
	if faults := experiments.Faults(nil); errors.As(err, &faults) {
		fmt.Fprintln(os.Stderr, err)
		return code
	}
	said := err.Error()
	if !strings.HasPrefix(said, "assay ") { // which begins with the command's name
		said = "assay: " + said
	}
	fmt.Fprintln(os.Stderr, said)
	if code == exitUsage {
		fmt.Fprintln(os.Stderr, "Run 'assay help' or 'assay help COMMAND' to see how it is meant.")
	}
	return code
}

// interruptible returns a context that ends with the first Ctrl-C or SIGTERM. A
// second one, or five seconds without an end, ends the process as it stands:
// what is stored stays whole whenever that happens.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	c := make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-c
		cancel()
		select {
		case <-c:
		case <-time.After(5 * time.Second):
		}
		fmt.Fprintln(os.Stderr, "assay: stopped; run the same command again to go on")
		os.Exit(exitTryAgain)
	}()
	return ctx, cancel
}

func exitCode(err error) int {
	var e *exitError
	var faults experiments.Faults
	var input *experiments.InputError
	switch {
	case errors.As(err, &e):
		return e.code
	case errors.As(err, &faults), errors.As(err, &input):
		return exitBadInput
	case errors.Is(err, context.Canceled):
		return exitTryAgain
	}
	return exitFailed
}

func rootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:   "assay",
		Short: "Tell whether attribution maps can be trusted",
		Long: `assay tells whether attribution maps of an image classifier can be trusted.

It trains a network or loads its weights, explains images with many attribution
methods and hyperparameters, and measures the maps: do they sum to what they
claim (completeness), do they depend on the trained weights (sanity checks), do
they name the pixels that matter (deletion and insertion)? A random map and an
edge detector stand beside every method. Tables and figures come out ready for
a paper, and the same command gives the same bytes on every machine.

Start here, it needs no data and no flags:

  assay run experiments/quickstart.yaml

Exit codes: 0 done, 1 failed, 2 called wrongly, 65 bad input, 75 interrupted
(the same command goes on where it stopped).`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.DisableSuggestions = true // unknownRoot makes them
	root.SetHelpCommand(helpCmd())
	// What flags mean is broken into lines that fit, as all other text is.
	wrapped := fmt.Sprintf(".FlagUsagesWrapped %d", widthOf(os.Stdout))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", wrapped))
	root.AddCommand(commands()...)
	asUsage(root)
	return root
}

// commands are all subcommands, each in the file of its name.
func commands() []*cobra.Command {
	return []*cobra.Command{
		runCmd(), reportCmd(), verifyCmd(),
		trainCmd(), attributeCmd(), pictureCmd(),
		listCmd(), dataCmd(),
		schemaCmd(), versionCmd(),
	}
}
