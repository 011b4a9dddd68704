package metrics

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"assay/model"
	"go.yaml.in/yaml/v4"
)

var update = flag.Bool("update", false, "rewrite testdata/golden/metrics")

// Every metric of the table carries what the rest of the program relies on.
func TestTable(t *testing.T) {
	n := model.Nets["tutorial"].New(model.Shape{C: 3, H: 32, W: 32}, 10)
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	snake := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for _, name := range slices.Sorted(maps.Keys(Metrics)) {
		t.Run(name, func(t *testing.T) {
			entry := Metrics[name]
			if !snake.MatchString(name) {
				t.Error("the name is not snake_case")
			}
			if entry.About == "" || strings.Contains(entry.About, "\n") {
				t.Errorf("About is %q, want one line", entry.About)
			}
			if !regexp.MustCompile(`\b(19|20)\d\d\b`).MatchString(entry.Citation) {
				t.Errorf("the citation %q has no year", entry.Citation)
			}
			if !slices.Contains(Families, entry.Family) {
				t.Errorf("Family %q, want one of %q", entry.Family, Families)
			}
			if strings.HasSuffix(entry.Departs, ".") || strings.Contains(entry.Departs, "\n") {
				t.Errorf("Departs %q, want what follows a colon, without a full stop", entry.Departs)
			}
			m := entry.New()
			if err := m.Check(n); err != nil {
				t.Errorf("the defaults are refused: %v", err)
			}

			// Options are plain, named and decoded strictly.
			typ := reflect.TypeOf(m)
			if typ.Kind() != reflect.Pointer || typ.Elem().Kind() != reflect.Struct {
				t.Fatalf("New returns a %v, want a pointer to a struct", typ)
			}
			for i := range typ.Elem().NumField() {
				f := typ.Elem().Field(i)
				tag, flags, _ := strings.Cut(f.Tag.Get("yaml"), ",")
				if !snake.MatchString(tag) {
					t.Errorf("field %s has the yaml tag %q", f.Name, f.Tag.Get("yaml"))
				}
				// A list in YAML is an axis of a sweep, but for a list of names.
				// That is left out of a cell's key where none is given.
				switch k := f.Type.Kind(); {
				case k == reflect.Int || k == reflect.String || k == reflect.Bool || k == reflect.Float64:
				case f.Type == reflect.TypeFor[[]string]() && flags == "omitempty":
				default:
					t.Errorf("field %s is a %v with the flags %q", f.Name, f.Type, flags)
				}
			}
			b, err := yaml.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			again := reflect.New(typ.Elem()).Interface()
			if err := yaml.Load(b, again, yaml.WithKnownFields()); err != nil || !reflect.DeepEqual(again, any(m)) {
				t.Errorf("%s decodes to %+v, %v; want %+v", b, again, err, m)
			}
			if err := yaml.Load([]byte("no_such_option: 1\n"), entry.New(), yaml.WithKnownFields()); err == nil {
				t.Error("an unknown option is accepted")
			}

			// Series are named, described and of the length they say.
			seen := map[string]bool{}
			for _, s := range m.Series(n) {
				if s.Name == "" || seen[s.Name] || s.About == "" {
					t.Errorf("series %q: name and about must be there, names once", s.Name)
				}
				seen[s.Name] = true
				if s.X != nil && s.XName == "" || s.Ticks != nil && len(s.Ticks) != len(s.X) {
					t.Errorf("series %q: %d abscissae named %q, %d ticks", s.Name, len(s.X), s.XName, len(s.Ticks))
				}
			}
			if forward, explain := Cost(m, n); forward < 0 || explain < 0 {
				t.Errorf("the cost is %d, %d", forward, explain)
			}
		})
	}
}

// Every metric gives the values of its golden, and the same bits whether images
// come together, alone or in another order, and on another worker.
func TestGolden(t *testing.T) {
	o := openOutside(t, false)
	cases := o.cases(t, "ig_gausslegendre_50")
	zero := logitsOf(t, o.worker, [][]float32{make([]float32, len(cases[0].X))})[0]
	for i := range cases {
		c := &cases[i]
		c.FX, c.FB, c.Summed = c.Target.Of(c.Logits), c.Target.Of(zero), true
	}
	for _, name := range slices.Sorted(maps.Keys(Metrics)) {
		t.Run(name, func(t *testing.T) {
			m := Metrics[name].New()
			cases := cases
			if name == "conservation" {
				cases = relevance(t, o, cases)
			}
			got, err := m.Score(o.env(), cases)
			if err != nil {
				t.Fatal(err)
			}
			other := o.env()
			other.Worker = o.worker.Model().Worker()
			for i := len(cases) - 1; i >= 0; i-- {
				alone, err := m.Score(other, cases[i:i+1])
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(alone[0]) != fmt.Sprint(got[i]) {
					t.Errorf("image %d alone gives %v, want %v", i, alone[0], got[i])
				}
			}

			text := goldenText(t, m, o.worker.Model().Net(), cases, got)
			path := filepath.Join("..", "testdata", "golden", "metrics", name+".golden")
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v (just golden writes it)", err)
			}
			a, b := strings.Split(text, "\n"), strings.Split(string(want), "\n")
			for k := range max(len(a), len(b)) {
				if k >= len(a) || k >= len(b) || a[k] != b[k] {
					t.Fatalf("%s line %d differs: got\n%s\nwant\n%s", path, k+1, strings.Join(a[min(k, len(a)):min(k+1, len(a))], ""), strings.Join(b[min(k, len(b)):min(k+1, len(b))], ""))
				}
			}
		})
	}
}

// goldenText writes every value with all its digits.
func goldenText(t *testing.T, m Metric, n *model.Net, cases []Case, values [][]float64) string {
	t.Helper()
	var b strings.Builder
	what := "integrated gradients (ig_gausslegendre_50)"
	if _, ok := m.(*Conservation); ok {
		what = "LRP (z_plus)"
	}
	fmt.Fprintf(&b, "%s of testdata/oracle under %T%+v\n", what, m, reflect.ValueOf(m).Elem())
	for i, row := range values {
		for _, s := range m.Series(n) {
			if len(row) < s.Len() {
				t.Fatalf("image %d: the values end before series %q", i, s.Name)
			}
			fmt.Fprintf(&b, "image %d  %s ", cases[i].Index, s.Name)
			for _, v := range row[:s.Len()] {
				b.WriteString(" " + strconv.FormatFloat(v, 'g', -1, 64))
			}
			b.WriteString("\n")
			row = row[s.Len():]
		}
		if len(row) > 0 {
			t.Fatalf("image %d: %d values belong to no series", i, len(row))
		}
	}
	return b.String()
}
