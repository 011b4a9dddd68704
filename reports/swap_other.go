//go:build !linux

package reports

import "os"

// swap puts the directory tmp in dir's place and removes what was there.
func swap(tmp, dir string) error {
	if _, err := os.Lstat(dir); err != nil {
		return os.Rename(tmp, dir)
	}
	return swapInTwo(tmp, dir)
}
