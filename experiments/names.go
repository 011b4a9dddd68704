package experiments

import (
	"slices"
	"strconv"
	"strings"

	"assay/attr"
	"assay/metrics"
)

// tell names every configuration by the options worth telling.
func (s *Spec) tell() {
	rows := map[string][][]Option{}
	for _, a := range s.Attributions {
		rows[a.Name] = append(rows[a.Name], a.Live)
	}
	vary, taken := map[string]map[string]bool{}, map[string]bool{}
	for name, r := range rows {
		vary[name] = varying(r)
	}
	for i := range s.Attributions {
		a := &s.Attributions[i]
		a.Told = told(a.Live, methodDefaults(a.Name, "", a.Options), vary[a.Name])
		a.ID = unique(taken, identify(a.Name, a.Told))
	}
	clear(rows)
	clear(taken)
	for _, m := range s.Metrics {
		rows[m.Name] = append(rows[m.Name], m.Options)
	}
	for i := range s.Metrics {
		m := &s.Metrics[i]
		m.Told = told(m.Options, describe(metrics.Metrics[m.Name].New()), varying(rows[m.Name]))
		m.ID = unique(taken, identify(m.Name, m.Told))
	}
}

// live drops the options that have no effect beside the others: what is said of a
// configuration should be what made its maps.
func live(m attr.Method, all []Option) []Option {
	idle := attr.Idle(m)
	return slices.DeleteFunc(slices.Clone(all), func(o Option) bool { return slices.Contains(idle, o.Name) })
}

// methodDefaults lists the defaults of a method; those of a nested method are
// of the one that the options name.
func methodDefaults(name, prefix string, all []Option) []Option {
	var out []Option
	nested := map[string]bool{}
	for _, o := range describe(attr.Methods[name].New()) {
		if key, _, ok := strings.Cut(o.Name, "."); ok {
			if i := slices.IndexFunc(all, func(x Option) bool { return x.Name == prefix+key+".method" }); i >= 0 && !nested[key] {
				nested[key] = true
				out = append(out, methodDefaults(all[i].Value, prefix+key+".", all)...)
			}
			if o.Name != key+".method" {
				continue
			}
		}
		out = append(out, Option{prefix + o.Name, o.Value})
	}
	return out
}

// varying returns the names of the options that some rows have with different
// values.
func varying(rows [][]Option) map[string]bool {
	first, vary := map[string]string{}, map[string]bool{}
	for _, r := range rows {
		for _, o := range r {
			if v, ok := first[o.Name]; !ok {
				first[o.Name] = o.Value
			} else if v != o.Value {
				vary[o.Name] = true
			}
		}
	}
	return vary
}

// told picks the options worth telling: those that differ from the default, or
// between rows of the same name.
func told(all, def []Option, vary map[string]bool) []Option {
	var out []Option
	for _, o := range all {
		if vary[o.Name] || !slices.Contains(def, o) {
			out = append(out, o)
		}
	}
	return out
}

// unique returns an identifier that none before has, not even one that a file
// system takes for the same; taken remembers it.
func unique(taken map[string]bool, id string) string {
	free := id
	for n := 2; taken[strings.ToLower(free)]; n++ {
		free = id + "-" + strconv.Itoa(n)
	}
	taken[strings.ToLower(free)] = true
	return free
}

// identify joins name and options to a name that any file system takes.
func identify(name string, told []Option) string {
	var b strings.Builder
	b.WriteString(name)
	for _, o := range told {
		value := o.Value
		if items, ok := strings.CutPrefix(value, "["); ok { // a list: a+b+c
			value = strings.ReplaceAll(strings.TrimSuffix(items, "]"), ", ", "+")
		}
		b.WriteString("-" + o.Name + "=" + value)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._=+-", r):
			return r
		}
		return '_'
	}, b.String())
}
