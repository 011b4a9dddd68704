package model

import (
	"fmt"
)

// The values on the machine's stack: nil, bool, int64, float64, string, and
type (
	pyLong   []byte // an integer of more than 8 bytes, little-endian
	pyBytes  []byte
	pyGlobal string // a name of torchGlobals, "collections.OrderedDict"
	pyTuple  []any
	pyList   struct{ items []any }
	pyDict   struct{ items []pyItem } // as written; the last of equal keys counts
	pyItem   struct{ key, value any }
)

func (d *pyDict) get(key string) (any, bool) {
	for i := len(d.items) - 1; i >= 0; i-- {
		if s, is := d.items[i].key.(string); is && s == key {
			return d.items[i].value, true
		}
	}
	return nil, false
}

// pyKind names a value's type for an error.
func pyKind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "a truth value"
	case int64, pyLong:
		return "an integer"
	case float64:
		return "a number"
	case string:
		return fmt.Sprintf("the string %.40q", v)
	case pyBytes:
		return "a byte string"
	case pyGlobal:
		return "the name " + string(v)
	case pyTuple:
		return fmt.Sprintf("a tuple of %d", len(v))
	case *pyList:
		return fmt.Sprintf("a list of %d", len(v.items))
	case *pyDict:
		return fmt.Sprintf("a dict of %d", len(v.items))
	case *torchStorage:
		return "a storage"
	case *torchTensor:
		return "a tensor"
	}
	return fmt.Sprintf("%T", v)
}

// budget bounds the memory that a file may ask for.
type budget struct{ left, total int }

// budgetPerByte leaves room for every honest file: a state_dict of nothing but
// one-value tensors takes about 8 bytes of the budget for each of its own, one
// of large float32 tensors 1, of float16 tensors 2; tensors that share a storage
// are charged each.
const budgetPerByte = 16

func newBudget(fileSize int) *budget {
	n := budgetPerByte*fileSize + 1<<16
	return &budget{left: n, total: n}
}

func (b *budget) take(n int) error {
	if n < 0 || n > b.left {
		return fmt.Errorf("asks for more than %d bytes of memory, %d times the file's size", b.total, budgetPerByte)
	}
	b.left -= n
	return nil
}
