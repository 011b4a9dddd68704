package model

import (
	"context"
	"fmt"
)

// Block is the inputs of Lanes points that run side by side, in the layout that
// the network reads: value j of lane l is x[j*Lanes+l]. What is written into it
// has to run before anything else runs on its worker.
type Block struct {
	p       *pass
	classes int
	size    int
	x       []float32
}

// Block returns the inputs of w's passes forward, to be written and run time
// after time.
func (w *Worker) Block() *Block {
	p := w.pass(forward)
	return &Block{p, w.m.net.Classes(), w.m.net.Input.Size(), p.leaf["x"]}
}

// Select composes inputs of two images: in lane l, from lane first to the last,
// value j is x[j] if bit l of present[of[j]] is set, else base[j]. Lanes before
// first stay as they are, so that a block of several images is written in
// ascending order of lanes. x, base and of have the input's size.
func (b *Block) Select(first int, of []int32, present []uint32, x, base []float32) {
	b.check(first, len(of), len(x), len(base))
	b.p.k.Select16(b.size, &of[0], &present[0], &x[0], &base[0], &b.x[0], 1<<first-1)
}

// Fade composes inputs of shares: value j of lane l is base[j] +
// share[of[j]*Lanes+l]*diff[j], product and sum rounded each. Lanes and sizes are
// as in Select.
func (b *Block) Fade(first int, of []int32, share, diff, base []float32) {
	b.check(first, len(of), len(diff), len(base))
	b.p.k.Fade16(b.size, &of[0], &share[0], &diff[0], &base[0], &b.x[0], 1<<first-1)
}

func (b *Block) check(first int, sizes ...int) {
	if first < 0 || first >= Lanes {
		panic(fmt.Sprintf("model: lane %d, want 0 to %d", first, Lanes-1))
	}
	for _, n := range sizes {
		if n != b.size {
			panic(fmt.Sprintf("model: a block's input has %d values, want %d", n, b.size))
		}
	}
}

// Run evaluates the inputs of the first count lanes, forward only, and calls fold
// for each in order; logits are valid during the call. A lane's logits have the
// bits that Worker.Logits gives for its input. It returns ctx's error, and an
// error where a logit or an activation before it is not finite.
func (b *Block) Run(ctx context.Context, count int, fold func(lane int, logits []float32)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.p.run()
	b.p.store(b.classes, b.p.out[0], b.p.logits)
	for l := range count {
		if err := b.p.finite(l, l, Result{Logits: b.p.logits.row(l)}); err != nil {
			return err
		}
		fold(l, b.p.logits.row(l))
	}
	return nil
}

// Interleave writes Lanes rows of n values, ld apart, in the layout of a block:
// dst[j*Lanes+l] = rows[l*ld+j].
func Interleave(n int, rows []float32, ld int, dst []float32) {
	if n < 0 || len(rows) < (Lanes-1)*ld+n || len(dst) < Lanes*n {
		panic("model: rows or lanes are too short")
	}
	whole := n &^ 3
	if whole > 0 {
		set().Lanes16(whole, &rows[0], ld, &dst[0])
	}
	for j := whole; j < n; j++ {
		for l := range Lanes {
			dst[j*Lanes+l] = rows[l*ld+j]
		}
	}
}
