package reports

import (
	"fmt"
	"os"
	"path/filepath"
)

// sums lists every file of a report with its SHA-256, in the format of
// sha256sum. It also tells a report from a directory that is none.
const sums = "SHA256SUMS"

// Write builds the report of a run in dir:
//
//	report.html          everything in one file
//	report.md            the same, with figures as files
//	tables/NAME.EXT      txt, md, csv, tex, html (Run.Formats; all if nil, none if empty)
//	tables/scores.csv    every number, one a line
//	figures/NAME.EXT     png, svg, pdf (Run.Figures; all if nil; if empty none, on the pages neither)
//	SHA256SUMS           of the above
//
// The same Run gives the same bytes: nothing holds a date, a host or a path.
// Numbers and tables are the same in every build. Figures are so on every CPU,
// but a build in which the compiler fuses multiply-add (arm64, GOAMD64=v3) may
// draw a line's edge a shade differently, as the drawing libraries leave the
// choice to it.
// The files are written into a directory beside dir, which then takes its
// place, so that dir is never half a report. A former report is replaced;
// files in it that no report wrote are kept. A directory that holds anything
// but a report is refused, and so is a Run that contradicts itself.
func Write(dir string, r *Run) error {
	if err := r.check(); err != nil {
		return err
	}
	if _, err := former(dir); err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(filepath.Clean(dir))+"-*")
	if err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return fmt.Errorf("reports: %w", err)
	}
	if err := r.indexed().build(tmp); err != nil {
		return err
	}
	// Another process may have written a report meanwhile.
	old, err := former(dir)
	if err != nil {
		return err
	}
	if err := keep(dir, tmp, old); err != nil {
		return err
	}
	if err := swap(tmp, dir); err != nil {
		return fmt.Errorf("reports: replacing %s: %w", dir, err)
	}
	return nil
}
