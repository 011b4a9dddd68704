package experiments

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Store is the directory of a run.
//
//	manifest.json             what the run is; written once
//	cells/ab/<sha256>.cell    one file per cell, named by its key
//	model/                    the network trained in the run
//	events/                   who computed what and when
//	quarantine/               what failed its checksum, or differed
//	report/                   tables, figures, pages; rebuilt from the cells
//
// Any number of processes, on any number of hosts that share the directory, may
// write to it at once: a cell appears whole or not at all, and whoever comes
// second compares.
type Store struct{ Dir string }

// ErrDiffers says that a cell was computed twice with different results. Both
// are kept.
var ErrDiffers = errors.New("two computations of the same cell differ")

const (
	cellMagic  = "assay-cell 1 "
	headerSize = len(cellMagic) + 64 + 1 + 20 + 1 // magic, key, blank, length, newline
)

func (s *Store) cell(key string) string {
	return filepath.Join(s.Dir, "cells", key[:2], key+".cell")
}

// Get returns the payload of the cell, or nil where there is none. A cell whose
// checksum is wrong is moved to quarantine, reported through corrupt, and then
// there is none.
func (s *Store) Get(key string, corrupt func(error)) ([]byte, error) {
	p, err := s.read(key)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	var bad *corruptError
	if !errors.As(err, &bad) {
		return nil, fmt.Errorf("experiments: %w", err)
	}
	to, qerr := s.quarantine(s.cell(key))
	if qerr != nil {
		return nil, qerr
	}
	if corrupt != nil {
		corrupt(fmt.Errorf("experiments: %w; moved to %s, will be computed again", bad, to))
	}
	return nil, nil
}

type corruptError struct{ file, why string }

func (e *corruptError) Error() string {
	return fmt.Sprintf("cell %s is corrupt: %s", e.file, e.why)
}

func (s *Store) read(key string) ([]byte, error) {
	file := s.cell(key)
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	bad := func(format string, a ...any) ([]byte, error) {
		return nil, &corruptError{file, fmt.Sprintf(format, a...)}
	}
	if len(b) < headerSize+sha256.Size {
		return bad("it has %d bytes, want at least %d", len(b), headerSize+sha256.Size)
	}
	head, body, sum := b[:headerSize], b[headerSize:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	want := sha256.Sum256(b[:len(b)-sha256.Size])
	if !bytes.Equal(sum, want[:]) {
		return bad("its checksum does not match")
	}
	if !bytes.Equal(head, header(key, len(body))) {
		return bad("its header does not belong to it")
	}
	return body, nil
}

func header(key string, n int) []byte { return fmt.Appendf(nil, "%s%s %020d\n", cellMagic, key, n) }

// Put commits a cell. It reports whether this call stored it; where the cell is
// there already, payloads are compared and ErrDiffers is returned if they are
// not the same, with the new one in quarantine.
func (s *Store) Put(key string, payload []byte) (stored bool, err error) {
	file := s.cell(key)
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return false, full(err)
	}
	b := append(header(key, len(payload)), payload...)
	sum := sha256.Sum256(b)
	b = append(b, sum[:]...)
	tmp, err := writeTemp(dir, key[:8], b)
	if err != nil {
		return false, full(err)
	}
	for range 3 {
		if err = place(tmp, file); !errors.Is(err, fs.ErrExist) {
			break
		}
		old, rerr := s.read(key)
		var bad *corruptError
		switch {
		case rerr == nil && bytes.Equal(old, payload):
			return false, os.Remove(tmp)
		case rerr == nil:
			to, qerr := s.quarantine(tmp)
			if qerr != nil {
				return false, qerr
			}
			return false, fmt.Errorf("experiments: cell %s: %w; the first stays, the second is %s", key, ErrDiffers, to)
		case errors.As(rerr, &bad):
			// Once it is out of the way, another process may come first again.
			if _, err := s.quarantine(file); err != nil {
				return false, err
			}
		case !errors.Is(rerr, fs.ErrNotExist): // another process moved it away: try again
			return false, errors.Join(full(rerr), os.Remove(tmp))
		}
	}
	if rerr := os.Remove(tmp); err == nil && !errors.Is(rerr, fs.ErrNotExist) {
		err = rerr
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return false, full(err)
	}
	return true, nil
}

// link is os.Link, but for tests of file systems without links.
var link = os.Link

// place gives the finished file tmp its name unless the name is taken: the first
// one wins, and the error is fs.ErrExist. Link, unlike rename, decides that in one
// step. Where a file system has no links (exFAT, some network shares), two that
// come in the same moment may both be told that they are the first; what stands
// there is whole all the same, and equal unless the cell is in doubt.
func place(tmp, file string) error {
	err := link(tmp, file)
	if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) || noSpace(err) != err {
		return err
	}
	if exists(file) {
		return fs.ErrExist
	}
	return os.Rename(tmp, file)
}

// writeTemp writes b to a new file in dir and waits until the disk has it.
func writeTemp(dir, prefix string, b []byte) (string, error) {
	f, err := os.CreateTemp(dir, "."+prefix+"-*.tmp")
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	// Some network file systems cannot sync a directory; the data itself is safe.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// full says what to do about a full disk.
func full(err error) error {
	if said := noSpace(err); said != err {
		return said
	}
	return fmt.Errorf("experiments: store: %w", err)
}

// noSpace is full for errors that name their package already.
func noSpace(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("experiments: the disk is full: %w; nothing that was stored is lost: free some space and run the same command again", err)
	}
	return err
}

// quarantine moves a file to a name of its own under quarantine/.
func (s *Store) quarantine(file string) (string, error) {
	dir := filepath.Join(s.Dir, "quarantine")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", full(err)
	}
	to := filepath.Join(dir, strings.TrimPrefix(filepath.Base(file), ".")+"."+random())
	if err := os.Rename(file, to); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return to, nil // another process was faster
		}
		return "", full(err)
	}
	return to, nil
}

// random names a file that no other process makes; it never enters a result.
func random() string {
	b := make([]byte, 4)
	rand.Read(b)
	return hex.EncodeToString(b)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// sweep removes what killed writers left behind. Files of live writers are
// younger than an hour and stay.
func (s *Store) sweep(old func(fs.FileInfo) bool) {
	tmps, _ := filepath.Glob(filepath.Join(s.Dir, "cells", "*", ".*.tmp"))
	for _, t := range tmps {
		if i, err := os.Stat(t); err == nil && old(i) {
			os.Remove(t)
		}
	}
}

// Keys lists the keys of all cells in the store, in order.
func (s *Store) Keys() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(s.Dir, "cells", "*", "*.cell"))
	if err != nil {
		return nil, fmt.Errorf("experiments: store: %w", err)
	}
	keys := make([]string, 0, len(files))
	for _, f := range files {
		k := strings.TrimSuffix(filepath.Base(f), ".cell")
		if _, err := hex.DecodeString(k); err == nil && len(k) == 64 {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// keyOf hashes named fields, each with its length, so that no two different
// lists give the same bytes.
func keyOf(fields ...string) string {
	h := sha256.New()
	for _, f := range append([]string{"assay cell 1"}, fields...) {
		h.Write([]byte(strconv.Itoa(len(f)) + ":"))
		h.Write([]byte(f))
	}
	return hex.EncodeToString(h.Sum(nil))
}
