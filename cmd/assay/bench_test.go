//go:build linux

// Peak memory is in kilobytes on Linux alone.

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

// build makes the binary in a directory of the benchmark's.
func build(b *testing.B) string {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "assay")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// command runs assay as a process of its own and returns what it used.
func command(b *testing.B, args ...string) *syscall.Rusage {
	b.Helper()
	return used(b, build(b), args...)
}

// used runs a binary, which alone is timed, on two cores.
func used(b *testing.B, bin string, args ...string) *syscall.Rusage {
	b.Helper()
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

// Peak memory of 1000 images by the methods that draw samples: at most 300 MB,
// however many they draw.
func BenchmarkSamplingMemory(b *testing.B) {
	bin := build(b)
	for _, r := range []struct {
		method, option string
		passes         int // of an image, a sample
		samples        []int
		params         []string
	}{
		{"noise_tunnel", "nt_samples", 5, []int{10, 50}, []string{"over={method: integrated_gradients, n_steps: 5}", "stdevs=0.2"}},
		{"gradient_shap", "n_samples", 2, []int{5, 50}, nil},
		{"expected_gradients", "n_samples", 2, []int{50}, nil},
		{"rise", "n_masks", 1, []int{50, 500}, nil},
		{"kernel_shap", "n_samples", 1, []int{100, 1000}, nil},
		{"lime", "n_samples", 1, []int{100, 500}, nil},
		{"shapley_value_sampling", "n_samples", 16, []int{2, 20}, []string{"mask=grid:8"}},
		{"hsic", "nb_design", 1, []int{50, 500}, nil},
		{"sobol", "nb_design", 65, []int{2, 6}, nil},
	} {
		for _, n := range r.samples {
			b.Run(fmt.Sprintf("%s/%s=%d", r.method, r.option, n), func(b *testing.B) {
				args := []string{
					"attribute", "--data", "shapes", "--images", "0:1000", "--method", r.method,
					"--param", fmt.Sprintf("%s=%d", r.option, n), "--out", filepath.Join(b.TempDir(), "maps.npz"), "--quiet",
				}
				for _, p := range r.params {
					args = append(args, "--param", p)
				}
				u := used(b, bin, args...)
				peak := float64(u.Maxrss) / 1024
				b.ReportMetric(peak, "MB-peak")
				b.ReportMetric(1000*float64(n*r.passes)/b.Elapsed().Seconds(), "passes/s")
				b.ReportMetric(0, "ns/op")
				if peak > 300 {
					b.Errorf("peak memory %.0f MB, want at most 300", peak)
				}
			})
		}
	}
}

// The quickstart from an empty directory, on two cores, build excluded.
func BenchmarkQuickstart(b *testing.B) {
	u := command(b, "run", "../../experiments/quickstart.yaml", "--out", filepath.Join(b.TempDir(), "run"), "--quiet")
	b.ReportMetric(b.Elapsed().Seconds(), "s")
	b.ReportMetric(float64(u.Maxrss)/1024, "MB-peak")
	b.ReportMetric(0, "ns/op")
}
