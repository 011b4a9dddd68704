package attr

// ranks finds values by their rank among many, of keys that are the bits of
// floats that are not negative, infinite for those that do not count. They are
// sorted as far as needed: into buckets by the upper bits of the key once, and by
// all bits within the buckets that are asked for.
type ranks struct {
	keys   []uint32
	moving int // how many are not infinite

	from [rankBuckets + 1]int32 // how many are in lower buckets
	bin  []uint32               // the keys of a bucket
}

// A bucket is an exponent and the upper three bits of the fraction: a few in a
// hundred of the values at most, unless they are alike.
const (
	rankShift   = 20
	rankBuckets = 1 << (31 - rankShift)
)

func newRanks(n int) ranks { return ranks{keys: make([]uint32, n), bin: make([]uint32, n+1)} }

// sort counts the keys by bucket.
func (r *ranks) sort() {
	clear(r.from[:])
	for _, key := range r.keys {
		r.from[(key>>rankShift&(rankBuckets-1))+1]++
	}
	total := int32(0)
	for i, n := range r.from {
		total += n
		r.from[i] = total
	}
	r.moving = int(r.from[infinite>>rankShift])
}

// key returns the key of a rank below moving, 0 the least.
func (r *ranks) key(rank int) uint32 {
	// The last bucket that starts at the rank or below.
	lo, hi := 0, rankBuckets
	for lo+1 < hi {
		if mid := (lo + hi) / 2; int(r.from[mid]) <= rank {
			lo = mid
		} else {
			hi = mid
		}
	}
	bin, n := r.bin, 0
	for _, key := range r.keys {
		// Written always, kept if it is of the bucket: no branch.
		bin[n] = key
		n += int((uint64(key>>rankShift^uint32(lo)) - 1) >> 63)
	}
	return smallest(bin[:n], rank-int(r.from[lo]))
}

// smallest returns the key of the given rank, 0 the least, and leaves x in
// another order. It is Hoare's selection with the median of three as pivot.
func smallest(x []uint32, rank int) uint32 {
	lo, hi := 0, len(x)-1
	for lo < hi {
		mid := (lo + hi) / 2
		a, b, c := x[lo], x[mid], x[hi]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case rank <= j:
			hi = j
		case rank >= i:
			lo = i
		default:
			return x[rank]
		}
	}
	return x[rank]
}
