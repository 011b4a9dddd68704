package reports

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// sums lists every file of a report with its SHA-256, in the format of
// sha256sum. It also tells a report from a directory that is none.
const sums = "SHA256SUMS"

// Write builds the report of a run in dir:
//
//	report.html          everything in one file
//	report.md            the same, with figures as files
//	tables/NAME.EXT      txt, md, csv, tex, html (Run.Formats; all if nil, none if empty)
//	tables/scores.csv    every number, one a line
//	figures/NAME.EXT     png, svg, pdf (Run.Figures; all if nil; if empty none, on the pages neither)
//	SHA256SUMS           of the above
//
// The same Run gives the same bytes: nothing holds a date, a host or a path.
// Numbers and tables are the same in every build. Figures are so on every CPU,
// but a build in which the compiler fuses multiply-add (arm64, GOAMD64=v3) may
// draw a line's edge a shade differently, as the drawing libraries leave the
// choice to it.
// The files are written into a directory beside dir, which then takes its
// place, so that dir is never half a report. A former report is replaced;
// files in it that no report wrote are kept. A directory that holds anything
// but a report is refused, and so is a Run that contradicts itself.
func Write(dir string, r *Run) error {
	if err := r.check(); err != nil {
		return err
	}
	if _, err := former(dir); err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(filepath.Clean(dir))+"-*")
	if err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	if err := r.indexed().build(tmp); err != nil {
		return err
	}
	// Another process may have written a report meanwhile.
	old, err := former(dir)
	if err != nil {
		return err
	}
	if err := keep(dir, tmp, old); err != nil {
		return err
	}
	if err := swap(tmp, dir); err != nil {
		return fmt.Errorf("reports: replacing %s: %w", dir, err)
	}
	return nil
}

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

// builder writes files below a directory and remembers their hashes.
type builder struct {
	dir  string
	mu   sync.Mutex
	sums map[string]string
}

func (b *builder) write(name string, fill func(w io.Writer) error) error {
	path := filepath.Join(b.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	h := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(f, h), 1<<16)
	err = fill(w)
	if err == nil {
		err = w.Flush()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("reports: writing %s: %w", name, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sums[name] = hex.EncodeToString(h.Sum(nil))
	return nil
}

func (b *builder) bytes(name string, data []byte) error {
	return b.write(name, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// build writes all files of the report below dir.
func (r *Run) build(dir string) error {
	b := &builder{dir: dir, sums: map[string]string{}}
	formats, figures := r.Formats, r.Figures
	if formats == nil {
		formats = []string{"text", "markdown", "csv", "latex", "html"}
	}
	if figures == nil {
		figures = []string{"png", "svg", "pdf"}
	}
	sections := r.sections()
	images, err := b.figures(sections, figures)
	if err != nil {
		return err
	}
	for _, s := range sections {
		for _, it := range s.Items {
			if it.table == nil {
				continue
			}
			for _, f := range formats {
				data, err := it.table.Render(f)
				if err != nil {
					return err
				}
				if err := b.bytes("tables/"+it.table.ID+"."+tableFormats[f], data); err != nil {
					return err
				}
			}
		}
	}
	if err := b.write("tables/scores.csv", r.writeScores); err != nil {
		return err
	}
	page, err := r.html(sections, images)
	if err != nil {
		return err
	}
	if err := b.bytes("report.html", page); err != nil {
		return err
	}
	if page, err = r.markdown(sections, figures); err != nil {
		return err
	}
	if err := b.bytes("report.md", page); err != nil {
		return err
	}
	var names []string
	for n := range b.sums {
		names = append(names, n)
	}
	slices.Sort(names)
	var list bytes.Buffer
	for _, n := range names {
		fmt.Fprintf(&list, "%s  %s\n", b.sums[n], n)
	}
	return b.bytes(sums, list.Bytes())
}

// figures draws all figures, as many at a time as there are processors, and
// returns what the page embeds. A figure's plots remember nothing of each
// other, so the order of drawing leaves no trace.
func (b *builder) figures(sections []section, formats []string) (map[string][]byte, error) {
	var all []*Figure
	for _, s := range sections {
		for _, it := range s.Items {
			if it.figure != nil {
				all = append(all, it.figure)
			}
		}
	}
	embedded := make([][]byte, len(all))
	errs := make([]error, len(all))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), max(1, len(all))) {
		wg.Go(func() {
			for i := range next {
				embedded[i], errs[i] = b.figure(all[i], formats)
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	images := make(map[string][]byte, len(all))
	for i, f := range all {
		images[f.ID] = embedded[i]
	}
	return images, errors.Join(errs...)
}

// figure writes one figure in all formats and returns the one for the page.
func (b *builder) figure(f *Figure, formats []string) ([]byte, error) {
	embed := "svg"
	if f.raster {
		embed = "png"
	}
	var page []byte
	for _, format := range []string{"png", "svg", "pdf"} {
		wanted := slices.Contains(formats, format)
		if !wanted && format != embed {
			continue
		}
		data, err := f.Render(format)
		if err != nil {
			return nil, err
		}
		if format == embed {
			page = data
		}
		if !wanted {
			continue
		}
		if err := b.bytes("figures/"+f.ID+"."+format, data); err != nil {
			return nil, err
		}
	}
	return page, nil
}
