package dataset

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel calls f for 0..n-1 on all cores. f must write only what belongs to
// its index, so the result does not depend on the order. It returns the error
// of the lowest index that failed.
func parallel(n int, f func(i int) error) error {
	var (
		next  atomic.Int64
		mu    sync.Mutex
		first = n
		err   error
		wg    sync.WaitGroup
	)
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if e := f(i); e != nil {
					mu.Lock()
					if i < first {
						first, err = i, e
					}
					mu.Unlock()
					next.Store(int64(n)) // lower indices are already taken
				}
			}
		})
	}
	wg.Wait()
	return err
}
