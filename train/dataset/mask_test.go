package dataset

import (
	"image"
	"image/color"
	"path/filepath"
	"slices"
	"testing"
)

// halves is w x h, of one colour in the columns from x on, black before.
func halves(w, h, x int, c color.Color) image.Image {
	m := picture(w, h, color.NRGBA{A: 255}).(*image.NRGBA)
	for j := range h {
		for i := x; i < w; i++ {
			m.Set(i, j, c)
		}
	}
	return m
}

func TestMasksOfImageFolder(t *testing.T) {
	root := tree(t, map[string]any{
		"data/train/cat/a.png":     picture(4, 2, red), // without a mask: nobody asks for one
		"data/test/cat/a.png":      picture(4, 2, red),
		"data/test/cat/b.jpg":      picture(4, 2, red),
		"data/test/dog/sub/c.PNG":  picture(4, 2, grey),
		"data/train/dog/a.png":     picture(4, 2, red),
		"masks/test/cat/a.png":     halves(4, 2, 1, color.NRGBA{0, 0, 1, 255}), // the faintest blue
		"masks/test/cat/b.png":     picture(4, 2, color.NRGBA{A: 255}),
		"masks/test/dog/sub/c.png": halves(4, 2, 2, color.Gray{255}),
	})
	o := Options{Dataset: "image_folder", Dir: filepath.Join(root, "data"), Masks: filepath.Join(root, "masks")}
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]byte{{0, 1, 1, 1, 0, 1, 1, 1}, make([]byte, 8), {0, 0, 1, 1, 0, 0, 1, 1}} {
		if got := d.Mask(i); !slices.Equal(got, want) {
			t.Errorf("image %d: the mask is %v, want %v", i, got, want)
		}
	}
	// Masks go with their images: 4x2 shrinks to 2x1, of which the first is left.
	o.Size = 1
	small, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte{1, 0, 0}; !slices.Equal(small.Masks, want) {
		t.Errorf("masks of 1x1 pixel are %v, want %v", small.Masks, want)
	}
	o.Size, o.Masks = 0, ""
	without, err := Open(o)
	if err != nil || without.Masks != nil || without.Hash() == d.Hash() {
		t.Errorf("without masks: %v, %v; the same hash as with: %v", without.Masks, err, without.Hash() == d.Hash())
	}
}

func TestMasksOfImageFolderErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		masks map[string]any
		want  []string
	}{
		{"no directory", nil, []string{"masks: ", "no such file"}},
		{"no mask", map[string]any{"masks/cat/b.png": picture(4, 3, red)}, []string{filepath.Join("data", "cat", "a.png") + " has no mask: want ", filepath.Join("masks", "cat", "a.png") + ", or no option masks"}},
		{"another size", map[string]any{"masks/cat/a.png": picture(3, 4, red)}, []string{"mask ", "a.png: 3 pixels wide and 4 high, want 4 by 3 as its image ", filepath.Join("data", "cat", "a.png")}},
		{"not an image", map[string]any{"masks/cat/a.png": "hello"}, []string{"mask ", filepath.Join("masks", "cat", "a.png") + ": byte 0: 68 65 6c 6c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]any{"data/cat/a.png": picture(4, 3, red)}
			for k, v := range c.masks {
				files[k] = v
			}
			root := tree(t, files)
			_, err := Open(Options{Dataset: "image_folder", Dir: filepath.Join(root, "data"), Masks: filepath.Join(root, "masks")})
			fails(t, err, c.want...)
		})
	}
	_, err := Open(Options{Dataset: "shapes", Masks: "x"})
	fails(t, err, "masks means nothing to the data set shapes, leave it out")
}
