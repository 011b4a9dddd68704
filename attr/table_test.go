package attr

import (
	"bytes"
	"math"
	"reflect"
	"regexp"
	"testing"

	"assay/model"

	"go.yaml.in/yaml/v4"
)

func TestEveryEntry(t *testing.T) {
	snake := regexp.MustCompile(`^[a-z]+(_[a-z0-9]+)*$`)
	year := regexp.MustCompile(`\b(19|20)\d\d\b`)
	e := env(t, tiny(model.Shape{C: 3, H: 8, W: 8}), 2)
	in := images(e, 18)
	for name, entry := range Methods {
		t.Run(name, func(t *testing.T) {
			m := entry.New()
			if !snake.MatchString(name) || Name(m) != name {
				t.Errorf("the name is %q, and Name says %q", name, Name(m))
			}
			if !year.MatchString(entry.Citation) || entry.About == "" {
				t.Errorf("About %q and Citation %q, want one line and a source with its year", entry.About, entry.Citation)
			}
			if reflect.ValueOf(m).Pointer() == reflect.ValueOf(entry.New()).Pointer() && reflect.TypeOf(m).Elem().Size() > 0 {
				t.Error("New returns the same value twice")
			}
			for _, f := range reflect.VisibleFields(reflect.TypeOf(m).Elem()) {
				if f.IsExported() && f.Tag.Get("yaml") != ",inline" && (!snake.MatchString(f.Tag.Get("yaml")) || f.Tag.Get("doc") == "") {
					t.Errorf("field %s: yaml %q, doc %q", f.Name, f.Tag.Get("yaml"), f.Tag.Get("doc"))
				}
			}
			d, err := yaml.NewLoader(bytes.NewReader([]byte("no_such_option: 1")), yaml.WithKnownFields())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Load(entry.New()); err == nil {
				t.Error("an unknown option was taken")
			}
			first, second := attribute(t, e, m, in), attribute(t, e, entry.New(), in)
			for i := range first {
				if got, want := len(first[i].Map), MapShape(m, e.Worker.Model().Net()).Size(); got != want {
					t.Fatalf("image %d: %d values, want %d", i, got, want)
				}
				for _, v := range first[i].Map {
					if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
						t.Fatalf("image %d: value %v", i, v)
					}
				}
				same(t, name, second[i], first[i])
			}
		})
	}
}
