package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assay/model"
)

const (
	maxSide       = 1024     // of a resized image, pixels
	maxFilePixels = 1 << 28  // of an image file before resizing
	maxFolder     = 12 << 30 // bytes of all images of a split
)

// ErrNoSplit says that a data set, sound as it is, has no such split.
var ErrNoSplit = errors.New("no such split")

// openImageFolder reads dir/train and dir/test (or dir/val), each with one
// folder per class; a dir that holds the class folders themselves is a test
// split. Classes are the folders' names in byte order, those of train where it
// exists, so that a class without test images does not shift the others.
//
// As torchvision does, images become RGB whatever they were, transparency is
// dropped, and the camera's orientation tag is ignored. Unlike it, a JPEG's
// colour planes are enlarged by repeating samples, so pixels at colour edges
// can differ from libjpeg's; use PNG where the same bytes matter.
//
// The option masks names a directory with the objects' masks (see readMask).
func openImageFolder(o Options) (*Dataset, error) {
	root, classes, err := imageFolderRoot(o)
	if err != nil {
		return nil, err
	}
	var files []string
	d := &Dataset{Classes: classes}
	for k, c := range classes {
		fs, err := imageFiles(filepath.Join(root, c), 0)
		if err != nil {
			return nil, err
		}
		for range fs {
			d.Labels = append(d.Labels, k)
		}
		files = append(files, fs...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no .png, .jpg or .jpeg file in any class folder", root)
	}
	if o.Masks != "" {
		if _, err := os.ReadDir(o.Masks); err != nil {
			return nil, fmt.Errorf("masks: %w", err)
		}
	}
	first, err := readImage(files[0])
	if err != nil {
		return nil, err
	}
	first = first.resized(o.Size)
	d.Shape = model.Shape{C: 3, H: first.h, W: first.w}
	n := d.Shape.Size()
	if int64(n)*int64(len(files)) > maxFolder {
		return nil, fmt.Errorf("%s: %d images of %v take more than %d GB; set a smaller size", root, len(files), d.Shape, maxFolder>>30)
	}
	d.Pixels = make([]byte, n*len(files))
	area := d.Shape.H * d.Shape.W
	if o.Masks != "" {
		d.Masks = make([]byte, area*len(files))
	}
	return d, parallel(len(files), func(i int) error {
		whole, err := readImage(files[i])
		if err != nil {
			return err
		}
		m := whole.resized(o.Size)
		if m.h != d.Shape.H || m.w != d.Shape.W {
			return fmt.Errorf("%s: %d pixels wide and %d high, want %d by %d as %s; set size to bring all images to one",
				files[i], m.w, m.h, d.Shape.W, d.Shape.H, files[0])
		}
		copy(d.Pixels[i*n:], m.pix)
		if o.Masks == "" {
			return nil
		}
		return readMask(d.Masks[i*area:(i+1)*area], o, files[i], whole)
	})
}

// imageFolderRoot returns the directory of the split's class folders, and the classes.
func imageFolderRoot(o Options) (root string, classes []string, err error) {
	if _, err := os.ReadDir(o.Dir); err != nil {
		return "", nil, err
	}
	dir := func(names ...string) string {
		for _, n := range names {
			p := filepath.Join(o.Dir, n)
			if st, err := os.Stat(p); err == nil && st.IsDir() {
				return p
			}
		}
		return ""
	}
	train, test := dir("train"), dir("test", "val")
	if train == "" && test == "" {
		if o.Split == "train" {
			return "", nil, fmt.Errorf("%w: %s has no folder train; to train, put the class folders into %s and %s",
				ErrNoSplit, o.Dir, filepath.Join(o.Dir, "train"), filepath.Join(o.Dir, "test"))
		}
		classes, err = folders(o.Dir)
		return o.Dir, classes, err
	}
	root = train
	if o.Split == "test" {
		root = test
	}
	if root == "" {
		want := "test or val"
		if o.Split == "train" {
			want = "train"
		}
		return "", nil, fmt.Errorf("%w: %s has no folder %s", ErrNoSplit, o.Dir, want)
	}
	have, err := folders(root)
	if err != nil || train == "" {
		return root, have, err
	}
	if classes, err = folders(train); err != nil {
		return "", nil, err
	}
	for _, c := range have {
		if !slices.Contains(classes, c) {
			return "", nil, fmt.Errorf("%s: class %q is not among the training classes %s", filepath.Join(root, c), c, strings.Join(classes, ", "))
		}
	}
	return root, classes, nil
}

// folders lists the directories in dir, sorted by bytes.
func folders(dir string) ([]string, error) {
	es, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range es {
		if st, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && st.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			out = append(out, e.Name())
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no folders found, want one per class", dir)
	}
	return out, nil
}

// imageFiles lists the images of a class and of the folders below it, a
// folder's files before its subfolders', each sorted by bytes.
func imageFiles(dir string, depth int) ([]string, error) {
	if depth > 16 {
		return nil, fmt.Errorf("%s: more than 16 folders deep; does a link point to a folder above it?", dir)
	}
	es, err := os.ReadDir(dir)
	if os.IsNotExist(err) && depth == 0 {
		return nil, nil // a training class without test images
	} else if err != nil {
		return nil, err
	}
	var files, below []string
	for _, e := range es {
		if strings.HasPrefix(e.Name(), ".") {
			continue // of an editor or a file manager, and maybe a link to nothing
		}
		p := filepath.Join(dir, e.Name())
		st, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if st.IsDir() {
			fs, err := imageFiles(p, depth+1)
			if err != nil {
				return nil, err
			}
			below = append(below, fs...)
			continue
		}
		switch strings.ToLower(filepath.Ext(p)) {
		case ".png", ".jpg", ".jpeg":
			files = append(files, p)
		case ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp":
			// Leaving it out without a word would change the data set.
			return nil, fmt.Errorf("%s: %s files are not read; convert it to PNG", p, filepath.Ext(p))
		}
	}
	return append(files, below...), nil
}

// rgb is a decoded image, planes [3][h][w].
type rgb struct {
	h, w int
	pix  []byte
}

// resized brings the image to side x side pixels, or leaves it if side is 0.
func (p rgb) resized(side int) rgb {
	if side == 0 {
		return p
	}
	return resizeCrop(p, side)
}

// readMask writes 1 into dst where the object of the image is, 0 elsewhere. Its
// mask has the image's path below the directory of masks and the ending .png,
// and its size before it is resized; a pixel of any colour but black is the
// object's. A mask is resized as the image is, and covers a pixel if it covers at
// least half of it.
func readMask(dst []byte, o Options, file string, image rgb) error {
	rel, err := filepath.Rel(o.Dir, file)
	if err != nil {
		return fmt.Errorf("%s: where its mask is: %w", file, err)
	}
	path := filepath.Join(o.Masks, strings.TrimSuffix(rel, filepath.Ext(rel))+".png")
	m, err := readImage(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s has no mask: want %s, or no option masks", file, path)
	} else if err != nil {
		return fmt.Errorf("mask %w", err)
	}
	if m.h != image.h || m.w != image.w {
		return fmt.Errorf("mask %s: %d pixels wide and %d high, want %d by %d as its image %s", path, m.w, m.h, image.w, image.h, file)
	}
	area := m.h * m.w
	for p := range area {
		v := byte(0)
		if m.pix[p]|m.pix[area+p]|m.pix[2*area+p] != 0 {
			v = 255
		}
		m.pix[p], m.pix[area+p], m.pix[2*area+p] = v, v, v
	}
	m = m.resized(o.Size)
	for p := range dst {
		dst[p] = m.pix[p] >> 7
	}
	return nil
}

// readImage decodes a PNG or JPEG file.
func readImage(file string) (rgb, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return rgb{}, err
	}
	config, decode := jpeg.DecodeConfig, jpeg.Decode
	kind := "JPEG"
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		config, decode, kind = png.DecodeConfig, png.Decode, "PNG"
	case !bytes.HasPrefix(data, []byte{0xff, 0xd8}):
		return rgb{}, fmt.Errorf("%s: byte 0: % x, want the start of a PNG (89 50 4e 47) or JPEG (ff d8) file", file, data[:min(4, len(data))])
	}
	// The header is checked first: a small file can claim a huge picture.
	c, err := config(bytes.NewReader(data))
	if err == nil && (c.Width < 1 || c.Height < 1 || c.Width > maxFilePixels/c.Height) {
		err = fmt.Errorf("%d by %d pixels, want 1 to %d in all", c.Width, c.Height, maxFilePixels)
	}
	var m image.Image
	if err == nil {
		m, err = decode(bytes.NewReader(data))
	}
	if err != nil {
		return rgb{}, fmt.Errorf("%s: %s: %w", file, kind, err)
	}
	return planes(m), nil
}

// planes converts to RGB planes, 8 bits each, colours not multiplied by alpha.
func planes(m image.Image) rgb {
	b := m.Bounds()
	p := rgb{b.Dy(), b.Dx(), make([]byte, 3*b.Dx()*b.Dy())}
	r, g, bl := p.pix[:p.h*p.w], p.pix[p.h*p.w:2*p.h*p.w], p.pix[2*p.h*p.w:]
	y, isYCbCr := m.(*image.YCbCr)
	k := 0
	for j := b.Min.Y; j < b.Max.Y; j++ {
		for i := b.Min.X; i < b.Max.X; i++ {
			if isYCbCr {
				c := y.YCbCrAt(i, j)
				r[k], g[k], bl[k] = color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
			} else {
				c := color.NRGBAModel.Convert(m.At(i, j)).(color.NRGBA)
				r[k], g[k], bl[k] = c.R, c.G, c.B
			}
			k++
		}
	}
	return p
}
