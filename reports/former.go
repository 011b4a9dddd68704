package reports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// former returns the files of the report that dir holds; nil where there is
// none yet.
func former(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, sums))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reports: %s holds files but no report (no %s): want a new or empty directory", dir, sums)
	}
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	files := []string{sums}
	for line := range strings.Lines(string(text)) {
		if _, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			files = append(files, name)
		}
	}
	return files, nil
}

// keep links files that no report wrote from the former directory into the new
// one, unless the new report has a file of that name.
func keep(dir, tmp string, old []string) error {
	if old == nil {
		return nil
	}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // another process has put its report there
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || slices.Contains(old, filepath.ToSlash(name)) {
			return err
		}
		to := filepath.Join(tmp, name)
		if _, err := os.Lstat(to); err == nil {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if os.Link(path, to) == nil {
			return nil
		}
		if err := duplicate(path, to); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reports: keeping the files beside the former report: %w", err)
	}
	return nil
}

// duplicate copies where the file system has no links.
func duplicate(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
