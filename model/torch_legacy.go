package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

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
