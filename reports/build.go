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
	"sync"
)

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
