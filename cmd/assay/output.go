package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// canWrite reports that the file a flag names cannot be written, before anything
// is computed for it.
func canWrite(flag, file string) error {
	switch st, err := os.Stat(file); {
	case err == nil && st.IsDir():
		return usagef("%s %s is a directory, want the name of a file", flag, file)
	case err == nil && !st.Mode().IsRegular():
		// A file is written under another name first and put in the place of what is there.
		return usagef("%s %s is no regular file, which it would be replaced by", flag, file)
	}
	dir := filepath.Dir(file)
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usagef("%s %s: there is no directory %s", flag, file, dir)
	case err != nil:
		return usagef("%s: %w", flag, err)
	case !st.IsDir():
		return usagef("%s %s: %s is not a directory", flag, file, dir)
	}
	if _, err := os.Lstat(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usagef("%s: %w", flag, err)
	}
	return probe(flag, file, dir)
}

// canMake reports that the directory a flag names is none and cannot be made.
func canMake(flag, dir string) error {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		st, err := os.Stat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at):
			continue
		case err != nil && !errors.Is(err, syscall.ENOTDIR):
			return usagef("%s: %w", flag, err)
		case err != nil:
			continue // a file stands further up
		case !st.IsDir():
			return usagef("%s %s: %s is a file, want a directory", flag, dir, at)
		}
		return probe(flag, dir, at)
	}
}

// probe reports that nothing can be written to the directory, which what the flag
// names goes into.
func probe(flag, name, dir string) error {
	f, err := os.CreateTemp(dir, ".assay-")
	var why *fs.PathError // its path is none the user knows
	if errors.As(err, &why) {
		err = why.Err
	}
	if err != nil {
		return usagef("%s %s: nothing can be written to %s: %w", flag, name, dir, err)
	}
	f.Close()
	return os.Remove(f.Name())
}

// counted is a number of things: 1 map, 2 maps.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
