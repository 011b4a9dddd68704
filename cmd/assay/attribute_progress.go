package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// attributeProgress returns a function to call after each image, and one to call
// at the end: a bar on a terminal, elsewhere a line every ten seconds.
func attributeProgress(w io.Writer, method string, n int) (tick, end func()) {
	if file, is := w.(*os.File); is && isTerminal(file) {
		p := mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
		bar := p.AddBar(int64(n), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(method+" "), decor.CountersNoUnit("%d of %d images")),
			mpb.AppendDecorators(decor.AverageETA(decor.ET_STYLE_GO)))
		return bar.Increment, func() {
			bar.Abort(true) // no effect on a complete bar
			p.Wait()
		}
	}
	start, done := time.Now(), 0
	told := start
	return func() {
		done++
		now := time.Now()
		if done == n || now.Sub(told) < 10*time.Second {
			return
		}
		told = now
		left := time.Duration(float64(now.Sub(start)) / float64(done) * float64(n-done))
		fmt.Fprintf(w, "%s: %d of %d images, %v left\n", method, done, n, left.Round(time.Second))
	}, func() {}
}
