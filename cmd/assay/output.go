package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
		return usagef("%s %s: %w", flag, file, err)
	case !st.IsDir():
		return usagef("%s %s: %s is not a directory", flag, file, dir)
	}
	probe, err := os.CreateTemp(dir, ".assay-")
	var why *fs.PathError // its path is none the user knows
	if errors.As(err, &why) {
		err = why.Err
	}
	if err != nil {
		return usagef("%s %s: nothing can be written to %s: %w", flag, file, dir, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}
