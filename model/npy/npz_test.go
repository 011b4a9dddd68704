package npy

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNpzRoundTrip(t *testing.T) {
	want := map[string]*Array{
		"attributions": {Shape: []int{2, 1, 2}, F32: []float32{1, -2, 3.5, 0}},
		"delta":        {Shape: []int{2}, F64: []float64{1e-9, -1}},
		"target":       {Shape: []int{2}, I64: []int64{3, 8}},
		"mask":         {Shape: []int{1}, U8: []byte{1}},
	}
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.npz"), filepath.Join(dir, "two.npz")
	for _, p := range []string{one, two} {
		if err := WriteNpz(p, want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadNpz(one)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	a, _ := os.ReadFile(one)
	b, _ := os.ReadFile(two)
	if !bytes.Equal(a, b) {
		t.Error("two writes of the same arrays differ")
	}
}

// archive makes a deflated zip of one entry.
func archive(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadDeflated(t *testing.T) {
	var b bytes.Buffer
	zeros := &Array{Shape: []int{1000, 1000}, F32: make([]float32, 1e6)}
	if err := zeros.Encode(&b); err != nil {
		t.Fatal(err)
	}
	got, err := DecodeNpz(archive(t, "zeros.npy", b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(zeros, got["zeros"]); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestNpzRefuses(t *testing.T) {
	whole := archive(t, "a.npy", file("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", "12"))
	for _, tc := range []struct {
		name string
		file []byte
		want string
	}{
		{"not a zip", []byte("hello"), "not an .npz file"},
		{"cut", whole[:len(whole)-9], "not an .npz file"},
		{"other entry", archive(t, "readme.txt", []byte("hello")), `holds "readme.txt"`},
		{"other content", archive(t, "a.npy", []byte("hello")), "a.npy: offset 0: not an .npy file"},
	} {
		_, err := DecodeNpz(tc.file)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one with %q", tc.name, err, tc.want)
		}
	}
	// The size in the central directory, four bytes at 24 after its magic.
	big := bytes.Clone(whole)
	at := bytes.Index(big, []byte("PK\x01\x02")) + 24
	copy(big[at:], "\xff\xff\xff\x7f")
	if _, err := DecodeNpz(big); err == nil || !strings.Contains(err.Error(), "claims 2147483647 bytes") {
		t.Errorf("got error %v, want one about the claimed size", err)
	}
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.npz")
	err := WriteNpz(bad, map[string]*Array{"x": {Shape: []int{2}}})
	if err == nil || !strings.Contains(err.Error(), "bad.npz: x: the array has 0 data slices") {
		t.Errorf("got error %v, want one that names the array", err)
	}
	if _, err := os.Stat(bad); !os.IsNotExist(err) {
		t.Errorf("a failed write left a file: %v", err)
	}
}

func FuzzNpz(f *testing.F) {
	f.Add(archive(f, "a.npy", file("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", "12")))
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, err := DecodeNpz(b)
		if err != nil {
			return
		}
		size := 0
		for _, a := range arrays {
			size += 8 * a.Len()
		}
		if size > 8*deflateRatio*len(b) {
			t.Fatalf("%d bytes came out of %d", size, len(b))
		}
	})
}
