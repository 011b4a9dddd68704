package experiments

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk fills a small disk in the middle of a run, which has to say so,
// and to go on to the same bytes once there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("mounting a small file system takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	fill := func(leave int64) {
		var s syscall.Statfs_t
		if err := syscall.Statfs(dir, &s); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(ballast, make([]byte, int64(s.Bavail)*s.Bsize-leave), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	spec, out := specFile(t, tiny), filepath.Join(dir, "run")
	run := func() error {
		_, err := Run(context.Background(), spec, out, nil, Options{NoReport: true, Console: NewConsole(&lines{}, false, true)})
		return err
	}
	for _, leave := range []int64{40 << 10, 120 << 10} {
		fill(leave)
		err := run()
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "run the same command again") {
			t.Errorf("with %d bytes left: got %v, want the full disk and what to do", leave, err)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	whole := filepath.Join(t.TempDir(), "whole")
	mustRun(t, tiny, whole, Options{NoReport: true})
	sameFiles(t, "after a full disk", whole, out)
}
