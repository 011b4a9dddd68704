package train

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"assay/model"
	"assay/train/dataset"
)

// Predict returns for each of the images, given by their index in d, the class
// with the largest logit (the first of equals). images nil means all of d.
// workers is the number of goroutines, 0 that of the cores; the answer does not
// depend on it. A logit that is not finite is an error, as is the end of ctx.
func Predict(ctx context.Context, m *model.Model, d *dataset.Dataset, images []int, workers int) ([]int, error) {
	n := d.Len()
	if images != nil {
		n = len(images)
	}
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	const block = 16 * model.Lanes
	workers = min(workers, (n+block-1)/block)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	classes := make([]int, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			w := m.Worker()
			for {
				from := int(next.Add(block)) - block
				if from >= n {
					return
				}
				err := w.Logits(ctx, min(block, n-from), func(i int, x []float32) {
					i += from
					if images != nil {
						i = images[i]
					}
					d.Normalize(i, x)
				}, func(i int, logits []float32) {
					classes[from+i] = argmax(logits)
				})
				if err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return classes, context.Cause(ctx)
}

func argmax(v []float32) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}

// accuracy returns the share of the images (nil: all of d) that are classified
// as labelled, 0..1.
func accuracy(ctx context.Context, m *model.Model, d *dataset.Dataset, images []int, workers int) (float64, error) {
	classes, err := Predict(ctx, m, d, images, workers)
	if err != nil {
		return 0, err
	}
	hits := 0
	for i, c := range classes {
		if images != nil {
			i = images[i]
		}
		if c == d.Labels[i] {
			hits++
		}
	}
	return float64(hits) / float64(len(classes)), nil
}
