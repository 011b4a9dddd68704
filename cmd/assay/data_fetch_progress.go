package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"assay/train/dataset"
)

// fetchProgress shows a bar on a terminal and a line every few seconds elsewhere.
func fetchProgress(w io.Writer, name string) (show dataset.Progress, done func()) {
	if f, ok := w.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice != 0 {
			return fetchBar(w, name)
		}
	}
	var p pace
	var last time.Time
	return func(done, total int64, note string) {
		if note != "" {
			fmt.Fprintf(w, "%s: %s\n", name, note)
			return
		}
		speed := p.at(done, total)
		if now := time.Now(); done == total || now.Sub(last) >= 5*time.Second {
			last = now
			fmt.Fprintf(w, "%s: %.1f of %.1f MB (%d %%)%s\n", name, float64(done)/1e6, float64(total)/1e6, 100*done/max(total, 1), speed)
		}
	}, func() {}
}

// pace measures a download from the first byte of this command: what was here
// already is no speed.
type pace struct {
	start time.Time
	first int64
}

// at returns ", 1.2 MB/s, 30s left", or nothing where it cannot be said.
func (p *pace) at(done, total int64) string {
	if p.start.IsZero() || done < p.first {
		p.start, p.first = time.Now(), done
	}
	rate := float64(done-p.first) / time.Since(p.start).Seconds()
	if !(rate > 0) || done >= total {
		return ""
	}
	left := time.Duration(float64(total-done) / rate * float64(time.Second))
	return fmt.Sprintf(", %.1f MB/s, %v left", rate/1e6, left.Round(time.Second))
}

func fetchBar(w io.Writer, name string) (show dataset.Progress, done func()) {
	var speed atomic.Value // string; the bar is drawn by another goroutine
	speed.Store("")
	p := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	bar := p.AddBar(0,
		mpb.PrependDecorators(decor.Name(name+" "), decor.CountersKiloByte("% .1f of % .1f")),
		mpb.AppendDecorators(decor.Percentage(), decor.Any(func(decor.Statistics) string { return speed.Load().(string) })))
	var rate pace
	return func(done, total int64, note string) {
			if note != "" {
				fmt.Fprintf(p, "%s: %s\n", name, note)
				return
			}
			speed.Store(rate.at(done, total))
			bar.SetTotal(total, false)
			bar.SetCurrent(done)
		}, func() {
			bar.Abort(false) // leaves the last state on the screen
			p.Wait()
		}
}
