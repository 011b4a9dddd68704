//go:build !amd64

package kernel

// runs reports whether this CPU can run a level: elsewhere than on amd64 there
// is no assembly.
func runs(l Level) bool { return l == Portable }

// accelerated is never reached, since runs lets nothing through.
func accelerated(l Level) *Set {
	panic("kernel: no assembly for level " + l.String())
}
