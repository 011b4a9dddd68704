package dataset

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"

	"assay/model"
)

// The official binary version of CIFAR-10: five training files and one test
// file of 10,000 records, each a label byte and 32x32 red, green and blue
// planes. https://www.cs.toronto.edu/~kriz/cifar.html
const (
	cifarFolder  = "cifar-10-batches-bin"
	cifarRecords = 10000 // per file
	cifarImage   = 3 * 32 * 32
	cifarRecord  = 1 + cifarImage // bytes
)

var (
	cifarFiles = map[string][]string{
		"train": {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
		"test":  {"test_batch.bin"},
	}
	// The short names of PyTorch's and Captum's tutorials; batches.meta.txt has
	// airplane and automobile for the first two.
	cifarClasses = []string{"plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
)

var cifar10Download = Download{
	URL:    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
	Size:   170052171,
	SHA256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
	Folder: cifarFolder,
	Files: map[string]int64{
		"data_batch_1.bin": cifarRecords * cifarRecord, "data_batch_2.bin": cifarRecords * cifarRecord,
		"data_batch_3.bin": cifarRecords * cifarRecord, "data_batch_4.bin": cifarRecords * cifarRecord,
		"data_batch_5.bin": cifarRecords * cifarRecord, "test_batch.bin": cifarRecords * cifarRecord,
	},
}

// openCIFAR10 reads dir, dir/cifar-10-batches-bin, or an archive. Without dir it
// looks where `assay data fetch cifar10` puts the files.
func openCIFAR10(o Options) (*Dataset, error) {
	files := cifarFiles[o.Split]
	n := len(files) * cifarRecords
	d := &Dataset{
		Shape:   model.Shape{C: 3, H: 32, W: 32},
		Classes: cifarClasses,
		Pixels:  make([]byte, n*cifarImage),
		Labels:  make([]int, n),
	}
	read := func(k int, r io.Reader, name string) error {
		at := k * cifarRecords
		return readCIFAR(r, name, d.Pixels[at*cifarImage:(at+cifarRecords)*cifarImage], d.Labels[at:at+cifarRecords])
	}
	where, err := findCIFAR10(o.Dir)
	if err != nil {
		return nil, err
	}
	if st, err := os.Stat(where); err != nil {
		return nil, err
	} else if !st.IsDir() {
		return d, readCIFARArchive(where, files, read)
	}
	for k, name := range files {
		p := filepath.Join(where, name)
		f, err := os.Open(p)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is missing; %s", p, cifarHint)
		} else if err != nil {
			return nil, err
		}
		// Its size says how much is missing or too much, without reading.
		if st, err := f.Stat(); err == nil && st.Mode().IsRegular() && st.Size() != cifarRecords*cifarRecord {
			f.Close()
			return nil, cifarLength(p, st.Size(), cifarRecords)
		}
		err = read(k, f, p)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	return d, nil
}

const cifarHint = "`assay data fetch cifar10` downloads the official files"

// findCIFAR10 returns the directory of the .bin files or the archive.
func findCIFAR10(dir string) (string, error) {
	if dir == "" {
		dir = DefaultDir
	}
	st, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s does not exist; want %s, the directory above it, or cifar-10-binary.tar.gz; %s", dir, cifarFolder, cifarHint)
	} else if err != nil {
		return "", err
	}
	if !st.IsDir() {
		return dir, nil
	}
	for _, p := range []string{dir, filepath.Join(dir, cifarFolder)} {
		for _, files := range cifarFiles {
			for _, f := range files {
				if _, err := os.Stat(filepath.Join(p, f)); err == nil {
					return p, nil
				}
			}
		}
	}
	if p := filepath.Join(dir, path.Base(cifar10Download.URL)); isFile(p) {
		return p, nil
	}
	return "", fmt.Errorf("%s holds neither data_batch_1.bin ... test_batch.bin nor %s; %s", dir, cifarFolder, cifarHint)
}

func isFile(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.Mode().IsRegular()
}

// readCIFARArchive reads the named files out of a .tar.gz, in whatever order
// and folder they are stored.
func readCIFARArchive(file string, names []string, read func(k int, r io.Reader, name string) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: not a .tar.gz archive: %w; want the official cifar-10-binary.tar.gz, or the directory %s", file, err, cifarFolder)
	}
	t := tar.NewReader(z)
	todo := map[string]int{}
	for k, n := range names {
		todo[n] = k
	}
	for len(todo) > 0 {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			var missing []string
			for _, n := range names {
				if _, ok := todo[n]; ok {
					missing = append(missing, n)
				}
			}
			return fmt.Errorf("%s: the archive has no %s; want the official cifar-10-binary.tar.gz, not the Python or MATLAB version", file, strings.Join(missing, ", "))
		} else if err != nil {
			return fmt.Errorf("%s: archive is damaged: %w; %s", file, err, cifarHint)
		}
		k, ok := todo[path.Base(h.Name)]
		if !ok || h.Typeflag != tar.TypeReg {
			continue
		}
		name := file + "/" + h.Name
		if h.Size != cifarRecords*cifarRecord {
			return cifarLength(name, h.Size, cifarRecords)
		}
		if err := read(k, t, name); err != nil {
			return err
		}
		delete(todo, path.Base(h.Name))
	}
	return nil
}

// readCIFAR reads exactly len(labels) records into pixels and labels.
func readCIFAR(r io.Reader, name string, pixels []byte, labels []int) error {
	var rec [cifarRecord]byte
	for i := range labels {
		at := int64(i) * cifarRecord
		switch n, err := io.ReadFull(r, rec[:]); {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return cifarLength(name, at+int64(n), len(labels))
		case err != nil:
			return fmt.Errorf("%s: record %d (byte %d): %w", name, i, at, err)
		}
		if int(rec[0]) >= len(cifarClasses) {
			return fmt.Errorf("%s: record %d (byte %d): label %d, want 0 to %d; the file is damaged or not CIFAR-10's binary version; %s",
				name, i, at, rec[0], len(cifarClasses)-1, cifarHint)
		}
		labels[i] = int(rec[0])
		copy(pixels[i*cifarImage:], rec[1:])
	}
	if n, err := io.ReadFull(r, rec[:1]); n != 0 {
		return fmt.Errorf("%s: record %d (byte %d): more data, want the end of the file after %d records of %d bytes; %s",
			name, len(labels), int64(len(labels))*cifarRecord, len(labels), cifarRecord, cifarHint)
	} else if !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: after record %d: %w", name, len(labels)-1, err)
	}
	return nil
}

func cifarLength(name string, size int64, records int) error {
	return fmt.Errorf("%s: %d bytes, ends in record %d (byte %d); want %d records of %d bytes, %d in all; %s",
		name, size, size/cifarRecord, size, records, cifarRecord, records*cifarRecord, cifarHint)
}
