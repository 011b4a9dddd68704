package dataset

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func readPNG(t *testing.T, name string, side int) rgb {
	t.Helper()
	p, err := readImage(filepath.Join("testdata/pillow", name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	return p.resized(side)
}

func TestResizeIsPillows(t *testing.T) {
	for _, name := range []string{"wide_16", "wide_32", "wide_37", "wide_50", "tall_8", "tall_23", "tall_32"} {
		t.Run(name, func(t *testing.T) {
			file, side, _ := strings.Cut(name, "_")
			n, _ := strconv.Atoi(side)
			got, want := readPNG(t, file, n), readPNG(t, name, 0)
			if got.h != n || got.w != n {
				t.Fatalf("got %dx%d, want %dx%d", got.h, got.w, n, n)
			}
			differ(t, got, want)
		})
	}
}

func TestColoursArePillows(t *testing.T) {
	for _, name := range []string{"rgba", "grey", "palette"} {
		t.Run(name, func(t *testing.T) { differ(t, readPNG(t, name, 0), readPNG(t, name+"_rgb", 0)) })
	}
}

func differ(t *testing.T, got, want rgb) {
	t.Helper()
	if bytes.Equal(got.pix, want.pix) {
		return
	}
	n, most := 0, 0
	for i := range want.pix {
		if d := abs(int(got.pix[i]) - int(want.pix[i])); d > 0 {
			n++
			most = max(most, d)
		}
	}
	t.Errorf("%d of %d values differ, by up to %d", n, len(want.pix), most)
}

func TestResizeKeepsAConstantImage(t *testing.T) {
	p := rgb{31, 45, bytes.Repeat([]byte{77}, 3*31*45)}
	for _, side := range []int{1, 7, 31, 64} {
		for i, v := range resizeCrop(p, side).pix {
			if v != 77 {
				t.Fatalf("side %d, value %d: got %d, want 77", side, i, v)
			}
		}
	}
}
