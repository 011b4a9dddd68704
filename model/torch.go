package model

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path"
	"slices"
	"strings"
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

// torchZip reads the format of torch.save since PyTorch 1.6: a zip archive with
// the pickle as <name>/data.pkl and each storage as <name>/data/<key>.
func torchZip(file []byte) (*Weights, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, fmt.Errorf("not a whole zip archive (%w); is the file cut off?", err)
	}
	entries := make(map[string]*zip.File, len(z.File))
	folder := ""
	for _, f := range z.File {
		entries[f.Name] = f
		if path.Base(f.Name) == "data.pkl" && folder == "" {
			folder = strings.TrimSuffix(f.Name, "data.pkl")
		}
	}
	if entries[folder+"data.pkl"] == nil {
		return nil, errors.New("a zip archive without data.pkl, want what torch.save writes")
	}
	if entries[folder+"constants.pkl"] != nil {
		return nil, errors.New("a TorchScript archive, which holds a program; save model.state_dict() instead")
	}
	if entries[folder+"byteorder"] != nil {
		order, err := zipBytes(file, entries[folder+"byteorder"])
		if err != nil {
			return nil, err
		}
		if string(order.data) != "little" {
			return nil, fmt.Errorf("offset %d: byte order %.20q, want little", order.at, order.data)
		}
	}
	pickle, err := zipBytes(file, entries[folder+"data.pkl"])
	if err != nil {
		return nil, err
	}
	mem := newBudget(len(file))
	value, _, err := unpickle(pickle.data, pickle.at, map[string]pyGlobal{}, mem)
	if err != nil {
		return nil, err
	}
	runs := map[string]torchRun{}
	return stateDict(value, mem, func(s *torchStorage) (torchRun, error) {
		if r, known := runs[s.key]; known {
			return r, nil
		}
		f := entries[folder+"data/"+s.key]
		if f == nil {
			return torchRun{}, fmt.Errorf("the archive has no entry %.80q", folder+"data/"+s.key)
		}
		// Entries may share bytes; the charge bounds the time that checksums take.
		if err := mem.take(int(min(f.UncompressedSize64, 1<<62))); err != nil {
			return torchRun{}, fmt.Errorf("entry %.80q %w", f.Name, err)
		}
		r, err := zipBytes(file, f)
		if err == nil {
			runs[s.key] = r
		}
		return r, err
	})
}

// zipBytes returns an entry's bytes as they lie in the file. PyTorch stores
// without compression, so an entry is never larger than the file.
func zipBytes(file []byte, f *zip.File) (torchRun, error) {
	if f.Method != zip.Store {
		return torchRun{}, fmt.Errorf("entry %.80q is compressed, want it stored, as PyTorch does", f.Name)
	}
	at, err := f.DataOffset()
	if err != nil {
		return torchRun{}, fmt.Errorf("entry %.80q: %w", f.Name, err)
	}
	size := f.UncompressedSize64
	if at < 0 || at > int64(len(file)) || size > uint64(int64(len(file))-at) {
		return torchRun{}, fmt.Errorf("offset %d: entry %.80q has %d bytes and leaves the file, which has %d", at, f.Name, size, len(file))
	}
	data := file[at:][:size]
	if sum := crc32.ChecksumIEEE(data); sum != f.CRC32 {
		return torchRun{}, fmt.Errorf("offset %d: entry %.80q has checksum %08x, want %08x: the file is damaged", at, f.Name, sum, f.CRC32)
	}
	return torchRun{data, int(at)}, nil
}

// torchMagic opens the first pickle of an old file.
var torchMagic = []byte{0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19}

// torchLegacy reads the format of torch.save before PyTorch 1.6: five pickles
// (a magic number, the protocol, the machine, the value, the storages' keys),
// then for each key the number of values and the values.
func torchLegacy(file []byte) (*Weights, error) {
	mem := newBudget(len(file))
	kinds := map[string]pyGlobal{} // says how wide the elements of each storage are
	var part [5]any
	at := 0
	for i := range part {
		value, n, err := unpickle(file[at:], at, kinds, mem)
		if err != nil {
			return nil, err
		}
		switch i {
		case 0:
			if m, is := value.(pyLong); !is || !bytes.Equal(m, torchMagic) {
				return nil, errors.New("offset 0: a pickle, but not one that torch.save wrote")
			}
		case 1:
			if value != any(int64(1001)) {
				return nil, fmt.Errorf("offset %d: the protocol is %s, want 1001", at, pyKind(value))
			}
		case 2:
			if d, is := value.(*pyDict); is {
				if little, has := d.get("little_endian"); has && little != any(true) {
					return nil, fmt.Errorf("offset %d: the file is big-endian, want little-endian", at)
				}
			}
		}
		part[i] = value
		at += n
	}
	keys, is := part[4].(*pyList)
	if !is {
		return nil, fmt.Errorf("offset %d: the storages' keys are %s, want a list", at, pyKind(part[4]))
	}
	runs := make(map[string]torchRun, len(kinds))
	for i, k := range keys.items {
		key, is := k.(string)
		kind, known := kinds[key]
		if !is || !known {
			return nil, fmt.Errorf("offset %d: storage %d of %d has the key %s, which the pickle does not name", at, i+1, len(keys.items), pyKind(k))
		}
		if len(file)-at < 8 {
			return nil, fmt.Errorf("offset %d: the file ends before storage %d of %d", at, i+1, len(keys.items))
		}
		count := binary.LittleEndian.Uint64(file[at:])
		at += 8
		width := torchGlobals[string(kind)].width
		if count > uint64((len(file)-at)/width) {
			return nil, fmt.Errorf("offset %d: storage %d of %d has %d values of %d bytes, but %d bytes are left in the file", at-8, i+1, len(keys.items), count, width, len(file)-at)
		}
		runs[key] = torchRun{file[at:][:int(count)*width], at}
		at += int(count) * width
	}
	if at != len(file) {
		return nil, fmt.Errorf("offset %d: %d bytes follow the last storage, want none", at, len(file)-at)
	}
	return stateDict(part[3], mem, func(s *torchStorage) (torchRun, error) {
		r, known := runs[s.key]
		if !known {
			return r, fmt.Errorf("the file has no storage %.40q", s.key)
		}
		return r, nil
	})
}
