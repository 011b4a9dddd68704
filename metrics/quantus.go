package metrics

import "assay/model/spelling"

// quantus demands that compat is empty or quantus.
func (ps *problems) quantus(compat string) {
	switch {
	case compat == "" || compat == "quantus":
	case spelling.Nearest(compat, []string{"quantus"}) != "":
		ps.add("compat", `is %q, want quantus or nothing; did you mean "quantus"?`, compat)
	default:
		ps.add("compat", "is %q, want quantus or nothing", compat)
	}
}
