package reports

import "os"

// swapInTwo moves the old directory away and the new one into its place. A
// crash between the two leaves no report, but both whole ones under other
// names.
func swapInTwo(tmp, dir string) error {
	away := tmp + "-old"
	if err := os.Rename(dir, away); err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		// Better the old report than none.
		if back := os.Rename(away, dir); back != nil {
			return back
		}
		return err
	}
	return os.RemoveAll(away)
}
