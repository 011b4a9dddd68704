package attr

// Idle lists the options of a method, by their YAML names, that have no effect on
// its maps beside the others: n_steps where quadrature is exact. Tables and
// legends leave them out, as they would tell apart what is the same; those of the
// method that a noise_tunnel wraps begin with "over.".
func Idle(m Method) []string {
	var out []string
	if x, ok := m.(interface{ idle() []string }); ok {
		out = x.idle()
	}
	if t, ok := m.(*NoiseTunnel); ok && t.Over != nil {
		for _, name := range Idle(t.Over) {
			out = append(out, "over."+name)
		}
	}
	return out
}

func (o *IntegratedGradients) idle() []string {
	switch {
	case o.exact():
		return []string{"n_steps", "max_steps"}
	case o.Tolerance > 0:
		return []string{"n_steps"}
	}
	return []string{"max_steps"}
}

func (o *NoiseTunnel) idle() []string {
	if o.Tolerance > 0 {
		return []string{"nt_samples"}
	}
	return []string{"max_samples"}
}

func (o *Lime) idle() (out []string) {
	if o.Kernel == "shapley" {
		out = append(out, "kernel_width")
	}
	if o.Regression == "linear" {
		out = append(out, "alpha")
	}
	return out
}

func (o *LRP) idle() []string {
	if o.Compat == "captum" {
		return []string{"epsilon"}
	}
	return nil
}
