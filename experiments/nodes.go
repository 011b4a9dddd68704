package experiments

import (
	"errors"
	"os"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// parse reads one YAML document as a tree of nodes with aliases replaced by
// what they stand for and ${VAR} by the variable's value.
func (d *decoder) parse(t *text) *yaml.Node {
	root := d.load(t, "the specification")
	if root == nil {
		return nil
	}
	return d.resolve(root)
}

// load reads one YAML document, called what in faults, as a tree of nodes as
// they stand there.
func (d *decoder) load(t *text, what string) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Load([]byte(strings.Join(t.lines, "\n")), &doc); err != nil {
		var le *yaml.LoadError
		line, col, msg := 0, 0, err.Error()
		if errors.As(err, &le) {
			line, col, msg = le.Mark.Line, le.Mark.Column, le.Message
			if le.ContextMsg != "" {
				msg = le.ContextMsg + ": " + msg
			}
		}
		if msg = strings.TrimPrefix(msg, "yaml: "); strings.HasPrefix(msg, "no documents") {
			msg = what + " is empty"
		} else {
			msg = "not YAML: " + msg
		}
		f := t.fault(line, col, msg)
		if strings.Contains(f.Text, "{${") || strings.Contains(f.Text, ": ${") {
			f.Msg += "; ${VAR} inside { } needs quotes"
		}
		d.faults = append(d.faults, f)
		return nil
	}
	if len(doc.Content) == 0 {
		d.faults = append(d.faults, t.fault(0, 0, what+" is empty"))
		return nil
	}
	root := doc.Content[0]
	if t != d.file {
		d.claim(root, t)
	}
	return root
}

func (d *decoder) claim(n *yaml.Node, t *text) {
	d.flags[n] = t
	for _, c := range n.Content {
		d.claim(c, t)
	}
}

var (
	variable     = regexp.MustCompile(`\$\{([^}]*)\}`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// expand replaces ${NAME} by the environment variable and ${NAME:-text} by
// text where the variable is not set. An unquoted value is then read as if the
// user had typed it, so that seed: ${SEED} is a number.
func (d *decoder) expand(n *yaml.Node) {
	n.Value = variable.ReplaceAllStringFunc(n.Value, func(m string) string {
		name, def, hasDefault := strings.Cut(m[2:len(m)-1], ":-")
		if !variableName.MatchString(name) {
			d.fault(n, "%s names no environment variable", m)
			return ""
		}
		v, ok := os.LookupEnv(name)
		if ok && v != "" {
			return v
		}
		if !hasDefault {
			state := "not set"
			if ok {
				state = "empty"
			}
			d.fault(n, "the environment variable %s is %s", name, state)
		}
		return def
	})
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
		var doc yaml.Node
		n.Tag = "!!str"
		if yaml.Load([]byte(n.Value), &doc) == nil && len(doc.Content) == 1 && doc.Content[0].Kind == yaml.ScalarNode {
			n.Tag = doc.Content[0].ShortTag()
		}
	}
}

func lookup(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	return strconv.Quote(n.Value)
}
