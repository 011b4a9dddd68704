package experiments

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func quarantined(t *testing.T, s *Store) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Dir, "quarantine", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func TestStoreKeepsTheFirst(t *testing.T) {
	s := &Store{t.TempDir()}
	key := keyOf("a")
	if b, err := s.Get(key, nil); b != nil || err != nil {
		t.Fatalf("Get of nothing: got %q, %v", b, err)
	}
	if stored, err := s.Put(key, []byte("one")); !stored || err != nil {
		t.Fatalf("first Put: got %v, %v, want true, nil", stored, err)
	}
	if stored, err := s.Put(key, []byte("one")); stored || err != nil {
		t.Fatalf("same Put: got %v, %v, want false, nil", stored, err)
	}
	if _, err := s.Put(key, []byte("two")); !errors.Is(err, ErrDiffers) {
		t.Fatalf("other Put: got %v, want ErrDiffers", err)
	}
	if b, err := s.Get(key, nil); string(b) != "one" || err != nil {
		t.Errorf("Get: got %q, %v, want the first payload", b, err)
	}
	if n := quarantined(t, s); n != 1 {
		t.Errorf("%d files in quarantine, want 1: the second payload", n)
	}
	if tmp, _ := filepath.Glob(filepath.Join(s.Dir, "cells", "*", ".*")); len(tmp) > 0 {
		t.Errorf("left behind: %v", tmp)
	}
}

