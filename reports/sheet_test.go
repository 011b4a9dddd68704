package reports

import (
	"bytes"
	"image"
	"image/color"
	"strings"
	"testing"
)

// tile is h x w, every value its index times step.
func tile(c, h, w, step int) Tile {
	t := Tile{C: c, H: h, W: w, Pixels: make([]byte, c*h*w), Title: "3 plane"}
	for i := range t.Pixels {
		t.Pixels[i] = byte(i * step)
	}
	return t
}

func TestSheetShowsEveryPixelEnlarged(t *testing.T) {
	for _, c := range []int{1, 3} {
		u := tile(c, 32, 32, 7)
		s, err := Sheet([]Tile{u, u, u}, 2)
		if err != nil {
			t.Fatal(err)
		}
		const scale = 3 // 96 / 32
		for k, at := range []image.Point{{sheetMargin, sheetMargin}, {sheetMargin + 96 + sheetGap, sheetMargin}, {sheetMargin, sheetMargin + 96 + 6 + sheetLine + sheetGap}} {
			for y := range 96 {
				for x := range 96 {
					i := y/scale*32 + x/scale
					want := color.RGBA{u.Pixels[i], u.Pixels[i], u.Pixels[i], 255}
					if c == 3 {
						want.G, want.B = u.Pixels[1024+i], u.Pixels[2048+i]
					}
					if got := s.RGBAAt(at.X+x, at.Y+y); got != want {
						t.Fatalf("%d channels, tile %d, (%d, %d): got %v, want %v", c, k, x, y, got, want)
					}
				}
			}
		}
	}
}

// ink counts what is not white in a rectangle.
func ink(s *image.RGBA, r image.Rectangle) (n int) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if s.RGBAAt(x, y) != (color.RGBA{255, 255, 255, 255}) {
				n++
			}
		}
	}
	return n
}

func TestSheetMarksDifferInForm(t *testing.T) {
	u := tile(3, 32, 32, 0)
	u.Note = "ship"
	masks := map[Mark][]byte{}
	for _, m := range []Mark{NoMark, Right, Wrong} {
		u.Mark = m
		s, err := Sheet([]Tile{u}, 1)
		if err != nil {
			t.Fatal(err)
		}
		y := sheetMargin + 96 + 2*sheetLine - sheetMark + 1
		for j := range sheetMark {
			for i := range sheetMark {
				masks[m] = append(masks[m], byte(ink(s, image.Rect(sheetMargin+i, y+j, sheetMargin+i+1, y+j+1))))
			}
		}
	}
	differ := func(a, b Mark) (n int) {
		for i := range masks[a] {
			if masks[a][i] != masks[b][i] {
				n++
			}
		}
		return n
	}
	if n := differ(Right, Wrong); n < 20 {
		t.Errorf("a tick and a cross differ in %d of 144 pixels without their colours, want at least 20", n)
	}
}

func TestSheetCutsLongNames(t *testing.T) {
	u := tile(1, 32, 32, 0)
	u.Title, u.Note, u.Mark = strings.Repeat("long name ", 20), strings.Repeat("W", 100), Wrong
	s, err := Sheet([]Tile{u, u}, 2)
	if err != nil {
		t.Fatal(err)
	}
	gap := image.Rect(sheetMargin+96, sheetMargin, sheetMargin+96+sheetGap, s.Bounds().Max.Y)
	if n := ink(s, gap); n > 0 {
		t.Errorf("%d pixels between the columns, want none", n)
	}
	if n := ink(s, image.Rect(sheetMargin+48, sheetMargin+98, sheetMargin+96, s.Bounds().Max.Y)); n < 100 {
		t.Errorf("%d pixels of writing under the right half of the image, want a full line", n)
	}
}

func TestSheetRepeats(t *testing.T) {
	u := tile(3, 10, 20, 3)
	u.Note, u.Mark = "ship", Right
	a, err := Sheet([]Tile{u, u}, 5)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := Sheet([]Tile{u, u}, 5)
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("the same tiles give other pixels")
	}
	if got, want := a.Bounds().Dx(), 2*sheetMargin+2*200+sheetGap; got != want {
		t.Errorf("two tiles in five columns: %d pixels wide, want %d", got, want)
	}
}

func TestSheetErrors(t *testing.T) {
	bad := tile(1, 4, 4, 1)
	bad.Pixels = bad.Pixels[:3]
	for _, c := range []struct {
		name  string
		tiles []Tile
		cols  int
		want  string
	}{
		{"none", nil, 1, "0 images in 1 columns"},
		{"no columns", []Tile{tile(1, 4, 4, 1)}, 0, "1 images in 0 columns"},
		{"two channels", []Tile{tile(2, 4, 4, 1)}, 1, "images of 2x4x4, want 1 or 3 channels"},
		{"huge", []Tile{tile(1, 4, 600, 1)}, 1, "1 to 512 pixels a side"},
		{"other shape", []Tile{tile(1, 4, 4, 1), tile(1, 4, 5, 1)}, 1, "image 1 is 1x4x5 in 20 bytes, want 1x4x4"},
		{"short", []Tile{bad}, 1, "image 0 is 1x4x4 in 3 bytes"},
	} {
		if _, err := Sheet(c.tiles, c.cols); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}
