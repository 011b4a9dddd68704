package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/google/renameio/v2/maybe"

	"assay/model"
)

// A checkpoint is two files in a directory: epoch-00003.safetensors holds the
// weights after three epochs and the momentum buffers (each weight's name
// behind "velocity."), epoch-00003.json what the training is and how it went.
// The JSON file is written last and holds the SHA-256 of the other, so a
// checkpoint is there in whole or not at all. The two newest are kept.

// identity is what must agree for a training to be continued.
type identity struct {
	Version  int      `json:"version"`
	Net      string   `json:"net"`   // Net.String
	Train    string   `json:"train"` // Dataset.Hash of the training split
	Test     string   `json:"test"`  // and of the test split
	Seed     uint64   `json:"seed"`
	Settings Settings `json:"settings"`
}

// state is the content of a checkpoint's JSON file.
type state struct {
	identity
	History history `json:"history"`
	Tensors string  `json:"tensors"` // SHA-256 of the .safetensors file
}

// history is what a training has to show so far.
type history struct {
	Epochs  []Epoch   `json:"epochs"`
	Running []float64 `json:"running"`
}

const (
	checkpointVersion = 1
	velocityPrefix    = "velocity."
)

// differences lists every field in which the training found differs from the
// one wanted. More or fewer epochs make no other training, except that the
// cosine schedule depends on their number.
func (want identity) differences(found identity) []string {
	var diff []string
	differ := func(name string, f, w any) {
		if f != w {
			diff = append(diff, fmt.Sprintf("%s is %v, want %v", name, f, w))
		}
	}
	differ("the checkpoint's version", found.Version, want.Version)
	differ("the network", found.Net, want.Net)
	differ("the training split's hash", found.Train, want.Train)
	differ("the test split's hash", found.Test, want.Test)
	differ("the seed", found.Seed, want.Seed)
	f, w := reflect.ValueOf(found.Settings), reflect.ValueOf(want.Settings)
	for i := range w.NumField() {
		option := w.Type().Field(i).Tag.Get("yaml")
		switch option {
		case "seed": // compared above, after -1 became the run's
		case "epochs":
			if want.Settings.Schedule == "cosine" {
				differ(option, f.Field(i).Interface(), w.Field(i).Interface())
			}
		default:
			differ(option, f.Field(i).Interface(), w.Field(i).Interface())
		}
	}
	return diff
}

// Mismatch is the error of continuing another training's checkpoints.
type Mismatch struct {
	Dir         string
	Differences []string // "lr is 0.01, want 0.001"
}

// Error lists the differences.
func (e *Mismatch) Error() string {
	return fmt.Sprintf("train: the checkpoints in %s are of another training: %s", e.Dir, strings.Join(e.Differences, "; "))
}

func checkpointPath(dir string, epochs int, ext string) string {
	return filepath.Join(dir, fmt.Sprintf("epoch-%05d.%s", epochs, ext))
}

// save writes the checkpoint after the last epoch of h and removes those before
// the one before it.
func save(dir string, id identity, h history, t *model.Trainer) error {
	epochs := len(h.Epochs)
	both := t.Weights()
	for _, v := range t.Velocity().Tensors {
		v.Name = velocityPrefix + v.Name
		both.Tensors = append(both.Tensors, v)
	}
	tensors, err := both.Safetensors()
	if err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	b, err := seal(state{id, h, sum(tensors)})
	if err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	if err := writePair(dir, epochs, tensors, b); err != nil {
		return fmt.Errorf("train: checkpoint: %w", err)
	}
	old, err := checkpoints(dir)
	if err != nil {
		return err
	}
	for _, e := range old {
		if e < epochs-1 {
			// What remains is only space: a failure to remove is no failure to train.
			_ = os.Remove(checkpointPath(dir, e, "json"))
			_ = os.Remove(checkpointPath(dir, e, "safetensors"))
		}
	}
	return nil
}

