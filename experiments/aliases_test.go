package experiments

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const aliasHead = "name: x\ndata: {dataset: shapes}\nmodel: {net: tutorial, weights: default}\ncontrols: false\n"

// configured lists what a specification explains by, one method and its
// n_steps each.
func configured(s *Spec) []string {
	var out []string
	for _, a := range s.Attributions {
		text := a.Name
		for _, o := range a.Options {
			if o.Name == "n_steps" || o.Name == "over.n_steps" || o.Name == "nt_samples" {
				text += " " + o.Value
			}
		}
		out = append(out, text)
	}
	return out
}

func TestMerges(t *testing.T) {
	for _, row := range []struct{ name, spec, want string }{
		{"its own keys win", "attributions:\n  - &ig {method: integrated_gradients, n_steps: 10}\n  - <<: *ig\n    n_steps: 20\n", "integrated_gradients 10, integrated_gradients 20"},
		{"wherever they stand", "attributions:\n  - &ig {method: integrated_gradients, n_steps: 10}\n  - {n_steps: 20, <<: *ig}\n", "integrated_gradients 10, integrated_gradients 20"},
		{"the first of several wins", "attributions:\n  - &a {method: integrated_gradients, n_steps: 10}\n  - &b {method: integrated_gradients, n_steps: 30, quadrature: riemann_left}\n  - <<: [*b, *a]\n    quadrature: riemann_right\n", "integrated_gradients 10, integrated_gradients 30, integrated_gradients 30"},
		{"nested", "attributions:\n  - method: noise_tunnel\n    nt_samples: 2\n    over: {<<: {method: integrated_gradients, n_steps: 5}, n_steps: 7}\n", "noise_tunnel 7 2"},
		{"an axis", "attributions:\n  - &a {method: integrated_gradients, n_steps: [10, 20]}\n  - <<: *a\n    quadrature: riemann_left\n", "integrated_gradients 10, integrated_gradients 20, integrated_gradients 10, integrated_gradients 20"},
	} {
		s, err := Parse("spec.yaml", aliasHead+row.spec, nil)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if got := strings.Join(configured(s), ", "); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}

func TestAliasFaults(t *testing.T) {
	for _, row := range []struct{ name, spec, want string }{
		{"merge of a value", "attributions:\n  - {method: saliency, <<: 3}\n", `
spec.yaml:6:28: << merges "3", want a mapping, or a list of mappings
    - {method: saliency, <<: 3}
                             ^`},
		{"merge of a list of values", "attributions:\n  - {method: saliency, <<: [{abs: true}, 3]}\n", `
spec.yaml:6:42: << merges "3", want a mapping, or a list of mappings
    - {method: saliency, <<: [{abs: true}, 3]}
                                           ^`},
		{"in itself", "attributions:\n  - &o {method: noise_tunnel, over: *o}\n", `
spec.yaml:6:37: the anchor o is used inside itself
    - &o {method: noise_tunnel, over: *o}
                                      ^`},
		{"merged into itself", "attributions:\n  - &o {method: noise_tunnel, <<: *o}\n", `
spec.yaml:6:35: the anchor o is used inside itself
    - &o {method: noise_tunnel, <<: *o}
                                    ^`},
	} {
		_, err := Parse("spec.yaml", aliasHead+row.spec, nil)
		if err == nil || err.Error() != strings.TrimPrefix(row.want, "\n") {
			t.Errorf("%s:\ngot\n%v\nwant%s", row.name, err, row.want)
		}
	}
}

// Ten anchors, each ten times the one before, are a few lines of text and ten
// thousand million values.
func TestAliasesAreBounded(t *testing.T) {
	text := aliasHead + "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 10; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	text += "attributions: [{method: saliency}]\n"
	started := time.Now()
	_, err := Parse("spec.yaml", text, nil)
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	if err == nil || !strings.Contains(err.Error(), "aliases make more than 100000 values of this") || strings.Count(err.Error(), "\n") > 2 {
		t.Errorf("got %.500v, want the bound, once", err)
	}
}

// A change on the command line is made to the place it names, not to the others
// that share an anchor with it.
func TestSetLeavesOtherAliasesAlone(t *testing.T) {
	spec := aliasHead + "attributions:\n  - {method: noise_tunnel, nt_samples: 2, over: &o {method: integrated_gradients, n_steps: 10}}\n  - {method: noise_tunnel, nt_samples: 3, over: *o}\n"
	s, err := Parse("spec.yaml", spec, []string{"attributions.0.over.n_steps=7"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(configured(s), ", "), "noise_tunnel 7 2, noise_tunnel 10 3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
