package dataset

// DefaultDir is where `assay data fetch` puts data sets, and where they are
// looked for when no directory is named, relative to the working directory.
const DefaultDir = "data"

// Download is an archive on the web.
type Download struct {
	URL    string
	Size   int64            // bytes
	SHA256 string           // hexadecimal
	Folder string           // the folder in the archive that is unpacked
	Files  map[string]int64 // files that the folder must hold, and their sizes in bytes
}
