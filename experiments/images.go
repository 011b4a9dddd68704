package experiments

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Images chooses images of a split, as the user wrote it; see dataset.Indices.
type Images string

func (s *Images) decodeNode(d *decoder, n *yaml.Node) {
	switch {
	case n.Kind == yaml.ScalarNode:
		*s = Images(n.Value)
		return
	case n.Kind != yaml.SequenceNode:
		d.fault(n, `images is a mapping, want a range like "0:100" or a list of indices`)
		return
	case len(n.Content) == 0:
		d.fault(n, "images is an empty list, want at least one index")
		return
	}
	var list []string
	for _, c := range n.Content {
		i, err := strconv.Atoi(c.Value)
		if c.Kind != yaml.ScalarNode || c.ShortTag() != "!!int" || err != nil || i < 0 {
			d.fault(c, "images has %s, want indices of images, 0 or more", kindName(c))
			return
		}
		list = append(list, strconv.Itoa(i))
	}
	*s = Images(strings.Join(list, ","))
}