// writePair writes both files of a checkpoint. Another process that trains the
// same network may finish in between and remove the directory: then it is made
// again.
func writePair(dir string, epochs int, tensors, state []byte) error {
	var err error
	for range 10 {
		if err = os.MkdirAll(dir, 0o755); err == nil {
			err = maybe.WriteFile(checkpointPath(dir, epochs, "safetensors"), tensors, 0o644)
		}
		if err == nil {
			err = maybe.WriteFile(checkpointPath(dir, epochs, "json"), state, 0o644)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// Discard removes the checkpoints in dir, and dir itself if nothing else is in
// it. Files that were set aside as corrupt stay.
func Discard(dir string) error {
	found, err := checkpoints(dir)
	if err != nil {
		return err
	}
	for _, epochs := range found {
		// The JSON file first: without it the other is no checkpoint.
		for _, ext := range []string{"json", "safetensors"} {
			if err := os.Remove(checkpointPath(dir, epochs, ext)); err != nil {
				return fmt.Errorf("train: checkpoint: %w", err)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("train: checkpoints: %w", err)
	}
	for _, e := range entries {
		// What a killed process was writing has a name that begins with a dot.
		if strings.HasPrefix(e.Name(), ".epoch-") {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("train: checkpoint: %w", err)
			}
		}
	}
	_ = os.Remove(dir) // fails where dir is not empty, as it should
	return nil
}

// load restores the newest checkpoint of at most maxEpochs epochs into t and
// returns its history, an empty one where there is none. A corrupt checkpoint
// is set aside as *.corrupt, reported to warn, and the one before is tried. A
// checkpoint of another training is a Mismatch.
func load(dir string, want identity, maxEpochs int, n *model.Net, warn func(string)) (h history, t *model.Trainer, err error) {
	found, err := checkpoints(dir)
	if err != nil {
		return h, nil, err
	}
	for _, epochs := range slices.Backward(found) {
		if epochs > maxEpochs {
			continue
		}
		st, err := readState(checkpointPath(dir, epochs, "json"))
		if err == nil {
			// Another training's checkpoint is to be left alone, not judged.
			if diff := want.differences(st.identity); len(diff) > 0 {
				return h, nil, &Mismatch{dir, diff}
			}
			if len(st.History.Epochs) != epochs {
				err = fmt.Errorf("it holds %d epochs, want %d", len(st.History.Epochs), epochs)
			}
		}
		if err == nil {
			t, err = readTensors(checkpointPath(dir, epochs, "safetensors"), st.Tensors, n)
		}
		if err == nil {
			return st.History, t, nil
		}
		for _, ext := range []string{"json", "safetensors"} {
			path := checkpointPath(dir, epochs, ext)
			if e := os.Rename(path, path+".corrupt"); e != nil && !errors.Is(e, fs.ErrNotExist) {
				return h, nil, fmt.Errorf("train: the checkpoint of epoch %d is corrupt (%w) and cannot be set aside: %w", epochs, err, e)
			}
		}
		warn(fmt.Sprintf("the checkpoint of epoch %d in %s is corrupt (%v); set aside as *.corrupt, going on from an earlier one", epochs, dir, err))
	}
	return h, nil, nil
}

// checkpoints lists the epochs after which dir holds a checkpoint, ascending.
func checkpoints(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("train: checkpoints: %w", err)
	}
	var epochs []int
	for _, e := range entries {
		var n int
		if _, err := fmt.Sscanf(e.Name(), "epoch-%d.json", &n); err == nil && filepath.Join(dir, e.Name()) == checkpointPath(dir, n, "json") {
			epochs = append(epochs, n)
		}
	}
	slices.Sort(epochs)
	return epochs, nil
}

// sealed is a JSON document with the SHA-256 of its compact form.
type sealed struct {
	SHA256 string          `json:"sha256"`
	State  json.RawMessage `json:"state"`
}

func seal(st state) ([]byte, error) {
	b, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	b, err = json.MarshalIndent(sealed{sum(b), b}, "", "  ")
	return append(b, '\n'), err
}

func readState(path string) (st state, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return st, err
	}
	var s sealed
	if err := json.Unmarshal(b, &s); err != nil {
		return st, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, s.State); err != nil {
		return st, err
	}
	if got := sum(compact.Bytes()); got != s.SHA256 {
		return st, fmt.Errorf("the SHA-256 of the state is %s, want %s", got, s.SHA256)
	}
	return st, json.Unmarshal(s.State, &st)
}

func readTensors(path, want string, n *model.Net) (*model.Trainer, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if got := sum(b); got != want {
		return nil, fmt.Errorf("the SHA-256 of %s is %s, want %s", filepath.Base(path), got, want)
	}
	both, err := model.DecodeWeights(b)
	if err != nil {
		return nil, err
	}
	var weights, velocity model.Weights
	for _, t := range both.Tensors {
		if name, ok := strings.CutPrefix(t.Name, velocityPrefix); ok {
			t.Name = name
			velocity.Tensors = append(velocity.Tensors, t)
		} else {
			weights.Tensors = append(weights.Tensors, t)
		}
	}
	t, err := model.NewTrainer(n, &weights)
	if err != nil {
		return nil, err
	}
	return t, t.SetVelocity(&velocity)
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
