// Command gen writes the assembly of package kernel and its Go declarations,
// with avo. It is a module of its own so that avo stays out of the users'
// go.mod. Run it by `go generate` in package kernel.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

// files are the generated files by base name, and what fills them.
var files = []struct {
	name string
	fill func(*asm)
}{
	{"avx2_gemm", func(a *asm) { gemm(a, avx2); outer4(a, avx2); outer4SGD(a) }},
	{"avx2_conv", func(a *asm) { conv(a, avx2); regroup(a, avx2) }},
	{"avx2_reduce", reduce},
	{"avx2_transpose", transpose},
	{"avx2_elementwise", elementwise},
	{"avx2_pool", pool},
	{"avx2_change", change},
	{"avx2_perturb", perturb},
	{"avx2_peak", func(a *asm) { peak(a, avx2) }},
	{"avx512_gemm", func(a *asm) { gemm(a, avx512); outer4(a, avx512) }},
	{"avx512_conv", func(a *asm) { conv(a, avx512) }},
	{"avx512_peak", func(a *asm) { peak(a, avx512) }},
}

// compile builds one file and allocates its registers.
func compile(fill func(*asm)) (*ir.File, error) {
	a := newAsm()
	fill(a)
	f, err := a.Result()
	if err != nil {
		return nil, err
	}
	return f, pass.Compile.Execute(f)
}

// check refuses instructions that the file's CPUs have not: out of registers,
// avo silently takes those that AVX-512 alone can name.
func check(name string, f *ir.File) error {
	for _, fn := range f.Functions() {
		for _, i := range fn.Instructions() {
			for _, r := range i.Registers() {
				if p := reg.ToPhysical(r); p != nil && r.Kind() == reg.KindVector && p.PhysicalIndex() >= 16 && !strings.HasPrefix(name, "avx512") {
					return fmt.Errorf("%s has more vectors at a time than the 16 registers of AVX2 hold", fn.Name)
				}
			}
			for _, set := range i.ISA {
				if strings.HasPrefix(set, "AVX512") && (set != "AVX512F" || !strings.HasPrefix(name, "avx512")) {
					return fmt.Errorf("%s uses %s, which needs %s", fn.Name, i.Opcode, set)
				}
			}
		}
	}
	return nil
}

// print renders a compiled file as Go assembly and as Go declarations.
func print(f *ir.File) (source, stubs []byte, err error) {
	cfg := printer.Config{Name: "model/internal/kernel/gen", Pkg: "kernel"}
	if source, err = printer.NewGoAsm(cfg).Print(f); err != nil {
		return nil, nil, err
	}
	stubs, err = printer.NewStubs(cfg).Print(f)
	return source, stubs, err
}

func run(dir string) error {
	for _, file := range files {
		f, err := compile(file.fill)
		if err != nil {
			return fmt.Errorf("gen: %s: %w", file.name, err)
		}
		if err := check(file.name, f); err != nil {
			return fmt.Errorf("gen: %s: %w", file.name, err)
		}
		source, stubs, err := print(f)
		if err != nil {
			return fmt.Errorf("gen: %s: %w", file.name, err)
		}
		base := filepath.Join(dir, file.name+"_amd64")
		if err := os.WriteFile(base+".s", source, 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(base+".go", stubs, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	dir := flag.String("dir", "..", "directory of package kernel")
	flag.Parse()
	if err := run(*dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
