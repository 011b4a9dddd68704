package model

import (
	"errors"
	"fmt"
	"slices"
)

// element says how a storage holds its values.
type element struct {
	width int                    // bytes
	float func(b []byte) float32 // nil where the values are not floating-point
}

// torchGlobals lists the only names a pickle may use: a dict, the functions
// that put a tensor together from a storage, and the storages' types.
var torchGlobals = map[string]element{
	"collections.OrderedDict":         {},
	"torch._utils._rebuild_tensor":    {},
	"torch._utils._rebuild_tensor_v2": {},
	"torch._utils._rebuild_parameter": {},
	"torch.DoubleStorage":             {8, float64At},
	"torch.FloatStorage":              {4, float32At},
	"torch.HalfStorage":               {2, float16At},
	"torch.BFloat16Storage":           {2, bfloat16At},
	"torch.LongStorage":               {8, nil},
	"torch.IntStorage":                {4, nil},
	"torch.ShortStorage":              {2, nil},
	"torch.CharStorage":               {1, nil},
	"torch.ByteStorage":               {1, nil},
	"torch.BoolStorage":               {1, nil},
}

// torchStorage is a reference to a run of values kept beside the pickle.
type torchStorage struct {
	kind   pyGlobal // "torch.FloatStorage"
	key    string   // names the run
	size   int64    // values in the run
	offset int64    // of a view into the run, else 0
	length int64    // values that may be used from offset on
}

// torchTensor is a strided view of a storage, in values.
type torchTensor struct {
	storage       *torchStorage
	offset        int64
	shape, stride []int64
}

// maxRank is PyTorch's own limit on the number of dimensions.
const maxRank = 64

// torchReduce stands for the calls that a state_dict's pickle makes. Arguments
// that do not concern the values (requires_grad, hooks) are dropped.
func torchReduce(name pyGlobal, args pyTuple, mem *budget) (any, error) {
	switch name {
	case "collections.OrderedDict":
		d := &pyDict{}
		if len(args) == 0 {
			return d, nil
		}
		l, is := args[0].(*pyList)
		if !is || len(args) != 1 {
			return nil, fmt.Errorf("OrderedDict is made from %s, want a list of pairs", pyKind(args[0]))
		}
		if err := mem.take(32 * len(l.items)); err != nil {
			return nil, err
		}
		for _, item := range l.items {
			var pair []any
			switch p := item.(type) {
			case *pyList:
				pair = p.items
			case pyTuple:
				pair = p
			}
			if len(pair) != 2 {
				return nil, fmt.Errorf("OrderedDict is made from %s, want a pair", pyKind(item))
			}
			d.items = append(d.items, pyItem{pair[0], pair[1]})
		}
		return d, nil
	case "torch._utils._rebuild_parameter":
		if len(args) > 0 {
			if t, is := args[0].(*torchTensor); is {
				return t, nil
			}
		}
		return nil, errors.New("a parameter is made from something that is not a tensor")
	case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2":
		if len(args) < 4 {
			return nil, fmt.Errorf("a tensor is made from %d values, want storage, offset, size and stride", len(args))
		}
		t := &torchTensor{}
		var ok [4]bool
		t.storage, ok[0] = args[0].(*torchStorage)
		t.offset, ok[1] = args[1].(int64)
		t.shape, ok[2] = naturals(args[2])
		t.stride, ok[3] = naturals(args[3])
		for i, what := range []string{"storage", "offset", "size", "stride"} {
			if !ok[i] {
				return nil, fmt.Errorf("a tensor's %s is %s", what, pyKind(args[i]))
			}
		}
		if err := mem.take(16 * len(t.shape)); err != nil {
			return nil, err
		}
		return t, t.check()
	}
	return nil, fmt.Errorf("the pickle calls %s, want a function that makes a tensor", name)
}

// naturals reads a tuple of numbers that are not negative.
func naturals(v any) ([]int64, bool) {
	t, is := v.(pyTuple)
	if !is || len(t) > maxRank {
		return nil, false
	}
	n := make([]int64, len(t))
	for i := range t {
		n[i], is = t[i].(int64)
		if !is || n[i] < 0 {
			return nil, false
		}
	}
	return n, true
}

// values returns the number of values in the tensor, -1 where it has more than
// its storage.
func (t *torchTensor) values() int64 {
	if slices.Contains(t.shape, 0) {
		return 0
	}
	n := int64(1)
	for _, d := range t.shape {
		if n > t.storage.length/d {
			return -1
		}
		n *= d
	}
	return n
}

// check makes sure that every value of the tensor lies in its storage.
func (t *torchTensor) check() error {
	s := t.storage
	if len(t.shape) != len(t.stride) {
		return fmt.Errorf("a tensor has %d sizes and %d strides", len(t.shape), len(t.stride))
	}
	if t.offset < 0 || t.offset > s.length {
		return fmt.Errorf("a tensor begins at value %d of a storage of %d", t.offset, s.length)
	}
	n := t.values()
	if n < 0 {
		return fmt.Errorf("a tensor of shape %v has more values than its storage, %d", t.shape, s.length)
	}
	if n == 0 {
		return nil
	}
	room := s.length - t.offset - 1 // steps from the first value to the storage's last
	for i, d := range t.shape {
		// Divided, not multiplied, so that nothing overflows.
		if d > 1 && t.stride[i] > room/(d-1) {
			return fmt.Errorf("a tensor of shape %v, strides %v and offset %d leaves its storage of %d values", t.shape, t.stride, t.offset, s.length)
		}
		room -= (d - 1) * t.stride[i]
	}
	if room < 0 {
		return fmt.Errorf("a tensor begins at value %d of a storage of %d", t.offset, s.length)
	}
	return nil
}

// torchPersistent reads the tuple that stands for a storage:
// ("storage", type, key, location, size), in old files with a sixth value, None
// or the view's (key, offset, size).
func torchPersistent(id any) (*torchStorage, error) {
	t, is := id.(pyTuple)
	if !is || len(t) < 5 || len(t) > 6 || t[0] != any("storage") {
		return nil, fmt.Errorf("the pickle refers to %s outside itself, want a storage", pyKind(id))
	}
	s := &torchStorage{}
	var ok [3]bool
	s.kind, ok[0] = t[1].(pyGlobal)
	s.key, ok[1] = t[2].(string)
	s.size, ok[2] = t[4].(int64)
	if !ok[0] || !ok[1] || !ok[2] || torchGlobals[string(s.kind)].width == 0 || s.size < 0 {
		return nil, fmt.Errorf("a storage is made of %s, %s and %s, want a type, a key and a size", pyKind(t[1]), pyKind(t[2]), pyKind(t[4]))
	}
	s.length = s.size
	if len(t) == 6 && t[5] != nil {
		view, is := t[5].(pyTuple)
		if !is || len(view) != 3 {
			return nil, fmt.Errorf("a storage's view is %s, want a tuple of 3", pyKind(t[5]))
		}
		var ok1, ok2 bool
		s.offset, ok1 = view[1].(int64)
		s.length, ok2 = view[2].(int64)
		if !ok1 || !ok2 || s.offset < 0 || s.length < 0 || s.offset > s.size || s.length > s.size-s.offset {
			return nil, fmt.Errorf("a view leaves its storage of %d values", s.size)
		}
	}
	return s, nil
}

// torchRun is where a storage's bytes are.
type torchRun struct {
	data []byte
	at   int // offset in the file, for errors
}
