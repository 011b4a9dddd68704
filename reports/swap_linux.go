package reports

import (
	"os"

	"golang.org/x/sys/unix"
)

// exchange puts the directory tmp in dir's place, which exists, and removes what
// was there. Linux exchanges the two names in one step; file systems that cannot
// (NFS) get two.
func exchange(tmp, dir string) error {
	if unix.Renameat2(unix.AT_FDCWD, tmp, unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE) == nil {
		return os.RemoveAll(tmp)
	}
	return exchangeInTwo(tmp, dir)
}
