package attr

import (
	"fmt"
	"strconv"
	"strings"

	"assay/model"
)

// Extent is a size in values as text: "4" for all channels and 4 rows and
// columns, or "3x4x4" for channels, rows and columns each.
type Extent struct {
	c, h, w int // c 0 means all channels
}

// SquareExtent is n rows and columns of all channels.
func SquareExtent(n int) Extent { return Extent{0, n, n} }

// BoxExtent is c channels, h rows and w columns.
func BoxExtent(c, h, w int) Extent { return Extent{c, h, w} }

// String returns the text form.
func (x Extent) String() string {
	if x.c == 0 && x.h == x.w {
		return strconv.Itoa(x.h)
	}
	return fmt.Sprintf("%dx%dx%d", x.c, x.h, x.w)
}

// MarshalText returns the text form; equal extents have equal text.
func (x Extent) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

// UnmarshalText reads the text form.
func (x *Extent) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), "x")
	var v []int
	for _, p := range parts {
		i, err := strconv.Atoi(p)
		if err != nil || i < 1 || strings.HasPrefix(p, "+") {
			v = nil
			break
		}
		v = append(v, i)
	}
	switch len(v) {
	case 1:
		*x = SquareExtent(v[0])
	case 3:
		*x = BoxExtent(v[0], v[1], v[2])
	default:
		return fmt.Errorf(`attr: %q is no size, want rows and columns like 4, or channels, rows and columns like 3x4x4`, text)
	}
	return nil
}

// check reports an extent beyond the shape.
func (x Extent) check(option string, s model.Shape) error {
	if x.c > s.C || x.h < 1 || x.h > s.H || x.w < 1 || x.w > s.W {
		return &Problem{Option: option, Msg: fmt.Sprintf("is %v, want 1x1x1 to %dx%dx%d", x, s.C, s.H, s.W)}
	}
	return nil
}
