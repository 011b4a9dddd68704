package reports

import (
	"errors"
	"io/fs"
	"os"
)

// swap puts the directory tmp in dir's place and removes what was there. Other
// processes may do the same at the same time, as shards that end together: the
// last one's stays.
func swap(tmp, dir string) error {
	var err error
	for range 100 {
		if _, gone := os.Lstat(dir); gone != nil {
			err = os.Rename(tmp, dir)
		} else {
			err = exchange(tmp, dir)
		}
		// Whoever was there, or not there, a moment ago: look again.
		if err == nil || !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// exchangeInTwo moves the old directory away and the new one into its place. A
// crash between the two leaves no report, but both whole ones under other
// names.
func exchangeInTwo(tmp, dir string) error {
	away := tmp + "-old"
	if err := os.Rename(dir, away); err != nil {
		return err
	}
	err := os.Rename(tmp, dir)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// Better the old report than none.
		if back := os.Rename(away, dir); back != nil {
			return back
		}
		return err
	}
	return errors.Join(err, os.RemoveAll(away))
}
