package experiments

// version is raised with every release. It is a constant, not what the build
// knows of commits, so that reports are the same however assay was built.
const version = "0.2.0"

// Version returns the version that reports name.
func Version() string { return version }
