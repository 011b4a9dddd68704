package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// checkpointKeys name the state_dict inside a checkpoint that holds more.
var checkpointKeys = []string{"state_dict", "model_state_dict", "model", "net"}

// wrappers begin the names of all tensors of a network that was wrapped when it was
// saved, by DataParallel or torch.compile.
var wrappers = []string{"module.", "_orig_mod."}

// unwrap drops them.
func (w *Weights) unwrap() {
	for range wrappers { // either may wrap the other
		for _, prefix := range wrappers {
			if slices.ContainsFunc(w.Tensors, func(t Tensor) bool { return !strings.HasPrefix(t.Name, prefix) }) {
				continue
			}
			for i := range w.Tensors {
				w.Tensors[i].Name = strings.TrimPrefix(w.Tensors[i].Name, prefix)
			}
		}
	}
}

// stateDict copies the floating-point tensors of a pickled state_dict out of
// their storages, which open finds.
func stateDict(value any, mem *budget, open func(*torchStorage) (torchRun, error)) (*Weights, error) {
	dict, is := value.(*pyDict)
	if !is {
		return nil, fmt.Errorf("the file holds %s, want a state_dict", pyKind(value))
	}
	for _, key := range checkpointKeys {
		v, has := dict.get(key)
		if _, tensor := v.(*torchTensor); !has || tensor { // a name like another
			continue
		}
		if dict, is = v.(*pyDict); !is {
			return nil, fmt.Errorf("%s is %s, want a dict of tensors", key, pyKind(v))
		}
		break
	}
	w := &Weights{}
	place := make(map[string]int, len(dict.items))
	for _, item := range dict.items {
		name, is := item.key.(string)
		if !is {
			return nil, fmt.Errorf("the state_dict has %s for a key, want a tensor's name", pyKind(item.key))
		}
		t, is := item.value.(*torchTensor)
		if !is {
			return nil, fmt.Errorf("%.80q is %s, want a tensor: the file must hold a state_dict, itself or under the key %s", name, pyKind(item.value), strings.Join(checkpointKeys, " or "))
		}
		if torchGlobals[string(t.storage.kind)].float == nil {
			continue // counters such as BatchNorm's num_batches_tracked
		}
		run, err := open(t.storage)
		if err != nil {
			return nil, fmt.Errorf("%.80q: %w", name, err)
		}
		tensor, err := t.read(run, mem)
		if err != nil {
			return nil, fmt.Errorf("%.80q: %w", name, err)
		}
		tensor.Name = name
		if i, dup := place[name]; dup {
			w.Tensors[i] = tensor // as in Python, the later one counts
			continue
		}
		place[name] = len(w.Tensors)
		w.Tensors = append(w.Tensors, tensor)
	}
	if len(w.Tensors) == 0 {
		return nil, errors.New("the state_dict holds no floating-point tensor")
	}
	return w, nil
}

// read copies the tensor out of its storage into row-major order.
func (t *torchTensor) read(run torchRun, mem *budget) (Tensor, error) {
	e := torchGlobals[string(t.storage.kind)]
	if size := int64(len(run.data)); size%int64(e.width) != 0 || size/int64(e.width) != t.storage.size {
		return Tensor{}, fmt.Errorf("offset %d: the storage has %d bytes, want %d values of %d bytes", run.at, size, t.storage.size, e.width)
	}
	n := t.values() // at most the file's size, as the storage has been found in it
	if err := mem.take(4*int(n) + 64 + 8*len(t.shape)); err != nil {
		return Tensor{}, err
	}
	out := Tensor{Shape: make([]int, len(t.shape)), Data: make([]float32, n)}
	for i, d := range t.shape {
		if d > 1<<40 {
			return Tensor{}, fmt.Errorf("shape %v is beyond all files", t.shape)
		}
		out.Shape[i] = int(d)
	}
	at := t.storage.offset + t.offset // value in the run
	index := make([]int64, len(t.shape))
	for i := range out.Data {
		out.Data[i] = e.float(run.data[at*int64(e.width):])
		for k := len(index) - 1; k >= 0; k-- {
			index[k]++
			at += t.stride[k]
			if index[k] < t.shape[k] {
				break
			}
			at -= t.shape[k] * t.stride[k]
			index[k] = 0
		}
	}
	return out, nil
}
