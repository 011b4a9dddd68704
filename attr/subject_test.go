package attr

import (
	"math/bits"
	"testing"

	"assay/model"

	"pgregory.net/rapid"
)

// Whatever features are turned in which lanes, over several blocks, each lane
// shows what a set kept beside shows.
func TestLanesShowWhatWasTurned(t *testing.T) {
	e := env(t, tiny(model.Shape{C: 1, H: 8, W: 8}), 1)
	in := images(e, 1)
	set, err := newSetting(e, ValuesMask, Baseline{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		s, b := newSubject(set), e.Worker.Block()
		s.take(&in[0])
		shown := make([]bool, s.count())
		for range rapid.IntRange(1, 4).Draw(r, "blocks") {
			first := rapid.IntRange(0, model.Lanes-1).Draw(r, "first lane")
			var want [model.Lanes][]bool
			for l := first; l < model.Lanes; l++ {
				switch rapid.IntRange(0, 9).Draw(r, "what") {
				case 0:
					s.all(l, false)
					clear(shown)
				case 1:
					s.all(l, true)
					for f := range shown {
						shown[f] = true
					}
				default:
					f := rapid.IntRange(0, len(shown)-1).Draw(r, "feature")
					s.turn(f, l)
					shown[f] = !shown[f]
				}
				want[l] = append([]bool{}, shown...)
			}
			for l := first; l < model.Lanes; l++ {
				for f, on := range want[l] {
					if s.lanes[f]>>l&1 == 1 != on {
						r.Fatalf("lane %d feature %d: shown is not %v", l, f, on)
					}
				}
			}
			s.show(b, first)
		}
	})
}

// Sets by lane, turned over, are lanes by feature.
func TestSetsInLanes(t *testing.T) {
	for _, shape := range []model.Shape{{C: 1, H: 3, W: 3}, {C: 1, H: 8, W: 8}, {C: 1, H: 13, W: 7}, {C: 2, H: 8, W: 8}} {
		e := env(t, &model.Net{Input: shape, Layers: []model.Layer{{Kind: "flatten"}, {Kind: "linear", Out: 3}}}, 1)
		set, err := newSetting(e, ValuesMask, Baseline{})
		if err != nil {
			t.Fatal(err)
		}
		s := newSubject(set)
		s.take(&images(e, 1)[0])
		words := (s.count() + 63) / 64
		sets := make([]uint64, model.Lanes*words)
		var c coalition
		c.start(s.count(), 1, "sets", 0)
		for l := range model.Lanes {
			c.toss()
			copy(sets[l*words:], c.present)
		}
		s.showSets(e.Worker.Block(), 0, sets, words)
		for f, lanes := range s.lanes {
			for l := range model.Lanes {
				if got, want := uint64(lanes)>>l&1, sets[l*words+f/64]>>(f%64)&1; got != want {
					t.Fatalf("%v: feature %d in lane %d is %d, want %d", shape, f, l, got, want)
				}
			}
		}
	}
}

// The counts of samples that show both of two features, over blocks of any size.
func TestPairCounts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(r, "features")
		var p pairCounts
		p.reset(n)
		want := make([]int, n*n)
		for range rapid.IntRange(0, 20).Draw(r, "blocks") {
			from := rapid.IntRange(0, 15).Draw(r, "from")
			to := rapid.IntRange(from+1, 16).Draw(r, "to")
			lanes := make([]uint32, n)
			for f := range lanes {
				lanes[f] = rapid.Uint32().Draw(r, "lanes")
			}
			p.add(lanes, from, to)
			for i := range n {
				for j := range i + 1 {
					want[i*n+j] += bits.OnesCount32(lanes[i] & lanes[j] >> from << from & (1<<to - 1))
				}
			}
		}
		var m symmetric
		p.counts(&m)
		for i := range n {
			for j := range i + 1 {
				if got := m.a[i*n+j]; got != float64(want[i*n+j]) {
					r.Fatalf("features %d and %d: %v samples, want %d", i, j, got, want[i*n+j])
				}
			}
		}
	})
}
