package experiments

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Console tells the user how a run gets on: a bar on a terminal, a line now and
// then elsewhere.
type Console struct {
	Log      *slog.Logger
	w        io.Writer
	terminal bool
	quiet    bool

	mu   sync.Mutex
	bars *mpb.Progress // while a bar is shown
}

// NewConsole returns a console that writes to w. A quiet one writes warnings
// alone.
func NewConsole(w io.Writer, terminal, quiet bool) *Console {
	c := &Console{w: w, terminal: terminal, quiet: quiet}
	level := slog.LevelInfo
	if quiet {
		level = slog.LevelWarn
	}
	c.Log = slog.New(slog.NewTextHandler(c, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.LevelKey && a.Value.Any() == slog.LevelInfo || terminal && a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		if a.Key == slog.TimeKey {
			return slog.String(slog.TimeKey, a.Value.Time().Format(time.TimeOnly))
		}
		return a
	}}))
	return c
}

// Write writes lines above the bar, if one is shown.
func (c *Console) Write(b []byte) (int, error) {
	c.mu.Lock()
	bars := c.bars
	c.mu.Unlock()
	if bars != nil {
		return bars.Write(b)
	}
	return c.w.Write(b)
}

// bar is the progress of one piece of work.
type bar struct {
	c       *Console
	name    string
	total   int
	started time.Time

	mu    sync.Mutex
	done  int
	note  string
	told  time.Time
	shown *mpb.Bar
	bars  *mpb.Progress
}

// between is how often a line tells of progress where there is no terminal.
const between = 10 * time.Second

// bar starts to show work of that size, in any unit that time is in proportion to.
func (c *Console) bar(name string, total int) *bar {
	b := &bar{c: c, name: name, total: max(1, total), started: time.Now(), told: time.Now()}
	if c.quiet || !c.terminal {
		return b
	}
	b.bars = mpb.New(mpb.WithOutput(c.w), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond))
	b.shown = b.bars.AddBar(int64(b.total),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(name+" "), decor.Percentage()),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			b.mu.Lock()
			defer b.mu.Unlock()
			return fmt.Sprintf(" %s left  %s", b.left(), b.note)
		})),
	)
	c.mu.Lock()
	c.bars = b.bars
	c.mu.Unlock()
	return b
}

// set says how much is done by now.
func (b *bar) set(done int, note string) {
	b.mu.Lock()
	b.done, b.note = min(done, b.total), note
	line := !b.c.quiet && b.shown == nil && b.done < b.total && time.Since(b.told) >= between
	if line {
		b.told = time.Now()
	}
	percent, left := 100*b.done/b.total, b.left()
	b.mu.Unlock()
	if b.shown != nil {
		b.shown.SetCurrent(int64(done))
	}
	if line {
		what := []any{"done", fmt.Sprintf("%d%%", percent), "left", left}
		if note != "" {
			what = append(what, "now", note)
		}
		b.c.Log.Info(b.name, what...)
	}
}

// left estimates the time to the end; the caller holds mu.
func (b *bar) left() string {
	if b.done == 0 {
		return "?"
	}
	return remaining(time.Since(b.started), b.done, b.total).Round(time.Second).String()
}

// remaining is what is left at the speed so far. In floating point: nanoseconds
// times passes are more than 64 bits hold after some minutes.
func remaining(elapsed time.Duration, done, total int) time.Duration {
	return time.Duration(float64(elapsed) * (float64(total-done) / float64(done)))
}

// stop takes the bar away.
func (b *bar) stop() {
	if b.shown == nil {
		return
	}
	b.shown.Abort(true)
	b.bars.Wait()
	b.c.mu.Lock()
	b.c.bars = nil
	b.c.mu.Unlock()
}
