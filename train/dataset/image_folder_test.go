package dataset

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// picture is h x w, one colour.
func picture(w, h int, c color.Color) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	return m
}

// tree writes images, PNG or JPEG by their names, and other files.
func tree(t *testing.T, files map[string]any) string {
	t.Helper()
	root := t.TempDir()
	for name, v := range files {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		var err error
		switch v := v.(type) {
		case string:
			b.WriteString(v)
		case image.Image:
			if err = png.Encode(&b, v); filepath.Ext(name) == ".jpg" {
				b.Reset()
				err = jpeg.Encode(&b, v, nil)
			}
		case nil:
			err = os.Mkdir(p, 0o755)
		}
		if err == nil && v != nil {
			err = os.WriteFile(p, b.Bytes(), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

var (
	red  = color.NRGBA{200, 10, 20, 255}
	grey = color.NRGBA{90, 90, 90, 255}
)

func TestOpenImageFolder(t *testing.T) {
	root := tree(t, map[string]any{
		"train/zebra/b.png": picture(4, 3, red), "train/zebra/a.jpg": picture(4, 3, grey), "train/zebra/sub/a.png": picture(4, 3, red),
		"train/Ant/1.png": picture(4, 3, grey), "train/.cache/x.png": "no", "train/notes.txt": "no", "train/zebra/Thumbs.db": "no",
		"val/zebra/z.PNG": picture(4, 3, red),
	})
	d, err := Open(Options{Dataset: "image_folder", Dir: root, Split: "train"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(d.Classes, []string{"Ant", "zebra"}) || !slices.Equal(d.Labels, []int{0, 1, 1, 1}) || d.Shape.String() != "3x3x4" {
		t.Errorf("classes %v, labels %v, shape %v", d.Classes, d.Labels, d.Shape)
	}
	for i, want := range []int{90, 90, 200, 200} { // Ant/1, zebra/a, zebra/b, zebra/sub/a
		if got := int(d.Image(i)[0]); abs(got-want) > 1 {
			t.Errorf("image %d: red is %d, want %d", i, got, want)
		}
	}
	if p := d.Image(2); p[12] != 10 || p[24] != 20 {
		t.Errorf("image 2: green %d and blue %d, want 10 and 20", p[12], p[24])
	}
	test, err := Open(Options{Dataset: "image_folder", Dir: root})
	if err != nil {
		t.Fatal(err)
	}
	// Ant has no test image, and zebra is still class 1.
	if !slices.Equal(test.Classes, d.Classes) || !slices.Equal(test.Labels, []int{1}) {
		t.Errorf("classes %v, labels %v", test.Classes, test.Labels)
	}
	// A single class folder tree is a test split.
	bare, err := Open(Options{Dataset: "image_folder", Dir: filepath.Join(root, "train"), Size: 2})
	if err != nil || bare.Len() != 4 || bare.Shape.String() != "3x2x2" {
		t.Errorf("got %v, %v", bare, err)
	}
	if _, err = Open(Options{Dataset: "image_folder", Dir: filepath.Join(root, "train"), Split: "train"}); !errors.Is(err, ErrNoSplit) {
		t.Errorf("got %v, want ErrNoSplit", err)
	}
}

func TestOpenImageFolderErrors(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, picture(64, 64, red)); err != nil {
		t.Fatal(err)
	}
	cut := b.String()[:60]
	// A header that claims 2^31-1 by 2^31-1 pixels.
	huge := bytes.Clone(b.Bytes())
	copy(huge[16:24], []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff})
	for _, c := range []struct {
		name  string
		files map[string]any
		split string
		want  []string
	}{
		{"empty", map[string]any{"readme": "x"}, "", []string{"no folders found, want one per class"}},
		{"no images", map[string]any{"cat/readme": "x"}, "", []string{"no .png, .jpg or .jpeg file in any class folder"}},
		{
			"two sizes",
			map[string]any{"cat/a.png": picture(4, 3, red), "cat/b.png": picture(5, 3, red)},
			"",
			[]string{filepath.Join("cat", "b.png") + ": 5 pixels wide and 3 high, want 4 by 3 as ", "a.png; set size"},
		},
		{"truncated", map[string]any{"cat/a.png": cut}, "", []string{"a.png: PNG: png: invalid format: not enough pixel data"}},
		{"huge", map[string]any{"cat/a.png": string(huge)}, "", []string{"a.png: PNG:"}},
		{"not an image", map[string]any{"cat/a.jpg": "hello"}, "", []string{"a.jpg: byte 0: 68 65 6c 6c, want the start of a PNG"}},
		{"empty file", map[string]any{"cat/a.jpg": ""}, "", []string{"a.jpg: byte 0:"}},
		{"another format", map[string]any{"cat/a.webp": "x"}, "", []string{"a.webp: .webp files are not read; convert it to PNG"}},
		{"class unknown in training", map[string]any{"train/cat/a.png": picture(4, 3, red), "test/dog/a.png": picture(4, 3, red)}, "", []string{`class "dog" is not among the training classes cat`}},
		{"no test folder", map[string]any{"train/cat/a.png": picture(4, 3, red)}, "", []string{"no such split", "has no folder test or val"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(Options{Dataset: "image_folder", Dir: tree(t, c.files), Split: c.split})
			fails(t, err, c.want...)
		})
	}
	_, err := Open(Options{Dataset: "image_folder", Dir: "/does/not/exist"})
	fails(t, err, "/does/not/exist")
}

// Hidden files are no images, not even links to nothing, as editors leave beside
// a file; another link to nothing is an image that is missing.
func TestImageFolderLinksToNothing(t *testing.T) {
	root := tree(t, map[string]any{"test/a/1.png": picture(2, 2, red), "test/b/1.png": picture(2, 2, red)})
	if err := os.Symlink("nobody@host.1", filepath.Join(root, "test/a/.#1.png")); err != nil {
		t.Skip(err)
	}
	d, err := Open(Options{Dataset: "image_folder", Dir: root})
	if err != nil || d.Len() != 2 {
		t.Fatalf("got %v, want two images", err)
	}
	if err := os.Symlink("gone.png", filepath.Join(root, "test/a/2.png")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dataset: "image_folder", Dir: root}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want the missing file", err)
	}
}
