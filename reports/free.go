package reports

// Free returns the error of Write for a directory that holds anything but a
// report, nil for one that Write would fill.
func Free(dir string) error {
	_, err := former(dir)
	return err
}
