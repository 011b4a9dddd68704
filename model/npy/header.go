package npy

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

const magic = "\x93NUMPY"

// maxDims is NumPy's own limit on the number of dimensions.
const maxDims = 64

// widths lists the element types that are read, with their size in bytes.
var widths = map[string]int{"<f4": 4, "<f8": 8, "<i8": 8, "<i4": 4, "|u1": 1, "|b1": 1}

// arrayHeader is what the dictionary at the top of a .npy file says.
type arrayHeader struct {
	descr   string
	fortran bool
	shape   []int
}

// header returns magic, version, length and dictionary, padded with spaces so
// that the data begin at a multiple of 64 bytes, as NumPy writes them.
func header(descr string, shape []int) []byte {
	var dims strings.Builder
	for i, d := range shape {
		if i > 0 {
			dims.WriteString(", ")
		}
		dims.WriteString(strconv.Itoa(d))
	}
	if len(shape) == 1 {
		dims.WriteString(",")
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, &dims)
	const fixed = len(magic) + 2 + 2
	pad := 63 - (fixed+len(dict))%64
	dict += strings.Repeat(" ", pad) + "\n"
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	return append(b, dict...)
}

// parseHeader returns the header and the offset of the data.
func parseHeader(b []byte) (h arrayHeader, body int, err error) {
	if len(b) < 10 || string(b[:len(magic)]) != magic {
		return h, 0, fmt.Errorf(`offset 0: not an .npy file: want the bytes "\x93NUMPY" and a header`)
	}
	start, size := 10, uint64(binary.LittleEndian.Uint16(b[8:]))
	switch b[6] {
	case 1:
	case 2, 3:
		if len(b) < 12 {
			return h, 0, fmt.Errorf("offset 8: the file ends in the header's length")
		}
		start, size = 12, uint64(binary.LittleEndian.Uint32(b[8:]))
	default:
		return h, 0, fmt.Errorf("offset 6: format version %d, want 1 to 3", b[6])
	}
	if size > uint64(len(b)-start) {
		return h, 0, fmt.Errorf("offset 8: the header has %d bytes, but %d are left in the file", size, len(b)-start)
	}
	body = start + int(size)
	d := dict{s: string(b[start:body]), at: start}
	if err := d.parse(&h); err != nil {
		return h, 0, err
	}
	if _, known := widths[h.descr]; !known {
		return h, 0, fmt.Errorf("offset %d: element type %q, want one of <f4 <f8 <i8 <i4 |u1 |b1 (in NumPy: a.astype('<f4'))", start, h.descr)
	}
	return h, body, nil
}

// dict reads the one form of Python dictionary that a header may hold.
type dict struct {
	s  string
	at int // offset of s in the file, for errors
}

// skip drops spaces and reports whether the text goes on with tok, which it
// then drops as well.
func (d *dict) skip(tok string) bool {
	t := strings.TrimLeft(d.s, " \n")
	d.at += len(d.s) - len(t)
	d.s = t
	if !strings.HasPrefix(d.s, tok) {
		return false
	}
	d.s, d.at = d.s[len(tok):], d.at+len(tok)
	return true
}

func (d *dict) fail(want string) error {
	return fmt.Errorf("offset %d: header has %.20q, want %s", d.at, d.s, want)
}

// quoted reads a string without escapes.
func (d *dict) quoted() (string, error) {
	for _, q := range []string{"'", `"`} {
		if d.skip(q) {
			v, rest, found := strings.Cut(d.s, q)
			if !found || strings.Contains(v, `\`) {
				return "", d.fail("a string")
			}
			d.s, d.at = rest, d.at+len(v)+1
			return v, nil
		}
	}
	return "", d.fail("a string")
}

func (d *dict) parse(h *arrayHeader) error {
	if !d.skip("{") {
		return d.fail("a dictionary")
	}
	seen := map[string]bool{}
	for !d.skip("}") {
		key, err := d.quoted()
		if err != nil {
			return err
		}
		if !d.skip(":") {
			return d.fail("a colon")
		}
		if seen[key] {
			return fmt.Errorf("offset %d: header has the key %q twice", d.at, key)
		}
		seen[key] = true
		switch key {
		case "descr":
			h.descr, err = d.quoted()
		case "fortran_order":
			if h.fortran = d.skip("True"); !h.fortran && !d.skip("False") {
				err = d.fail("True or False")
			}
		case "shape":
			h.shape, err = d.tuple()
		default:
			err = fmt.Errorf("offset %d: header has the key %q, want descr, fortran_order and shape", d.at, key)
		}
		if err != nil {
			return err
		}
		if !d.skip(",") {
			if !d.skip("}") {
				return d.fail("a comma or a closing brace")
			}
			break
		}
	}
	if d.skip(""); d.s != "" {
		return d.fail("nothing after the dictionary")
	}
	if len(seen) != 3 {
		return fmt.Errorf("offset %d: header has %d of the keys descr, fortran_order and shape", d.at, len(seen))
	}
	return nil
}

// tuple reads (), (3,) or (2, 3).
func (d *dict) tuple() ([]int, error) {
	shape := []int{}
	if !d.skip("(") {
		return nil, d.fail("a tuple")
	}
	for !d.skip(")") {
		if d.skip(""); len(shape) == maxDims {
			return nil, d.fail("at most 64 dimensions")
		}
		n := 0
		for n < len(d.s) && '0' <= d.s[n] && d.s[n] <= '9' {
			n++
		}
		v, err := strconv.Atoi(d.s[:n])
		if err != nil {
			return nil, d.fail("a whole number")
		}
		d.s, d.at = d.s[n:], d.at+n
		shape = append(shape, v)
		if !d.skip(",") {
			if !d.skip(")") {
				return nil, d.fail("a comma or a closing parenthesis")
			}
			break
		}
	}
	return shape, nil
}
