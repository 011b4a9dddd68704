package dataset

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"assay/model/npy"
)

// cifarBytes makes n records: label i%10, pixels i, i+1, ...
func cifarBytes(n int) []byte {
	b := make([]byte, 0, n*cifarRecord)
	for i := range n {
		b = append(b, byte(i%10))
		for k := range cifarImage {
			b = append(b, byte(i+k))
		}
	}
	return b
}

func TestReadCIFAR(t *testing.T) {
	pixels, labels := make([]byte, 12*cifarImage), make([]int, 12)
	if err := readCIFAR(bytes.NewReader(cifarBytes(12)), "f.bin", pixels, labels); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(labels, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1}) {
		t.Errorf("labels %v", labels)
	}
	// Red, green and blue planes follow each other: value k is at [k/1024][k/32%32][k%32].
	for i, k := range []int{0, 1, 1024, 3071} {
		if got, want := pixels[i*cifarImage+k], byte(i+k); got != want {
			t.Errorf("image %d value %d: got %d, want %d", i, k, got, want)
		}
	}
}

func TestReadCIFARErrors(t *testing.T) {
	label := cifarBytes(3)
	label[2*cifarRecord] = 11
	for _, c := range []struct {
		name string
		data []byte
		want []string
	}{
		{"empty", nil, []string{"f.bin: 0 bytes, ends in record 0 (byte 0); want 3 records of 3073 bytes, 9219 in all"}},
		{"cut in a record", cifarBytes(3)[:7000], []string{"f.bin: 7000 bytes, ends in record 2 (byte 7000)", "assay data fetch cifar10"}},
		{"cut between records", cifarBytes(2), []string{"ends in record 2 (byte 6146)"}},
		{"too long", append(cifarBytes(3), 0), []string{"f.bin: record 3 (byte 9219): more data, want the end of the file after 3 records"}},
		{"label", label, []string{"f.bin: record 2 (byte 6146): label 11, want 0 to 9"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fails(t, readCIFAR(bytes.NewReader(c.data), "f.bin", make([]byte, 3*cifarImage), make([]int, 3)), c.want...)
		})
	}
}

// write puts a whole test batch under its name.
func writeBatch(t *testing.T, dir string) []byte {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b := cifarBytes(cifarRecords)
	if err := os.WriteFile(filepath.Join(dir, "test_batch.bin"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpenCIFAR10Places(t *testing.T) {
	root := t.TempDir()
	data := writeBatch(t, filepath.Join(root, "up", cifarFolder))
	archive := filepath.Join(root, "cifar-10-binary.tar.gz")
	if err := os.WriteFile(archive, tarGz(t, entry{name: cifarFolder + "/", dir: true}, entry{name: cifarFolder + "/readme.html", data: []byte("hi")},
		entry{name: cifarFolder + "/test_batch.bin", data: data}), 0o644); err != nil {
		t.Fatal(err)
	}
	var hash string
	for _, dir := range []string{filepath.Join(root, "up"), filepath.Join(root, "up", cifarFolder), archive, root} {
		d, err := Open(Options{Dataset: "cifar10", Dir: dir})
		if err != nil {
			t.Error(err)
			continue
		}
		if d.Len() != 10000 || d.Split != "test" || d.Labels[9999] != 9 || d.Image(9999)[1] != byte(9999%256+1) {
			t.Errorf("%s: %d images of split %s, last label %d", dir, d.Len(), d.Split, d.Labels[9999])
		}
		if hash == "" {
			hash = d.Hash()
		} else if d.Hash() != hash {
			t.Errorf("%s: another hash", dir)
		}
	}
	_, err := Open(Options{Dataset: "cifar10", Dir: archive, Split: "train"})
	fails(t, err, archive+": the archive has no data_batch_1.bin, data_batch_2.bin")
	_, err = Open(Options{Dataset: "cifar10", Dir: filepath.Join(root, "up"), Split: "train"})
	fails(t, err, "data_batch_1.bin is missing", "assay data fetch cifar10")
	_, err = Open(Options{Dataset: "cifar10", Dir: filepath.Join(root, "nowhere")})
	fails(t, err, "nowhere does not exist", "assay data fetch cifar10")
	_, err = Open(Options{Dataset: "cifar10", Dir: t.TempDir()})
	fails(t, err, "holds neither")
	if err := os.WriteFile(filepath.Join(root, "up", cifarFolder, "test_batch.bin"), data[:100000], 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Open(Options{Dataset: "cifar10", Dir: filepath.Join(root, "up")})
	fails(t, err, "test_batch.bin: 100000 bytes, ends in record 32 (byte 100000); want 10000 records of 3073 bytes, 30730000 in all")
	text := filepath.Join(root, "text")
	if err := os.WriteFile(text, []byte("plain"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Open(Options{Dataset: "cifar10", Dir: text})
	fails(t, err, "text: not a .tar.gz archive")
}

// The real files, where there are: set ASSAY_CIFAR10 to their directory.
func TestRealCIFAR10(t *testing.T) {
	dir := os.Getenv("ASSAY_CIFAR10")
	if dir == "" {
		t.Skip("ASSAY_CIFAR10 does not name a directory of CIFAR-10's binary files")
	}
	for _, split := range Splits {
		d, err := Open(Options{Dataset: "cifar10", Dir: dir, Split: split})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"train": 5000, "test": 1000}[split]
		for c, n := range d.Counts() {
			if n != want {
				t.Errorf("%s: %d images of %s, want %d", split, n, d.Classes[c], want)
			}
		}
		if split != "test" {
			continue
		}
		var names []string
		for _, l := range d.Labels[:4] {
			names = append(names, d.Classes[l])
		}
		if want := []string{"cat", "ship", "ship", "plane"}; !slices.Equal(names, want) { // the tutorial's
			t.Errorf("first labels: got %v, want %v", names, want)
		}
		golden := os.Getenv("ASSAY_GOLDEN")
		if golden == "" {
			t.Skip("ASSAY_GOLDEN does not name the folder of outside values: normalised pixels not compared")
		}
		in, err := npy.Read(filepath.Join(golden, "inputs.npy"))
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, cifarImage)
		for i := range 4 {
			d.Normalize(i, x)
			for k, v := range x {
				if w := in.F32[i*cifarImage+k]; v != w {
					t.Fatalf("image %d value %d: got %v, want %v as torchvision gives", i, k, v, w)
				}
			}
		}
	}
}

func FuzzReadCIFAR(f *testing.F) {
	f.Add([]byte{})
	f.Add(cifarBytes(2))
	f.Add(cifarBytes(3)[:5000])
	f.Fuzz(func(t *testing.T, b []byte) {
		pixels, labels := make([]byte, 2*cifarImage), make([]int, 2)
		err := readCIFAR(bytes.NewReader(b), "f", pixels, labels)
		if (err == nil) != (len(b) == 2*cifarRecord && b[0] < 10 && b[cifarRecord] < 10) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	})
}

// entry is one member of a test archive.
type entry struct {
	name, link string
	dir        bool
	data       []byte
}

func tarGz(t *testing.T, es ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	w := tar.NewWriter(z)
	for _, e := range es {
		h := &tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.data)), Typeflag: tar.TypeReg}
		if e.dir {
			h.Typeflag = tar.TypeDir
		} else if e.link != "" {
			h.Typeflag, h.Linkname = tar.TypeSymlink, e.link
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
