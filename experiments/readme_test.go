package experiments

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"assay/model"
	"assay/train"
)

// README.md names every key that a specification may have, the options of
// methods and metrics aside, which assay list prints; and its defaults of the
// training are the program's.
func TestReadmeNamesEveryKey(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, s := range []any{Spec{}, Data{}, ModelSpec{}, ReportSpec{}, train.Settings{}, model.Layer{}} {
		v := reflect.New(reflect.TypeOf(s)).Elem()
		for _, f := range options(v) {
			if !strings.Contains(text, "`"+f.name) && !strings.Contains(text, f.name+":") {
				t.Errorf("README.md does not name the key %s of %T", f.name, s)
			}
		}
	}
	kind, _ := reflect.TypeFor[model.Layer]().FieldByName("Kind")
	for item := range strings.SplitSeq(kind.Tag.Get("jsonschema"), ",") {
		if name, ok := strings.CutPrefix(item, "enum="); ok && !strings.Contains(text, "`"+name+"`") {
			t.Errorf("README.md does not name the layer %s", name)
		}
	}
	d := train.DefaultSettings()
	if d.Epochs != 5 || d.LR != 0.001 || d.Momentum != 0.9 || d.WeightDecay != 0 || d.BatchSize != 4 || d.Schedule != "constant" ||
		d.StepSize != 0 || d.Gamma != 0.1 || d.MinLR != 0 || d.CropPadding != 0 || d.Flip || d.LossInterval != 2000 || d.Seed != -1 {
		t.Errorf("the defaults are %+v: README.md says others", d)
	}
}
