// Package rng names every random draw by what it is for.
//
// A stream is the ChaCha8 generator whose 32-byte seed is the SHA-256 of the
// run's seed, a purpose and up to two indices (of the image in its data set,
// of the sample). Nothing else enters: not the batch, the worker, the order or
// the method. So the first k noise samples of nt_samples=100 are the samples
// of nt_samples=k, every method sees the same noise, and a resumed or sharded
// run draws what the whole run would have drawn.
package rng

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// Stream is one named sequence of random numbers. It is not safe for
// concurrent use; make one per goroutine, they cost a hash.
type Stream struct {
	src *rand.ChaCha8
}

// New returns the stream for a purpose ("noise", "shuffle", "init/conv1.weight")
// of the run with the given seed. index holds what distinguishes draws of one
// purpose: the image's index in its data set, then the sample's.
func New(seed uint64, purpose string, index ...int) *Stream {
	s := &Stream{}
	s.Reset(seed, purpose, index...)
	return s
}

// Reset makes s the stream that New would return, reusing its memory.
func (s *Stream) Reset(seed uint64, purpose string, index ...int) {
	b := make([]byte, 0, 128)
	b = binary.LittleEndian.AppendUint64(b, seed)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(purpose)))
	b = append(b, purpose...)
	for _, i := range index {
		b = binary.LittleEndian.AppendUint64(b, uint64(int64(i)))
	}
	key := sha256.Sum256(b)
	if s.src == nil {
		s.src = rand.NewChaCha8(key)
	} else {
		s.src.Seed(key)
	}
}

// Uint64 returns 64 uniform bits.
func (s *Stream) Uint64() uint64 { return s.src.Uint64() }

// Float64 returns a uniform number in [0, 1), a multiple of 2^-53.
func (s *Stream) Float64() float64 { return float64(s.src.Uint64()>>11) * 0x1p-53 }

// IntN returns a uniform integer in [0, n), n > 0.
func (s *Stream) IntN(n int) int {
	if n <= 0 {
		panic("rng: IntN of a non-positive number")
	}
	// Rejection from a multiple of n on keeps every value equally likely. That
	// multiple is one of the last n numbers, so most draws need not know it.
	for {
		v := s.src.Uint64()
		if v < -uint64(n) || v < math.MaxUint64-math.MaxUint64%uint64(n) {
			return int(v % uint64(n))
		}
	}
}

// Perm returns a uniform permutation of 0..n-1 (Fisher-Yates from the end).
func (s *Stream) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}
