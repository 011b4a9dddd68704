package metrics

// quantus demands that compat is empty or quantus.
func (ps *problems) quantus(compat string) {
	switch {
	case compat == "" || compat == "quantus":
	case distance(compat, "quantus") < 4:
		ps.add("compat", `is %q, want quantus or nothing; did you mean "quantus"?`, compat)
	default:
		ps.add("compat", "is %q, want quantus or nothing", compat)
	}
}
