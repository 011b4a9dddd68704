package model

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A pickle is a program for a small stack machine. This file runs the part of
// it that state_dicts are made of: numbers, strings, tuples, lists, dicts and
// the globals of torchGlobals, which stand for data. Whatever else a pickle
// asks for is refused before anything could come of it; there is no call.
//
// Every operation reads at least a byte and works in time proportional to what
// it reads or pops, so a pickle ends in linear time; every value is charged to
// a budget proportional to the file.

// unpickler runs one pickle.
type unpickler struct {
	b     []byte // the pickle and what follows it
	at    int    // of the next byte
	stack []any
	marks []int // stack heights
	memo  map[uint32]any
	kinds map[string]pyGlobal // type of each storage, by key
	mem   *budget
}

// unpickle runs the pickle at the start of b and returns its value and length.
// base is the offset of b in the file, for errors. The type of each storage
// that the pickle refers to is entered in kinds.
func unpickle(b []byte, base int, kinds map[string]pyGlobal, mem *budget) (value any, n int, err error) {
	u := &unpickler{b: b, mem: mem, kinds: kinds, memo: map[uint32]any{}}
	for {
		start := u.at
		stop, err := u.step()
		if err != nil {
			return nil, 0, fmt.Errorf("offset %d: %w", base+start, err)
		}
		if stop {
			if len(u.stack) != 1 || len(u.marks) != 0 {
				return nil, 0, fmt.Errorf("offset %d: the pickle ends with %d values, want 1", base+start, len(u.stack))
			}
			return u.stack[0], u.at, nil
		}
	}
}

var (
	errPickleCut   = errors.New("the pickle is cut off")
	errPickleStack = errors.New("the pickle takes a value where there is none")
)

// refused names the operations that make or call something.
var refused = map[byte]string{
	'i': "INST", 'o': "OBJ", 0x81: "NEWOBJ", 0x92: "NEWOBJ_EX", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4",
	'P': "PERSID", 0x8f: "EMPTY_SET", 0x90: "ADDITEMS", 0x91: "FROZENSET", 0x96: "BYTEARRAY8",
	0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER", 'I': "INT", 'L': "LONG", 'F': "FLOAT", 'S': "STRING",
	'V': "UNICODE", 'g': "GET", 'p': "PUT",
}

