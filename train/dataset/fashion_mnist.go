package dataset

import (
	"fmt"

	"assay/model"
)

// debianFashionMNIST is where Debian's package dataset-fashion-mnist puts the files.
const debianFashionMNIST = "/usr/share/datasets/fashion-mnist"

var fashionClasses = []string{"T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}

// openFashionMNIST reads the IDX files from dir, or from Debian's package.
func openFashionMNIST(o Options) (*Dataset, error) {
	dir, prefix := o.Dir, "t10k"
	if dir == "" {
		dir = debianFashionMNIST
	}
	if o.Split == "train" {
		prefix = "train"
	}
	var files [2]string
	for k, name := range []string{prefix + "-images-idx3-ubyte", prefix + "-labels-idx1-ubyte"} {
		p, err := findIDX(dir, name)
		if err != nil {
			return nil, fmt.Errorf("%w; name the directory of the four IDX files (on Debian: apt install dataset-fashion-mnist)", err)
		}
		files[k] = p
	}
	shape, pixels, err := readIDXFile(files[0], 3)
	if err != nil {
		return nil, err
	}
	if shape[1] != 28 || shape[2] != 28 {
		return nil, fmt.Errorf("%s: byte 8: images of %dx%d, want 28x28", files[0], shape[1], shape[2])
	}
	count, raw, err := readIDXFile(files[1], 1)
	if err != nil {
		return nil, err
	}
	if count[0] != shape[0] {
		return nil, fmt.Errorf("%s: byte 4: %d labels, want %d as %s has images", files[1], count[0], shape[0], files[0])
	}
	labels := make([]int, len(raw))
	for i, l := range raw {
		if int(l) >= len(fashionClasses) {
			return nil, fmt.Errorf("%s: record %d (byte %d): label %d, want 0 to %d; the file is damaged or not Fashion-MNIST", files[1], i, 8+i, l, len(fashionClasses)-1)
		}
		labels[i] = int(l)
	}
	return &Dataset{
		Shape:   model.Shape{C: 1, H: 28, W: 28},
		Classes: fashionClasses,
		Pixels:  pixels,
		Labels:  labels,
	}, nil
}
