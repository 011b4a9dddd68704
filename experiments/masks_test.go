package experiments

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const localising = `
name: localising
data: {dataset: %s}
model:
  layers:
    - {kind: flatten}
    - {kind: linear, out: %d}
  train: {epochs: 1, lr: 0.01}
attributions:
  - method: saliency
  - method: input
controls: false
metrics:
  - metric: relevance_mass_accuracy
  - metric: complexity
report: {formats: [csv], figures: [], pictures: 0}
`

// maskedFolder writes an image folder of two classes, 6x4 pixels, with masks:
// of the test images the second has an empty mask, the third a full one.
func maskedFolder(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write := func(name string, at func(x, y int) color.Color) {
		m := image.NewNRGBA(image.Rect(0, 0, 6, 4))
		for y := range 4 {
			for x := range 6 {
				m.Set(x, y, at(x, y))
			}
		}
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, m); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// The right half is bright: 1 after normalisation, the rest 0.
	half := func(x, _ int) color.Color { return color.Gray{uint8(127.5 + 127.5*float64(x/3))} }
	for _, name := range []string{"train/a/1", "train/b/1", "test/a/1", "test/a/2", "test/b/1"} {
		write("data/"+name+".png", half)
	}
	write("masks/test/a/1.png", func(x, _ int) color.Color { return color.Gray{uint8(x / 3)} })
	write("masks/test/a/2.png", func(int, int) color.Color { return color.Black })
	write("masks/test/b/1.png", func(int, int) color.Color { return color.White })
	return root
}

// A run holds maps against the masks of an image folder, says which images it
// cannot, and is verified from its directory alone.
func TestMasksOfImageFolder(t *testing.T) {
	root, out := maskedFolder(t), filepath.Join(t.TempDir(), "run")
	spec := fmt.Sprintf(localising, "image_folder", 2)
	places := []string{"data.dir=" + filepath.Join(root, "data"), "data.masks=" + filepath.Join(root, "masks")}
	mustRun(t, spec, out, Options{}, places...)
	scores := files(t, out)["report/tables/scores.csv"]
	// The input lies on the object but for what grey is off 0.
	for _, want := range []string{
		"input,,relevance_mass_accuracy,share,,0,1\n",
		"input,,relevance_mass_accuracy,share,,1,\n",
		"input,,relevance_mass_accuracy,share,,2,\n",
	} {
		if !strings.Contains(scores, want) {
			t.Errorf("scores have no line %q:\n%s", want, scores)
		}
	}
	page := files(t, out)["report/report.md"]
	for _, want := range []string{
		"1 of 3 images has an empty object mask: ", "1 of 3 images has an object mask that covers everything: ", "leave it out (image 1)", "leave it out (image 2)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the report does not say %q:\n%s", want, page)
		}
	}
	if strings.Contains(files(t, out)["manifest.json"], "data_hash\": \"\"") {
		t.Error("the manifest names no data")
	}
	v, err := Verify(context.Background(), out, 10, nil, Options{Console: NewConsole(&lines{}, false, false)})
	if err != nil || v.Recomputed == 0 {
		t.Errorf("verified %+v, %v", v, err)
	}
	// Where the specification is run again, it goes on; with other masks it is another run.
	if again, _ := mustRun(t, spec, out, Options{}, places...); again.Computed != 0 {
		t.Errorf("computed %d cells again", again.Computed)
	}
	if err := os.Rename(filepath.Join(root, "masks/test/a/2.png"), filepath.Join(root, "masks/test/b/1.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("1.png", filepath.Join(root, "masks/test/a/2.png")); err != nil {
		t.Skip(err)
	}
	_, err = Run(context.Background(), specFile(t, spec), out, places, Options{Console: NewConsole(&lines{}, false, false)})
	if err == nil || !strings.Contains(err.Error(), "the images (hash of the test split)") {
		t.Errorf("with other masks: %v, want a refusal", err)
	}
}

// A data set without masks is refused before any work, each metric by its name
// and with what to do.
func TestMasksMissing(t *testing.T) {
	spec := fmt.Sprintf(localising, "image_folder", 2)
	s, err := Load(specFile(t, spec), []string{"data.dir=" + filepath.Join(maskedFolder(t), "data")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Prepare()
	if err == nil {
		t.Fatal("relevance_mass_accuracy without masks is accepted")
	}
	for _, want := range []string{
		"spec.yaml:14:13: relevance_mass_accuracy needs object masks, and image_folder has none; name their directory in data, as masks: DIR\n",
		"  - metric: relevance_mass_accuracy\n",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "complexity") {
		t.Errorf("got %v, want nothing about complexity", err)
	}
	if got, want := masksFrom("cifar10"), "the data set shapes has, and image_folder with masks: DIR"; got != want {
		t.Errorf("cifar10: got %q, want %q", got, want)
	}
}

// Metrics that read maps alone leave the images' cells as they were.
func TestPlanLocalises(t *testing.T) {
	for set, want := range map[string]bool{"metrics=[{metric: complexity}]": false, "metrics=[{metric: complexity}, {metric: pointing_game}]": true} {
		s, err := Load(specFile(t, fmt.Sprintf(localising, "shapes", 10)), []string{set})
		if err != nil {
			t.Fatal(err)
		}
		if got := (&Plan{Metrics: s.Metrics}).localises(); got != want {
			t.Errorf("%s: localises is %v", set, got)
		}
	}
}
