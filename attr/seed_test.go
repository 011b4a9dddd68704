package attr

import "flag"

// Property tests draw the same cases every time, so that a failure is one for
// everybody; -rapid.seed=0 draws others.
func init() {
	if err := flag.Set("rapid.seed", "20261123"); err != nil {
		panic(err)
	}
}
