package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/cwriter"
	"github.com/vbauerster/mpb/v8/decor"

	"assay/train"
)

// trainProgress shows a training: a bar on a terminal, a line every ten seconds
// elsewhere; in both, lines that stay.
type trainProgress struct {
	w     io.Writer
	bars  *mpb.Progress // nil without a terminal
	bar   *mpb.Bar
	state atomic.Value // string, what the bar says
	last  time.Time
	speed float64
}

func newTrainProgress(w io.Writer, quiet bool) *trainProgress {
	t := &trainProgress{w: w, last: time.Now()}
	if !quiet && cwriter.New(w).IsTerminal() {
		t.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
		t.w = t.bars
	}
	return t
}

// line prints a line that stays, above the bar.
func (t *trainProgress) line(format string, a ...any) { fmt.Fprintf(t.w, format+"\n", a...) }

func (t *trainProgress) progress(p train.Progress) {
	t.speed = p.ImagesPerSecond
	s := fmt.Sprintf("epoch %d/%d, batch %d/%d: loss %.3f, %.0f images/s, %v left", p.Epoch, p.Epochs, p.Batch, p.Batches, p.Loss, p.ImagesPerSecond, p.ETA.Round(time.Second))
	if t.bars == nil {
		if now := time.Now(); now.Sub(t.last) >= 10*time.Second {
			t.last = now
			t.line("%s", s)
		}
		return
	}
	t.state.Store(s)
	if t.bar == nil {
		t.bar = t.bars.AddBar(int64(p.Epochs)*int64(p.Batches), mpb.BarRemoveOnComplete(),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { s, _ := t.state.Load().(string); return " " + s })))
	}
	t.bar.SetCurrent(int64(p.Epoch-1)*int64(p.Batches) + int64(p.Batch))
}

func (t *trainProgress) epoch(n int, e train.Epoch) {
	t.line("epoch %d: loss %.3f, accuracy %.2f %% training, %.2f %% test, learning rate %.4g, %.0f images/s", n, e.Loss, 100*e.TrainAccuracy, 100*e.TestAccuracy, e.LR, t.speed)
}

// stop takes the bar away.
func (t *trainProgress) stop() {
	if t.bars == nil {
		return
	}
	if t.bar != nil {
		t.bar.Abort(true)
	}
	t.bars.Wait()
}
