package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The checked-in files are what this generator writes.
func TestCheckedInFilesAreCurrent(t *testing.T) {
	dir := t.TempDir()
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 2*len(files) {
		t.Fatalf("wrote %d files (%v), want %d", len(names), err, 2*len(files))
	}
	for _, name := range names {
		got, err := os.ReadFile(filepath.Join("..", filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run go generate", filepath.Base(name))
		}
	}
}

// Running out of registers must not turn AVX2 code into AVX-512 code.
func TestCheckRefusesWiderCPUs(t *testing.T) {
	f, err := compile(func(a *asm) { peak(a, avx512) })
	if err != nil {
		t.Fatal(err)
	}
	if err := check("avx512_peak", f); err != nil {
		t.Errorf("AVX-512F in an AVX-512 file: %v", err)
	}
	if err := check("avx2_peak", f); err == nil {
		t.Error("AVX-512F in an AVX2 file was not refused")
	}
}