// step runs one operation.
func (u *unpickler) step() (stop bool, err error) {
	code, err := u.take(1)
	if err != nil {
		return false, err
	}
	switch op := code[0]; op {
	case '.': // STOP
		return true, nil
	case 0x80: // PROTO
		v, err := u.uint(1)
		if err == nil && (v < 1 || v > 5) {
			err = fmt.Errorf("the pickle has protocol %d, want 1 to 5", v)
		}
		return false, err
	case 0x95: // FRAME: a hint for buffering
		_, err = u.uint(8)
		return false, err

	case '(': // MARK
		u.marks = append(u.marks, len(u.stack))
		return false, u.mem.take(8)
	case '0': // POP
		_, err = u.pop()
		return false, err
	case '1': // POP_MARK
		_, err = u.popMark()
		return false, err
	case '2': // DUP
		v, err := u.top()
		if err != nil {
			return false, err
		}
		return false, u.push(v, 0)

	case 'N': // NONE
		return false, u.push(nil, 0)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		return false, u.push(op == 0x88, 0)
	case 'K': // BININT1
		v, err := u.uint(1)
		if err != nil {
			return false, err
		}
		return false, u.push(int64(v), 8)
	case 'M': // BININT2
		v, err := u.uint(2)
		if err != nil {
			return false, err
		}
		return false, u.push(int64(v), 8)
	case 'J': // BININT
		return false, u.pushLong(u.take(4))
	case 0x8a: // LONG1
		return false, u.pushLong(u.sized(1))
	case 0x8b: // LONG4
		return false, u.pushLong(u.sized(4))
	case 'G': // BINFLOAT, big-endian
		b, err := u.take(8)
		if err != nil {
			return false, err
		}
		return false, u.push(math.Float64frombits(binary.BigEndian.Uint64(b)), 8)
	case 0x8c, 'U': // SHORT_BINUNICODE, SHORT_BINSTRING
		return false, u.pushString(u.sized(1))
	case 'X', 'T': // BINUNICODE, BINSTRING
		return false, u.pushString(u.sized(4))
	case 0x8d: // BINUNICODE8
		return false, u.pushString(u.sized(8))
	case 'C': // SHORT_BINBYTES
		return false, u.pushBytes(u.sized(1))
	case 'B': // BINBYTES
		return false, u.pushBytes(u.sized(4))
	case 0x8e: // BINBYTES8
		return false, u.pushBytes(u.sized(8))

	case ')': // EMPTY_TUPLE
		return false, u.pushTuple(nil)
	case 't': // TUPLE
		items, err := u.popMark()
		if err != nil {
			return false, err
		}
		return false, u.pushTuple(items)
	case 0x85, 0x86, 0x87: // TUPLE1, TUPLE2, TUPLE3
		var items [3]any
		n := int(op-0x85) + 1
		for i := n - 1; i >= 0; i-- {
			if items[i], err = u.pop(); err != nil {
				return false, err
			}
		}
		return false, u.pushTuple(items[:n])
	case ']': // EMPTY_LIST
		return false, u.push(&pyList{}, 24)
	case 'l': // LIST
		items, err := u.popMark()
		if err != nil {
			return false, err
		}
		return false, u.push(&pyList{append([]any(nil), items...)}, 24+16*len(items))
	case 'a': // APPEND
		v, err := u.pop()
		if err != nil {
			return false, err
		}
		return false, u.appendTo(v)
	case 'e': // APPENDS
		items, err := u.popMark()
		if err != nil {
			return false, err
		}
		return false, u.appendTo(items...)
	case '}': // EMPTY_DICT
		return false, u.push(&pyDict{}, 24)
	case 'd': // DICT
		items, err := u.popMark()
		if err != nil {
			return false, err
		}
		pairs := append([]any(nil), items...) // the push below takes their place
		if err := u.push(&pyDict{}, 24+16*len(pairs)); err != nil {
			return false, err
		}
		return false, u.setItems(pairs...)
	case 's': // SETITEM
		v, err := u.pop()
		if err != nil {
			return false, err
		}
		k, err := u.pop()
		if err != nil {
			return false, err
		}
		return false, u.setItems(k, v)
	case 'u': // SETITEMS
		items, err := u.popMark()
		if err != nil {
			return false, err
		}
		return false, u.setItems(items...)

	case 'q': // BINPUT
		return false, u.put(u.uint(1))
	case 'r': // LONG_BINPUT
		return false, u.put(u.uint(4))
	case 0x94: // MEMOIZE
		return false, u.put(uint64(len(u.memo)), nil)
	case 'h': // BINGET
		return false, u.get(u.uint(1))
	case 'j': // LONG_BINGET
		return false, u.get(u.uint(4))

	case 'c': // GLOBAL
		module, err := u.line()
		if err != nil {
			return false, err
		}
		name, err := u.line()
		if err != nil {
			return false, err
		}
		return false, u.global(module, name)
	case 0x93: // STACK_GLOBAL
		n, err := u.pop()
		if err != nil {
			return false, err
		}
		m, err := u.pop()
		if err != nil {
			return false, err
		}
		name, ok1 := n.(string)
		module, ok2 := m.(string)
		if !ok1 || !ok2 {
			return false, fmt.Errorf("the pickle names %s in %s, want two strings", pyKind(n), pyKind(m))
		}
		return false, u.global(module, name)
	case 'R': // REDUCE
		a, err := u.pop()
		if err != nil {
			return false, err
		}
		f, err := u.pop()
		if err != nil {
			return false, err
		}
		name, ok1 := f.(pyGlobal)
		args, ok2 := a.(pyTuple)
		if !ok1 || !ok2 {
			return false, fmt.Errorf("the pickle calls %s with %s, want a name and a tuple", pyKind(f), pyKind(a))
		}
		v, err := torchReduce(name, args, u.mem)
		if err != nil {
			return false, err
		}
		return false, u.push(v, 128)
	case 'b': // BUILD: a state_dict carries its _metadata as an attribute; not needed
		if _, err := u.pop(); err != nil {
			return false, err
		}
		v, err := u.top()
		if err != nil {
			return false, err
		}
		switch v.(type) {
		case *pyDict, *torchTensor:
			return false, nil
		}
		return false, fmt.Errorf("the pickle sets attributes of %s, want a dict or a tensor", pyKind(v))
	case 'Q': // BINPERSID
		id, err := u.pop()
		if err != nil {
			return false, err
		}
		s, err := torchPersistent(id)
		if err != nil {
			return false, err
		}
		if k, known := u.kinds[s.key]; known && k != s.kind {
			return false, fmt.Errorf("storage %.40q is both %s and %s", s.key, k, s.kind)
		}
		u.kinds[s.key] = s.kind
		return false, u.push(s, 160)

	default:
		if name := refused[op]; name != "" {
			return false, fmt.Errorf("the pickle has the operation %s, which no state_dict needs; nothing was executed", name)
		}
		return false, fmt.Errorf("byte 0x%02x is no pickle operation", op)
	}
}
