package npy

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Files that NumPy wrote, whose values are known from their description.
func TestReadNumPyFiles(t *testing.T) {
	dir := "../../testdata/oracle"
	for _, tc := range []struct {
		file  string
		shape []int
		float bool
	}{
		{"inputs.npy", []int{2, 3, 32, 32}, true},
		{"labels.npy", []int{2}, false},
		{"ig_exact.npy", []int{2, 3, 32, 32}, true},
		{"train_final.fc3.weight.npy", []int{10, 84}, true},
	} {
		a, err := Read(filepath.Join(dir, tc.file))
		if err != nil {
			t.Errorf("%s: %v", tc.file, err)
			continue
		}
		if !slices.Equal(a.Shape, tc.shape) {
			t.Errorf("%s: got shape %v, want %v", tc.file, a.Shape, tc.shape)
		}
		if n := len(a.Float64s()); n != a.Len() {
			t.Errorf("%s: got %d float64 values, want %d", tc.file, n, a.Len())
		}
		if n := len(a.Float32s()); n != a.Len() {
			t.Errorf("%s: got %d float32 values, want %d", tc.file, n, a.Len())
		}
		if isFloat := a.Ints() == nil; isFloat != tc.float {
			t.Errorf("%s: got floating point %v, want %v", tc.file, isFloat, tc.float)
		}
	}
	// Normalised pixels are (p/255-0.5)/0.5 for whole p.
	a, err := Read(filepath.Join(dir, "inputs.npy"))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range a.Float64s() {
		p := (v/2 + 0.5) * 255
		if p < -1e-3 || p > 255+1e-3 || math.Abs(p-math.Round(p)) > 1e-3 {
			t.Fatalf("inputs[%d] = %v is no normalised pixel", i, v)
		}
	}
}

// What we write of an array that NumPy wrote must be NumPy's bytes.
func TestWriteAsNumPy(t *testing.T) {
	files, err := filepath.Glob("../../testdata/oracle/*.npy")
	if err != nil || len(files) < 100 {
		t.Fatalf("got %d files, %v; want the outside values", len(files), err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := Decode(want)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var got bytes.Buffer
		if err := a.Encode(&got); err != nil {
			t.Errorf("%s: %v", file, err)
		} else if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: written again it has other bytes", file)
		}
	}
}

// file returns a version 1 file with the given dictionary and data.
func file(dict, data string) []byte {
	return []byte(magic + "\x01\x00" + string([]byte{byte(len(dict)), byte(len(dict) >> 8)}) + dict + data)
}

func TestDecode(t *testing.T) {
	for _, tc := range []struct {
		name string
		file []byte
		want *Array
	}{
		{"scalar", file("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "\x00\x00\x80\x3f"), &Array{Shape: []int{}, F32: []float32{1}}},
		{"empty", file("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }", ""), &Array{Shape: []int{0, 3}, F64: []float64{}}},
		{"narrow integers", file("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }", "\xff\xff\xff\xff\x07\x00\x00\x00"), &Array{Shape: []int{2}, I64: []int64{-1, 7}}},
		{"truth values", file("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", "\x00\x01\x02"), &Array{Shape: []int{3}, U8: []byte{0, 1, 1}}},
		{"other order of keys", file("{'shape':(1,1),'fortran_order':False,'descr':'|u1'}\n", "\x09"), &Array{Shape: []int{1, 1}, U8: []byte{9}}},
		{"Fortran order", file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "\x00\x03\x01\x04\x02\x05"), &Array{Shape: []int{2, 3}, U8: []byte{0, 1, 2, 3, 4, 5}}},
		{"Fortran order in three", file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 1, 2), }", "\x00\x02\x01\x03"), &Array{Shape: []int{2, 1, 2}, U8: []byte{0, 1, 2, 3}}},
		{"version 2", []byte(magic + "\x02\x00\x36\x00\x00\x00{'descr':'|u1','fortran_order':False,'shape':(2,)}   \n\x01\x02"), &Array{Shape: []int{2}, U8: []byte{1, 2}}},
	} {
		got, err := Decode(tc.file)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		} else if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", tc.name, d)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	ok := "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
	for _, tc := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty file", nil, "not an .npy file"},
		{"other file", []byte("PK\x03\x04 and some more"), "not an .npy file"},
		{"version", []byte(magic + "\x09\x00\x00\x00"), "format version 9, want 1 to 3"},
		{"header too long", []byte(magic + "\x01\x00\xff\xff{}"), "the header has 65535 bytes, but 2 are left"},
		{"header far too long", []byte(magic + "\x02\x00\xff\xff\xff\xff{}"), "the header has 4294967295 bytes"},
		{"cut data", file(ok, "1234567"), "7 bytes of data, want 8"},
		{"more data", file(ok, "123456789"), "9 bytes of data, want 8"},
		{"big endian", file("{'descr': '>f4', 'fortran_order': False, 'shape': (), }", "1234"), `element type ">f4"`},
		{"objects", file("{'descr': '|O', 'fortran_order': False, 'shape': (), }", "1234"), `element type "|O"`},
		{"record", file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (), }", "1234"), "want a string"},
		{"negative", file("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", ""), "want a whole number"},
		{"overflow", file("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "1234"), "does not fit the file"},
		{"huge", file("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "1234"), "want a whole number"},
		{"missing key", file("{'descr': '<f4', 'shape': (2,), }", "12345678"), "2 of the keys"},
		{"strange key", file("{'descr': '<f4', 'allow_pickle': True}", ""), `the key "allow_pickle"`},
		{"key twice", file("{'descr': '<f4', 'descr': '<f4'}", ""), `the key "descr" twice`},
		{"after the end", file(ok+" 3", "12345678"), "nothing after the dictionary"},
		{"no end", file("{'descr': '<f4'", ""), "a comma or a closing brace"},
	} {
		_, err := Decode(tc.file)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one with %q", tc.name, err, tc.want)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, tc := range []struct {
		name string
		a    Array
		want string
	}{
		{"no data", Array{Shape: []int{2}}, "0 data slices, want 1"},
		{"two kinds", Array{Shape: []int{1}, F32: []float32{1}, I64: []int64{1}}, "2 data slices, want 1"},
		{"length", Array{Shape: []int{2, 3}, F32: make([]float32, 5)}, "5 values, want 6"},
		{"negative", Array{Shape: []int{-1, -1}, F32: make([]float32, 1)}, "shape [-1 -1]"},
	} {
		err := tc.a.Encode(&bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one with %q", tc.name, err, tc.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(file("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", "12345678"))
	f.Add(file("{'descr': '<i8', 'fortran_order': False, 'shape': (), }", "12345678"))
	f.Add(file("{'descr': '|b1', 'fortran_order': False, 'shape': (0, 9223372036854775807, 4), }", ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Decode(b)
		if err != nil {
			return
		}
		var buf bytes.Buffer
		if err := a.Encode(&buf); err != nil {
			t.Fatalf("a read array cannot be written: %v", err)
		}
		again, err := Decode(buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		var buf2 bytes.Buffer
		if err := again.Encode(&buf2); err != nil || !bytes.Equal(buf.Bytes(), buf2.Bytes()) {
			t.Fatalf("written and read again the array differs: %v", err)
		}
	})
}
