package dataset

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// maxIDX bounds what one IDX file may claim to hold, 1 GiB.
const maxIDX = 1 << 30

// readIDXFile reads an IDX file of unsigned bytes, gzipped or not.
func readIDXFile(name string, dims int) (shape []int, data []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r := io.Reader(bufio.NewReaderSize(f, 1<<16))
	// The content decides, not the name: files are often renamed.
	if head, _ := r.(*bufio.Reader).Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: gzip: %w", name, err)
		}
		r = z
	}
	return readIDX(r, name, dims)
}

// readIDX reads the IDX format of the MNIST family: two zero bytes, the type 8
// (unsigned byte), the number of dimensions, each extent as a big-endian 32-bit
// number, then the values in row-major order. Memory is bounded by what the
// file really holds, whatever its header claims.
func readIDX(r io.Reader, name string, dims int) (shape []int, data []byte, err error) {
	head := make([]byte, 4+4*dims)
	if n, err := io.ReadFull(r, head); err != nil {
		return nil, nil, fmt.Errorf("%s: byte %d: the header ends early (%w), want %d bytes", name, n, err, len(head))
	}
	if head[0] != 0 || head[1] != 0 || head[2] != 8 || int(head[3]) != dims {
		return nil, nil, fmt.Errorf("%s: byte 0: header % x, want % x (IDX, unsigned bytes, %d dimensions)", name, head[:4], []byte{0, 0, 8, byte(dims)}, dims)
	}
	size := int64(1)
	for k := range dims {
		e := int64(binary.BigEndian.Uint32(head[4+4*k:]))
		if e < 1 || e > maxIDX/size {
			return nil, nil, fmt.Errorf("%s: byte %d: dimension %d is %d, want 1 or more and at most %d bytes in all", name, 4+4*k, k, e, maxIDX)
		}
		size *= e
		shape = append(shape, int(e))
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, size+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%s: byte %d: %w; the file is damaged, get it again", name, int64(len(head))+n, err)
	case n > size:
		return nil, nil, fmt.Errorf("%s: byte %d: more data, want the end of the file (the header says %v)", name, int64(len(head))+size, shape)
	case n < size:
		item := size / int64(shape[0])
		return nil, nil, fmt.Errorf("%s: byte %d: the file ends in record %d of %d (%d bytes each); it is cut short, get it again", name, int64(len(head))+n, n/item, shape[0], item)
	}
	return shape, b.Bytes(), nil
}

// findIDX returns the first of name and name.gz that exists in dir.
func findIDX(dir, name string) (string, error) {
	for _, p := range []string{name, name + ".gz"} {
		if p = dir + string(os.PathSeparator) + p; isFile(p) {
			return p, nil
		}
	}
	if _, err := os.Stat(dir); err != nil {
		return "", err
	}
	return "", errors.New(dir + " holds neither " + name + " nor " + name + ".gz")
}
