package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"assay": main})
}

// TestScripts runs what a user could have typed: one script a file.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":     exits,
			"killcells": killCells,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("ROOT", root) // testdata/oracle and experiments/*.yaml lie there
			for _, name := range []string{"ASSAY_CIFAR10", "ASSAY_WEIGHTS", "ASSAY_GOLDEN", "ASSAY_KERNEL"} {
				if v, ok := os.LookupEnv(name); ok {
					e.Setenv(name, v)
				}
			}
			return nil
		},
	})
}

// exits runs a command that has to end with an exit code:
//
//	exits 65 assay run bad.yaml
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// killCells starts a run and signals it once so many cells more are in its
// directory. It fails if the run ends before; if it outlives the signal by more
// than five seconds; or if INT and TERM do not make it exit 75:
//
//	killcells KILL|INT|TERM 3 DIR assay run spec.yaml --out DIR
func killCells(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: killcells SIGNAL N DIR COMMAND [ARG...]")
	}
	signal := map[string]os.Signal{"KILL": os.Kill, "INT": os.Interrupt, "TERM": syscall.SIGTERM}[args[0]]
	if signal == nil {
		ts.Fatalf("signal %s, want KILL, INT or TERM", args[0])
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	count := func() int {
		cells, err := filepath.Glob(filepath.Join(ts.MkAbs(args[2]), "cells", "*", "*.cell"))
		ts.Check(err)
		return len(cells)
	}
	before := count()
	c := exec.Command(args[3], args[4:]...)
	var said bytes.Buffer
	c.Dir, c.Stderr = ts.MkAbs("."), &said
	ts.Check(c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	deadline := time.After(2 * time.Minute)
	for count() < before+n {
		select {
		case err := <-ended:
			ts.Fatalf("the command ended (%v) with %d new cells, before %d\n%s", err, count()-before, n, said.String())
		case <-deadline:
			ts.Check(c.Process.Kill())
			ts.Fatalf("%d new cells in two minutes, want %d", count()-before, n)
		case <-time.After(2 * time.Millisecond):
		}
	}
	ts.Check(c.Process.Signal(signal))
	select {
	case <-ended:
	case <-time.After(6 * time.Second):
		ts.Check(c.Process.Kill())
		ts.Fatalf("still there 6 s after the signal")
	}
	if signal != os.Kill && (c.ProcessState.ExitCode() != exitTryAgain || !strings.Contains(said.String(), "run the same command again")) {
		ts.Fatalf("exit code %d, want %d and a hint\n%s", c.ProcessState.ExitCode(), exitTryAgain, said.String())
	}
}
