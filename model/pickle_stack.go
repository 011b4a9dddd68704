package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// take returns the next n bytes.
func (u *unpickler) take(n uint64) ([]byte, error) {
	if n > uint64(len(u.b)-u.at) {
		if n > 16 {
			return nil, fmt.Errorf("the pickle has a string of %d bytes, but %d are left in the file", n, len(u.b)-u.at)
		}
		return nil, errPickleCut
	}
	p := u.b[u.at : u.at+int(n)]
	u.at += int(n)
	return p, nil
}

// uint reads a little-endian number of n bytes.
func (u *unpickler) uint(n int) (uint64, error) {
	p, err := u.take(uint64(n))
	if err != nil {
		return 0, err
	}
	var wide [8]byte
	copy(wide[:], p)
	return binary.LittleEndian.Uint64(wide[:]), nil
}

// sized reads a length of n bytes and as many bytes as it says.
func (u *unpickler) sized(n int) ([]byte, error) {
	size, err := u.uint(n)
	if err != nil {
		return nil, err
	}
	return u.take(size)
}

// line reads up to a newline. Names are short; the limit stops a scan.
func (u *unpickler) line() (string, error) {
	rest := u.b[u.at:]
	i := bytes.IndexByte(rest[:min(len(rest), 256)], '\n')
	if i < 0 {
		return "", errors.New("the pickle has a name without an end")
	}
	u.at += i + 1
	return string(rest[:i]), nil
}

// push charges for the value's place on the stack and size bytes behind it.
func (u *unpickler) push(v any, size int) error {
	if err := u.mem.take(16 + size); err != nil {
		return err
	}
	u.stack = append(u.stack, v)
	return nil
}

// pop removes the topmost value, which must lie above the last mark.
func (u *unpickler) pop() (any, error) {
	floor := 0
	if len(u.marks) > 0 {
		floor = u.marks[len(u.marks)-1]
	}
	if len(u.stack) <= floor {
		return nil, errPickleStack
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v, nil
}

// popMark removes the values above the last mark, and the mark. They are valid
// until the next push.
func (u *unpickler) popMark() ([]any, error) {
	if len(u.marks) == 0 {
		return nil, errors.New("the pickle takes a mark where there is none")
	}
	at := u.marks[len(u.marks)-1]
	u.marks = u.marks[:len(u.marks)-1]
	v := u.stack[at:]
	u.stack = u.stack[:at]
	return v, nil
}

// top returns the topmost value without removing it.
func (u *unpickler) top() (any, error) {
	v, err := u.pop()
	if err == nil {
		u.stack = u.stack[:len(u.stack)+1]
	}
	return v, err
}

func (u *unpickler) pushTuple(items []any) error {
	return u.push(append(pyTuple(nil), items...), 24+16*len(items))
}

func (u *unpickler) pushString(b []byte, err error) error {
	if err != nil {
		return err
	}
	return u.push(string(b), 16+len(b))
}

func (u *unpickler) pushBytes(b []byte, err error) error {
	if err != nil {
		return err
	}
	return u.push(pyBytes(b), 24) // b is part of the file in memory
}

// pushLong pushes a little-endian two's complement integer.
func (u *unpickler) pushLong(b []byte, err error) error {
	switch {
	case err != nil:
		return err
	case len(b) > 8:
		return u.push(pyLong(b), 24)
	case len(b) == 0:
		return u.push(int64(0), 8)
	}
	var wide [8]byte
	copy(wide[:], b)
	shift := 64 - 8*len(b) // carries the sign up and back
	return u.push(int64(binary.LittleEndian.Uint64(wide[:]))<<shift>>shift, 8)
}

func (u *unpickler) put(key uint64, err error) error {
	if err != nil {
		return err
	}
	v, err := u.top()
	if err != nil {
		return err
	}
	if err := u.mem.take(32); err != nil {
		return err
	}
	u.memo[uint32(key)] = v
	return nil
}

func (u *unpickler) get(key uint64, err error) error {
	if err != nil {
		return err
	}
	v, known := u.memo[uint32(key)]
	if !known {
		return fmt.Errorf("the pickle takes value %d, which it has not stored", key)
	}
	return u.push(v, 0)
}

// appendTo appends to the list on top of the stack.
func (u *unpickler) appendTo(items ...any) error {
	v, err := u.top()
	if err != nil {
		return err
	}
	l, is := v.(*pyList)
	if !is {
		return fmt.Errorf("the pickle appends to %s, want a list", pyKind(v))
	}
	l.items = append(l.items, items...)
	return u.mem.take(16 * len(items))
}

// setItems adds key, value, key, value, ... to the dict on top of the stack.
func (u *unpickler) setItems(pairs ...any) error {
	v, err := u.top()
	if err != nil {
		return err
	}
	d, is := v.(*pyDict)
	if !is || len(pairs)%2 != 0 {
		return fmt.Errorf("the pickle sets items with %d values in %s, want pairs and a dict", len(pairs), pyKind(v))
	}
	for i := 0; i < len(pairs); i += 2 {
		d.items = append(d.items, pyItem{pairs[i], pairs[i+1]})
	}
	return u.mem.take(16 * len(pairs))
}

// global pushes a name if it is one that stands for data.
func (u *unpickler) global(module, name string) error {
	full := module + "." + name
	if _, allowed := torchGlobals[full]; !allowed {
		hint := ""
		if !strings.HasPrefix(full, "torch.") || strings.HasPrefix(full, "torch.nn.") {
			hint = "; if this is your own model, save model.state_dict() instead"
		}
		return fmt.Errorf("the pickle names %.80s; only tensors are read, nothing was executed%s", full, hint)
	}
	return u.push(pyGlobal(full), 16)
}
