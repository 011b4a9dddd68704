package kernel

// runs reports whether this CPU can run a level.
func runs(l Level) bool { return l == Portable }

func accelerated(l Level) *Set {
	panic("kernel: no assembly for level " + l.String())
}
