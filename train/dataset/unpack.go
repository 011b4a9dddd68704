package dataset

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// maxUnpacked bounds what an archive may unpack to, 2 GiB.
const maxUnpacked = 2 << 30

// unpack extracts the regular files of folder out of a .tar.gz into dir/folder.
// They are written beside it and renamed together once check is content, so an
// interrupted unpacking leaves nothing behind that looks complete. Names that
// lead elsewhere, and links, are refused.
func unpack(ctx context.Context, archive, dir, folder string, check func(folder string) error) (err error) {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: gzip: %w", archive, err)
	}
	temp, err := os.MkdirTemp(dir, "."+folder+"-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	t := tar.NewReader(z)
	var total int64
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		name := path.Clean(h.Name)
		if !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(h.Name, `\`) {
			return fmt.Errorf("%s: the entry %q leads out of the archive; refused", archive, h.Name)
		}
		base, inside := strings.CutPrefix(name, folder+"/")
		switch {
		case h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader || !inside:
			continue
		case h.Typeflag != tar.TypeReg || strings.Contains(base, "/"):
			return fmt.Errorf("%s: the entry %q (type %q) is not a plain file of %s; refused", archive, h.Name, h.Typeflag, folder)
		}
		if total += h.Size; total > maxUnpacked {
			return fmt.Errorf("%s: unpacks to more than %d bytes; refused", archive, maxUnpacked)
		}
		if err := extract(filepath.Join(temp, base), t); err != nil {
			return fmt.Errorf("%s: %s: %w", archive, h.Name, err)
		}
	}
	if err := check(temp); err != nil {
		return fmt.Errorf("%s: unpacked: %w", archive, err)
	}
	return os.Rename(temp, filepath.Join(dir, folder))
}

func extract(file string, r io.Reader) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
