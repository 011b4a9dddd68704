package npy

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2/maybe"
)

// deflateRatio is the most that deflate can expand its input by (zlib's
// documentation, "maximum compression factor"): what bounds an honest archive.
const deflateRatio = 1032

// zipTime is the earliest time a zip file can hold. Every entry gets it, so
// that equal arrays give equal bytes whenever they are written.
var zipTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// WriteNpz writes the arrays as an uncompressed .npz file, all or nothing, in
// the order of their names. Equal arrays give equal bytes.
func WriteNpz(path string, arrays map[string]*Array) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store, Modified: zipTime})
		if err == nil {
			err = arrays[name].Encode(w)
		}
		if err != nil {
			return fmt.Errorf("npy: %s: %s: %w", path, name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("npy: %s: %w", path, err)
	}
	if err := maybe.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// ReadNpz reads an .npz file, stored or deflated, as numpy.savez and
// savez_compressed write it. Errors name the file and the array.
func ReadNpz(path string) (map[string]*Array, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	arrays, err := DecodeNpz(b)
	if err != nil {
		return nil, fmt.Errorf("npy: %s: %w", path, err)
	}
	return arrays, nil
}

// DecodeNpz parses the bytes of an .npz file.
func DecodeNpz(b []byte) (map[string]*Array, error) {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, fmt.Errorf("not an .npz file: %w", err)
	}
	// Entries may point at the same bytes, so the bound is on their sum.
	left := uint64(len(b)) * deflateRatio
	arrays := make(map[string]*Array, len(z.File))
	for _, f := range z.File {
		name, found := strings.CutSuffix(f.Name, ".npy")
		if !found {
			return nil, fmt.Errorf("holds %q, want .npy arrays only", f.Name)
		}
		if arrays[name] != nil {
			return nil, fmt.Errorf("holds %q twice", f.Name)
		}
		limit := uint64(len(b))
		if f.Method != zip.Store {
			limit = left
		}
		if f.UncompressedSize64 > min(limit, left) {
			return nil, fmt.Errorf("%s: claims %d bytes, more than a file of %d bytes can hold", f.Name, f.UncompressedSize64, len(b))
		}
		left -= f.UncompressedSize64
		r, err := f.Open()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		// Grows with what is there, not with what is claimed.
		data, err := io.ReadAll(io.LimitReader(r, int64(f.UncompressedSize64)+1))
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		a, err := Decode(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		arrays[name] = a
	}
	return arrays, nil
}
