package experiments

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"go.yaml.in/yaml/v4"
)

func TestSchemaFileIsCurrent(t *testing.T) {
	b, err := os.ReadFile("spec.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b, Schema()) {
		t.Error("spec.schema.json is old; go run ./cmd/assay schema > experiments/spec.schema.json")
	}
}

// TestSchemaKnowsSpecs walks every specification beside this file: its keys are
// in the schema, and it names the schema for editors.
func TestSchemaKnowsSpecs(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no specifications: %v", err)
	}
	modeline := regexp.MustCompile(`^# yaml-language-server: \$schema=spec\.schema\.json\n`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !modeline.Match(b) {
			t.Errorf("%s does not name its schema in the first line", f)
		}
		var spec map[string]any
		if err := yaml.Load(b, &spec); err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		knows(t, f, schema, schema, spec)
	}
}

// knows demands that the schema has every key of the value.
func knows(t *testing.T, at string, root, schema map[string]any, v any) {
	t.Helper()
	defs := root["$defs"].(map[string]any)
	if ref, ok := schema["$ref"].(string); ok {
		schema = defs[filepath.Base(ref)].(map[string]any)
	}
	switch v := v.(type) {
	case map[string]any:
		props, _ := schema["properties"].(map[string]any)
		for _, kind := range []string{"oneOf", "anyOf"} {
			list, _ := schema[kind].([]any)
			for _, o := range list {
				o := o.(map[string]any)
				if ref, ok := o["$ref"].(string); ok {
					knows(t, at, root, defs[filepath.Base(ref)].(map[string]any), v)
					return
				}
				p, _ := o["properties"].(map[string]any)
				for _, key := range []string{"method", "metric"} {
					if c, ok := p[key].(map[string]any); ok && c["const"] == v[key] {
						props = p
					}
				}
			}
		}
		for k, x := range v {
			p, ok := props[k].(map[string]any)
			if !ok {
				t.Errorf("%s: the schema does not know %q", at, k)
				continue
			}
			knows(t, at+"."+k, root, p, x)
		}
	case []any:
		items, ok := schema["items"].(map[string]any)
		if !ok {
			return // an axis of scalars
		}
		for _, x := range v {
			knows(t, at+"[]", root, items, x)
		}
	}
}

// TestSpecsParse reads every specification beside this file as a user would.
func TestSpecsParse(t *testing.T) {
	for _, name := range []string{"CIFAR10_DIR", "WEIGHTS"} {
		t.Setenv(name, "somewhere")
	}
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if _, err := Load(f, nil); err != nil {
			t.Errorf("%v", err)
		}
	}
}
