package experiments

import (
	"fmt"
	"strconv"
	"strings"
)

// Shard is one of N parts of a run's tasks; the zero value is all of them. The
// shards of a run may share a directory, at the same time or one after another.
type Shard struct{ I, N int }

// ParseShard reads "i/n", with i from 0 to n-1.
func ParseShard(s string) (Shard, error) {
	a, b, ok := strings.Cut(s, "/")
	i, err1 := strconv.Atoi(a)
	n, err2 := strconv.Atoi(b)
	if !ok || err1 != nil || err2 != nil || n < 1 || i < 0 || i >= n {
		return Shard{}, fmt.Errorf("shard %q, want i/n with i from 0 to n-1, like 0/4", s)
	}
	return Shard{i, n}, nil
}

// Part tells whether the shard is less than the whole.
func (s Shard) Part() bool { return s.N > 1 }

func (s Shard) has(task int) bool { return s.N <= 1 || task%s.N == s.I }
