package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"time"
)

// DefaultDir is where `assay data fetch` puts data sets, and where they are
// looked for when no directory is named, relative to the working directory.
const DefaultDir = "data"

// Download is an archive (.tar.gz) on the web.
type Download struct {
	URL    string
	Size   int64            // bytes
	SHA256 string           // hexadecimal
	Folder string           // the folder in the archive that is unpacked
	Files  map[string]int64 // files that the folder must hold, and their sizes in bytes
}

// Progress is told how a download goes on: the bytes here and in all, and, at
// turns worth a line, what happened ("connection lost, trying again in 2s").
type Progress func(done, total int64, note string)

const (
	fetchAttempts = 6                // in a row without a byte gained
	fetchStall    = 30 * time.Second // without a byte before a connection is given up
)

// fetcher is one download; its fields are what tests change.
type fetcher struct {
	Download
	part     string // the unfinished archive
	progress Progress
	pause    time.Duration // before the second attempt, doubled after each
	stall    time.Duration
}

// Fetch downloads the archive into dir, checks its SHA-256, unpacks the folder
// and returns the folder's path. A complete folder is left as it is, without
// asking the network. An interrupted download (even by Ctrl-C or a crash) goes
// on where it stopped; lost connections are tried again. Nothing appears under
// the folder's name before all of it is there. progress may be nil.
func Fetch(ctx context.Context, d Download, dir string, progress Progress) (string, error) {
	if progress == nil {
		progress = func(int64, int64, string) {}
	}
	f := &fetcher{d, filepath.Join(dir, path.Base(d.Folder)+".tar.gz.part"), progress, time.Second, fetchStall}
	folder, err := f.fetch(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("dataset: fetch: %w", err)
	}
	return folder, nil
}

func (f *fetcher) fetch(ctx context.Context, dir string) (string, error) {
	folder := filepath.Join(dir, f.Folder)
	if _, err := os.Lstat(folder); err == nil {
		if err := f.complete(folder); err != nil {
			return "", fmt.Errorf("%s exists but is not complete: %w; remove or rename it, then fetch again", folder, err)
		}
		f.progress(f.Size, f.Size, folder+" is already complete")
		return folder, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := f.download(ctx); err != nil {
		return "", err
	}
	f.progress(f.Size, f.Size, "SHA-256 is right; unpacking")
	if err := unpack(ctx, f.part, dir, f.Folder, f.complete); err != nil {
		return "", err
	}
	return folder, errors.Join(os.Remove(f.part), os.RemoveAll(f.tag()))
}

// complete checks the sizes of the folder's files.
func (f *fetcher) complete(folder string) error {
	for name, want := range f.Files {
		st, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		if st.Size() != want {
			return fmt.Errorf("%s has %d bytes, want %d", filepath.Join(folder, name), st.Size(), want)
		}
	}
	return nil
}

// tag is the file beside the part that holds the server's name for the version
// being downloaded.
func (f *fetcher) tag() string { return f.part + ".etag" }

// download brings the part to its full size and checks it.
func (f *fetcher) download(ctx context.Context) error {
	pause, idle, wrong := f.pause, 0, false
	best := f.have() // more than ever is progress; regaining what was dropped is not
	for {
		before := f.have()
		if before == f.Size {
			err := f.verify()
			if err == nil {
				return nil
			}
			if rm := f.discard(); rm != nil {
				return errors.Join(err, rm)
			}
			// The part may have been begun by another version of the file; a
			// second whole download that is wrong as well is the server's.
			if wrong {
				return err
			}
			wrong = true
			f.progress(0, f.Size, err.Error()+"; starting over")
		}
		err := f.attempt(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted after %d of %d bytes; the same command goes on from there: %w", f.have(), f.Size, context.Cause(ctx))
		}
		if err == nil {
			continue
		}
		var final *finalError
		if errors.As(err, &final) {
			return err
		}
		if f.have() > best {
			best, pause, idle = f.have(), f.pause, 0
		}
		if idle++; idle >= fetchAttempts {
			return fmt.Errorf("%s: gave up after %d attempts: %w; %d of %d bytes are here, the same command goes on from there", f.URL, idle, err, f.have(), f.Size)
		}
		// The jitter keeps many machines from returning at the same moment; it
		// touches no result.
		wait := pause + rand.N(pause/4+1)
		f.progress(f.have(), f.Size, fmt.Sprintf("%v; trying again in %v", err, wait.Round(time.Second/10)))
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		pause = min(2*pause, 30*time.Second)
	}
}

// finalError is one that trying again would not mend.
type finalError struct{ error }

func (e *finalError) Unwrap() error { return e.error }

func final(format string, a ...any) error { return &finalError{fmt.Errorf(format, a...)} }

// have returns the size of the part.
func (f *fetcher) have() int64 {
	st, err := os.Stat(f.part)
	if err != nil {
		return 0
	}
	return st.Size()
}

func (f *fetcher) discard() error {
	return errors.Join(os.RemoveAll(f.part), os.RemoveAll(f.tag()))
}

func (f *fetcher) verify() error {
	p, err := os.Open(f.part)
	if err != nil {
		return err
	}
	defer p.Close()
	h := sha256.New()
	if _, err := io.Copy(h, p); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != f.SHA256 {
		return fmt.Errorf("%s: SHA-256 is %s, want %s: this is not the published file", f.URL, got, f.SHA256)
	}
	return nil
}
