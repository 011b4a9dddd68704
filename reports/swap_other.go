//go:build !linux

package reports

// exchange puts the directory tmp in dir's place, which exists, and removes what
// was there.
func exchange(tmp, dir string) error { return exchangeInTwo(tmp, dir) }
