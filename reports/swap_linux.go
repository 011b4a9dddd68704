package reports

import (
	"os"

	"golang.org/x/sys/unix"
)

// swap puts the directory tmp in dir's place and removes what was there. Linux
// exchanges the two names in one step; file systems that cannot (NFS) get two.
func swap(tmp, dir string) error {
	if _, err := os.Lstat(dir); err != nil {
		return os.Rename(tmp, dir)
	}
	if unix.Renameat2(unix.AT_FDCWD, tmp, unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE) == nil {
		return os.RemoveAll(tmp)
	}
	return swapInTwo(tmp, dir)
}
