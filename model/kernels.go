package model

import "assay/model/internal/kernel"

// Kernels lists the instruction sets that this CPU can run, as ASSAY_KERNEL
// names them, slowest first.
func Kernels() []string {
	var names []string
	for _, l := range kernel.Levels() {
		names = append(names, l.String())
	}
	return names
}
