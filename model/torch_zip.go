package model

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"path"
	"strings"
)

// torchZip reads the format of torch.save since PyTorch 1.6: a zip archive with
// the pickle as <name>/data.pkl and each storage as <name>/data/<key>.
func torchZip(file []byte) (*Weights, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, fmt.Errorf("not a whole zip archive (%w); is the file cut off?", err)
	}
	entries := make(map[string]*zip.File, len(z.File))
	folder := ""
	for _, f := range z.File {
		entries[f.Name] = f
		if path.Base(f.Name) == "data.pkl" && folder == "" {
			folder = strings.TrimSuffix(f.Name, "data.pkl")
		}
	}
	if entries[folder+"data.pkl"] == nil {
		return nil, errors.New("a zip archive without data.pkl, want what torch.save writes")
	}
	if entries[folder+"constants.pkl"] != nil {
		return nil, errors.New("a TorchScript archive, which holds a program; save model.state_dict() instead")
	}
	if entries[folder+"byteorder"] != nil {
		order, err := zipBytes(file, entries[folder+"byteorder"])
		if err != nil {
			return nil, err
		}
		if string(order.data) != "little" {
			return nil, fmt.Errorf("offset %d: byte order %.20q, want little", order.at, order.data)
		}
	}
	pickle, err := zipBytes(file, entries[folder+"data.pkl"])
	if err != nil {
		return nil, err
	}
	mem := newBudget(len(file))
	value, _, err := unpickle(pickle.data, pickle.at, map[string]pyGlobal{}, mem)
	if err != nil {
		return nil, err
	}
	runs := map[string]torchRun{}
	return stateDict(value, mem, func(s *torchStorage) (torchRun, error) {
		if r, known := runs[s.key]; known {
			return r, nil
		}
		f := entries[folder+"data/"+s.key]
		if f == nil {
			return torchRun{}, fmt.Errorf("the archive has no entry %.80q", folder+"data/"+s.key)
		}
		// Entries may share bytes; the charge bounds the time that checksums take.
		if err := mem.take(int(min(f.UncompressedSize64, 1<<62))); err != nil {
			return torchRun{}, fmt.Errorf("entry %.80q %w", f.Name, err)
		}
		r, err := zipBytes(file, f)
		if err == nil {
			runs[s.key] = r
		}
		return r, err
	})
}

// zipBytes returns an entry's bytes as they lie in the file. PyTorch stores
// without compression, so an entry is never larger than the file.
func zipBytes(file []byte, f *zip.File) (torchRun, error) {
	if f.Method != zip.Store {
		return torchRun{}, fmt.Errorf("entry %.80q is compressed, want it stored, as PyTorch does", f.Name)
	}
	at, err := f.DataOffset()
	if err != nil {
		return torchRun{}, fmt.Errorf("entry %.80q: %w", f.Name, err)
	}
	size := f.UncompressedSize64
	if at < 0 || at > int64(len(file)) || size > uint64(int64(len(file))-at) {
		return torchRun{}, fmt.Errorf("offset %d: entry %.80q has %d bytes and leaves the file, which has %d", at, f.Name, size, len(file))
	}
	data := file[at:][:size]
	if sum := crc32.ChecksumIEEE(data); sum != f.CRC32 {
		return torchRun{}, fmt.Errorf("offset %d: entry %.80q has checksum %08x, want %08x: the file is damaged", at, f.Name, sum, f.CRC32)
	}
	return torchRun{data, int(at)}, nil
}
