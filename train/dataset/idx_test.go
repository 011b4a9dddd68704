package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func idx(shape []int, data []byte) []byte {
	b := []byte{0, 0, 8, byte(len(shape))}
	for _, e := range shape {
		b = binary.BigEndian.AppendUint32(b, uint32(e))
	}
	return append(b, data...)
}

func TestReadIDX(t *testing.T) {
	shape, data, err := readIDX(bytes.NewReader(idx([]int{2, 1, 3}, []byte{1, 2, 3, 4, 5, 6})), "f", 3)
	if err != nil || !slices.Equal(shape, []int{2, 1, 3}) || !bytes.Equal(data, []byte{1, 2, 3, 4, 5, 6}) {
		t.Errorf("got %v %v %v", shape, data, err)
	}
}

func TestReadIDXErrors(t *testing.T) {
	good := idx([]int{3, 2, 2}, make([]byte, 12))
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "f: byte 0: the header ends early (EOF), want 16 bytes"},
		{"short header", good[:10], "f: byte 10: the header ends early"},
		{"floats", append([]byte{0, 0, 13, 3}, good[4:]...), "f: byte 0: header 00 00 0d 03, want 00 00 08 03 (IDX, unsigned bytes, 3 dimensions)"},
		{"labels", idx([]int{40}, make([]byte, 40)), "header 00 00 08 01, want 00 00 08 03"},
		{"no images", idx([]int{0, 2, 2}, nil), "f: byte 4: dimension 0 is 0, want 1 or more"},
		{"huge", idx([]int{1 << 30, 2, 1 << 31}, nil), "f: byte 8: dimension 1 is 2, want 1 or more and at most 1073741824 bytes in all"},
		{"cut", good[:16+7], "f: byte 23: the file ends in record 1 of 3 (4 bytes each)"},
		{"long", append(slices.Clone(good), 9), "f: byte 28: more data, want the end of the file (the header says [3 2 2])"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := readIDX(bytes.NewReader(c.data), "f", 3)
			fails(t, err, c.want)
		})
	}
}

// zipped compresses.
func zipped(b []byte) []byte {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = w.Write(b)
	_ = w.Close()
	return z.Bytes()
}

func TestOpenFashionMNIST(t *testing.T) {
	pixels := make([]byte, 5*784)
	for i := range pixels {
		pixels[i] = byte(i * 7)
	}
	images, labels := idx([]int{5, 28, 28}, pixels), idx([]int{5}, []byte{9, 0, 3, 3, 1})
	write := func(dir, name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	plain, gz := t.TempDir(), t.TempDir()
	write(plain, "t10k-images-idx3-ubyte", images)
	write(plain, "t10k-labels-idx1-ubyte", labels)
	write(gz, "t10k-images-idx3-ubyte.gz", zipped(images))
	write(gz, "t10k-labels-idx1-ubyte.gz", zipped(labels))
	for _, dir := range []string{plain, gz} {
		d, err := Open(Options{Dataset: "fashion_mnist", Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if d.Shape.String() != "1x28x28" || !slices.Equal(d.Labels, []int{9, 0, 3, 3, 1}) || !bytes.Equal(d.Pixels, pixels) {
			t.Errorf("%s: %v, labels %v", dir, d.Shape, d.Labels)
		}
	}
	_, err := Open(Options{Dataset: "fashion_mnist", Dir: plain, Split: "train"})
	fails(t, err, "holds neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz", "apt install dataset-fashion-mnist")
	write(plain, "t10k-labels-idx1-ubyte", idx([]int{4}, make([]byte, 4)))
	_, err = Open(Options{Dataset: "fashion_mnist", Dir: plain})
	fails(t, err, "t10k-labels-idx1-ubyte: byte 4: 4 labels, want 5")
	write(plain, "t10k-labels-idx1-ubyte", idx([]int{5}, []byte{0, 1, 2, 30, 4}))
	_, err = Open(Options{Dataset: "fashion_mnist", Dir: plain})
	fails(t, err, "t10k-labels-idx1-ubyte: record 3 (byte 11): label 30, want 0 to 9")
	write(plain, "t10k-images-idx3-ubyte", idx([]int{1, 32, 32}, make([]byte, 1024)))
	_, err = Open(Options{Dataset: "fashion_mnist", Dir: plain})
	fails(t, err, "byte 8: images of 32x32, want 28x28")
	cut := zipped(images)
	write(gz, "t10k-images-idx3-ubyte.gz", cut[:len(cut)/2])
	_, err = Open(Options{Dataset: "fashion_mnist", Dir: gz})
	fails(t, err, "t10k-images-idx3-ubyte.gz: byte", "unexpected EOF", "get it again")
}

// The real files, where Debian's package dataset-fashion-mnist is installed.
func TestRealFashionMNIST(t *testing.T) {
	if _, err := os.Stat(debianFashionMNIST); err != nil {
		t.Skip("Debian's package dataset-fashion-mnist is not installed")
	}
	for split, want := range map[string]int{"train": 6000, "test": 1000} {
		d, err := Open(Options{Dataset: "fashion_mnist", Split: split})
		if err != nil {
			t.Fatal(err)
		}
		for c, n := range d.Counts() {
			if n != want {
				t.Errorf("%s: %d images of %s, want %d", split, n, d.Classes[c], want)
			}
		}
		// The moments that Fashion-MNIST's users quote: 0.2860 and 0.3530.
		if mean, std := d.Moments(); split == "train" && (mean[0] < 0.28595 || mean[0] > 0.28605 || std[0] < 0.35295 || std[0] > 0.35305) {
			t.Errorf("mean %v, std %v, want 0.2860 and 0.3530", mean, std)
		}
	}
}

func FuzzReadIDX(f *testing.F) {
	f.Add(idx([]int{2, 3}, []byte{1, 2, 3, 4, 5, 6}))
	f.Add(idx([]int{1 << 20, 1 << 9}, []byte{1}))
	f.Add([]byte{0, 0, 8})
	f.Fuzz(func(t *testing.T, b []byte) {
		shape, data, err := readIDX(bytes.NewReader(b), "f", 2)
		if err == nil && !bytes.Equal(idx(shape, data), b) {
			t.Errorf("read %v, %d bytes from % x", shape, len(data), b)
		}
		if cap(data) > 2*len(b)+1024 {
			t.Errorf("%d bytes of memory for a file of %d", cap(data), len(b))
		}
	})
}
