package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// command runs assay as a process of its own and returns what it used.
func command(b *testing.B, args ...string) *syscall.Rusage {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "assay")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	c := exec.Command(bin, args...)
	c.Env = append(os.Environ(), "GOMAXPROCS=2")
	b.ResetTimer()
	out, err := c.CombinedOutput()
	b.StopTimer()
	if err != nil {
		b.Fatalf("assay %v: %v\n%s", args, err, out)
	}
	u, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok || runtime.GOOS != "linux" {
		b.Skip("peak memory is read on Linux only")
	}
	return u
}

// Peak memory of integrated gradients on 1000 images must not grow with n_steps.
func BenchmarkIGMemory(b *testing.B) {
	for _, steps := range []int{200, 2000} {
		b.Run(fmt.Sprintf("n_steps=%d", steps), func(b *testing.B) {
			u := command(b, "attribute", "--data", "shapes", "--images", "0:1000", "--method", "integrated_gradients",
				"--param", fmt.Sprintf("n_steps=%d", steps), "--out", filepath.Join(b.TempDir(), "maps.npz"), "--quiet")
			b.ReportMetric(float64(u.Maxrss)/1024, "MB-peak")
			b.ReportMetric(1000*float64(steps)/b.Elapsed().Seconds(), "gradients/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// The quickstart from an empty directory, on two cores, build excluded.
func BenchmarkQuickstart(b *testing.B) {
	u := command(b, "run", "../../experiments/quickstart.yaml", "--out", filepath.Join(b.TempDir(), "run"), "--quiet")
	b.ReportMetric(b.Elapsed().Seconds(), "s")
	b.ReportMetric(float64(u.Maxrss)/1024, "MB-peak")
	b.ReportMetric(0, "ns/op")
}