// TestStoreWithoutLinks keeps the first and compares on file systems that have
// no links, too.
func TestStoreWithoutLinks(t *testing.T) {
	link = func(from, to string) error { return &os.LinkError{Op: "link", Old: from, New: to, Err: syscall.EPERM} }
	t.Cleanup(func() { link = os.Link })
	TestStoreKeepsTheFirst(t)
	dir := t.TempDir()
	for range 2 {
		if _, err := Claim(dir, Manifest{Format: 1, Name: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Claim(dir, Manifest{Format: 1, Name: "y"}); err == nil {
		t.Error("another run claimed the directory")
	}
}

// TestStoreFindsEveryDamage flips every byte of a cell, cuts it at every length
// and lengthens it: none of that may pass.
func TestStoreFindsEveryDamage(t *testing.T) {
	s := &Store{t.TempDir()}
	key := keyOf("a")
	payload := []byte("a payload of some length")
	if _, err := s.Put(key, payload); err != nil {
		t.Fatal(err)
	}
	file := s.cell(key)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := 0
	check := func(what string, b []byte) {
		t.Helper()
		damaged++
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		told := ""
		got, err := s.Get(key, func(err error) { told = err.Error() })
		if got != nil || err != nil {
			t.Fatalf("%s: got %q, %v, want no payload and no error", what, got, err)
		}
		if !strings.Contains(told, file) || !strings.Contains(told, "quarantine") {
			t.Fatalf("%s: told %q, want the file and its quarantine", what, told)
		}
		if exists(file) {
			t.Fatalf("%s: the damaged cell is still there", what)
		}
	}
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1
		check(fmt.Sprintf("byte %d flipped", i), b)
	}
	for n := range whole {
		check(fmt.Sprintf("cut to %d bytes", n), whole[:n])
	}
	check("lengthened", append(bytes.Clone(whole), 0))
	other := keyOf("b")
	if _, err := s.Put(other, payload); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.cell(other))
	if err != nil {
		t.Fatal(err)
	}
	check("another key's cell under this name", b)
	if n := quarantined(t, s); n != damaged {
		t.Errorf("%d files in quarantine, want %d", n, damaged)
	}
	// A writer that meets a damaged cell replaces it.
	if err := os.WriteFile(file, whole[:40], 0o644); err != nil {
		t.Fatal(err)
	}
	if stored, err := s.Put(key, payload); !stored || err != nil {
		t.Fatalf("Put over a damaged cell: got %v, %v, want true, nil", stored, err)
	}
	if b, err := s.Get(key, nil); !bytes.Equal(b, payload) || err != nil {
		t.Errorf("Get: got %q, %v", b, err)
	}
}

func TestStoreWithManyWriters(t *testing.T) {
	s := &Store{t.TempDir()}
	var wg sync.WaitGroup
	var stored atomic.Int64
	const keys, writers = 20, 8
	for range writers {
		wg.Go(func() {
			for k := range keys {
				ok, err := s.Put(keyOf(fmt.Sprint(k)), fmt.Appendf(nil, "payload %d", k))
				if err != nil {
					t.Error(err)
				}
				if ok {
					stored.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if stored.Load() != keys {
		t.Errorf("%d writes won, want %d, one a key", stored.Load(), keys)
	}
	all, err := s.Keys()
	if err != nil || len(all) != keys {
		t.Fatalf("Keys: got %d, %v, want %d", len(all), err, keys)
	}
	for _, k := range all {
		if _, err := s.read(k); err != nil {
			t.Error(err)
		}
	}
	if tmp, _ := filepath.Glob(filepath.Join(s.Dir, "cells", "*", ".*")); len(tmp) > 0 {
		t.Errorf("left behind: %v", tmp)
	}
}

func TestStoreSweepsOldTemporaries(t *testing.T) {
	s := &Store{t.TempDir()}
	if _, err := s.Put(keyOf("a"), nil); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(s.cell(keyOf("a")))
	for _, name := range []string{".old-1.tmp", ".new-1.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	then := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, ".old-1.tmp"), then, then); err != nil {
		t.Fatal(err)
	}
	s.sweep(func(i fs.FileInfo) bool { return time.Since(i.ModTime()) > time.Hour })
	if exists(filepath.Join(dir, ".old-1.tmp")) || !exists(filepath.Join(dir, ".new-1.tmp")) || !exists(s.cell(keyOf("a"))) {
		t.Error("want the old temporary gone, the new one and the cell left")
	}
}

func TestKeyOfKeepsFieldsApart(t *testing.T) {
	if keyOf("ab", "c") == keyOf("a", "bc") || keyOf("a") == keyOf("a", "") || keyOf("1:a") == keyOf("1", "a") {
		t.Error("different fields give the same key")
	}
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		i := rapid.SliceOf(rapid.Int()).Draw(t, "ints")
		d := rapid.SliceOf(rapid.Float64()).Draw(t, "floats")
		f := rapid.SliceOf(rapid.Float32()).Draw(t, "float32s")
		var r record
		r.bytes("b", b)
		r.ints("i", i)
		r.floats("d", d)
		r.float32s("f", f)
		a, err := readRecord(r.b)
		if err != nil {
			t.Fatal(err)
		}
		gb, err1 := array[byte](a, "b", len(b))
		gi, err2 := array[int](a, "i", len(i))
		gd, err3 := array[float64](a, "d", len(d))
		gf, err4 := array[float32](a, "f", len(f))
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		var again record
		again.bytes("b", gb)
		again.ints("i", gi)
		again.floats("d", gd)
		again.float32s("f", gf)
		if !bytes.Equal(r.b, again.b) {
			t.Errorf("read back and written again, the record differs")
		}
	})
}

func TestRecordHasOneNaN(t *testing.T) {
	var a, b record
	a.floats("x", []float64{math.NaN()})
	b.floats("x", []float64{math.Float64frombits(0xfff8000000000001)})
	if !bytes.Equal(a.b, b.b) {
		t.Error("two NaNs give two records")
	}
}

func FuzzReadRecord(f *testing.F) {
	var r record
	r.ints("index", []int{1, 2})
	r.float32s("maps", []float32{1})
	f.Add(r.b)
	f.Add([]byte{1, 'x', 'd', 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := readRecord(b); err != nil && !strings.HasPrefix(err.Error(), "experiments: record: ") {
			t.Errorf("got %v", err)
		}
	})
}

func TestJournalKnowsBrokenLines(t *testing.T) {
	s := &Store{t.TempDir()}
	j, err := s.journal()
	if err != nil {
		t.Fatal(err)
	}
	j.write(event{Event: "started", Dir: "/data"})
	j.write(event{Event: "cell", Key: "k", Millis: 1.5})
	j.write(event{Event: "done"})
	j.close()
	b, err := os.ReadFile(j.f.Name())
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(`"ms":1.5`), []byte(`"ms":2.5`), 1)
	if err := os.WriteFile(j.f.Name(), b[:len(b)-5], 0o644); err != nil {
		t.Fatal(err)
	}
	es, broken, err := readJournal(j.f.Name())
	if err != nil || len(es) != 1 || es[0].Dir != "/data" || broken != 2 {
		t.Errorf("got %v, %d broken, %v; want the first line, 2 broken", es, broken, err)
	}
}

// The last of two runs is the one with the later time, to the nanosecond: text
// without trailing zeros would not sort so.
func TestPlacesAreTheLast(t *testing.T) {
	s := &Store{t.TempDir()}
	for _, e := range []struct {
		dir string
		at  time.Time
	}{
		{"/old", time.Date(2026, 1, 2, 3, 4, 5, 100_000_000, time.UTC)},
		{"/new", time.Date(2026, 1, 2, 3, 4, 5, 120_000_000, time.UTC)},
	} {
		j, err := s.journal()
		if err != nil {
			t.Fatal(err)
		}
		j.at(e.at, event{Event: "started", Dir: e.dir})
		j.close()
	}
	last, broken, err := s.places()
	if err != nil || broken != 0 || last.Dir != "/new" {
		t.Errorf("got %+v, %d broken, %v, want /new", last, broken, err)
	}
}
