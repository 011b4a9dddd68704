package experiments

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// journal is one process's account of its work: one JSON object a line, each
// with a checksum of the rest of the line. Times, hosts and paths are here and
// nowhere else in a run directory.
type journal struct {
	mu sync.Mutex
	f  *os.File
}

// event is one line of a journal.
type event struct {
	Time   string  `json:"time"`
	Event  string  `json:"event"` // started, cell, corrupt, differs, trained, interrupted, failed, done
	Key    string  `json:"key,omitempty"`
	What   string  `json:"what,omitempty"`
	Millis float64 `json:"ms,omitempty"`
	Worker int     `json:"worker,omitempty"`
	Host   string  `json:"host,omitempty"`
	Dir    string  `json:"dir,omitempty"`     // where the data lie
	Masks  string  `json:"masks,omitempty"`   // and the objects' masks
	File   string  `json:"weights,omitempty"` // where the weights were read from
	Sum    string  `json:"sum,omitempty"`     // first 16 hexadecimal digits of the SHA-256 of the line without it
}

func (s *Store) journal() (*journal, error) {
	dir := filepath.Join(s.Dir, "events")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, full(err)
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "host"
	}
	name := fmt.Sprintf("%s-%d-%s.jsonl", identify(host, nil), os.Getpid(), random())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, full(err)
	}
	return &journal{f: f}, nil
}

// write adds a line. A journal that cannot be written (the disk is full) does
// not stop the run: the cells are what counts.
func (j *journal) write(e event) { j.at(time.Now(), e) }

// stamp is RFC 3339 with all nine digits, so that times sort as text.
const stamp = "2006-01-02T15:04:05.000000000Z07:00"

func (j *journal) at(t time.Time, e event) {
	e.Time = t.UTC().Format(stamp)
	b, err := json.Marshal(e)
	if err != nil {
		return
	}
	sum := sha256.Sum256(b)
	b = fmt.Appendf(b[:len(b)-1], ",\"sum\":%q}\n", hex.EncodeToString(sum[:8]))
	j.mu.Lock()
	defer j.mu.Unlock()
	j.f.Write(b)
}

func (j *journal) close() { j.f.Close() }

// readJournal returns the lines of a journal that are whole; a kill may cut the
// last one off.
func readJournal(file string) ([]event, int, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, 0, fmt.Errorf("experiments: %w", err)
	}
	var out []event
	broken := 0
	for line := range bytes.Lines(b) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			broken++
			continue
		}
		i := bytes.LastIndex(line, []byte(`,"sum":`))
		if i < 0 {
			broken++
			continue
		}
		sum := sha256.Sum256(append(bytes.Clone(line[:i]), '}'))
		if e.Sum != hex.EncodeToString(sum[:8]) {
			broken++
			continue
		}
		out = append(out, e)
	}
	return out, broken, nil
}
