package model

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Files made to eat memory or time get a small multiple of their size of the
// one and a second of the other.
func TestHostileFiles(t *testing.T) {
	const size = 1 << 18
	repeat := func(head, s string) []byte {
		return append([]byte("\x80\x02"+head), strings.Repeat(s, size/len(s))...)
	}
	var keys bytes.Buffer // distinct places of the memo
	keys.WriteString("\x80\x02N")
	for i := range size / 5 {
		keys.Write([]byte{'r', byte(i), byte(i >> 8), byte(i >> 16), 0})
	}
	deep := append([]byte("\x80\x02"), strings.Repeat("]", size)...)
	deep = append(deep, strings.Repeat("a", size)...)
	for _, tc := range []struct {
		name string
		file []byte
	}{
		{"dicts", repeat("", "}")},
		{"lists", repeat("", "]")},
		{"tuples", repeat("", ")")},
		{"marks", repeat("", "(")},
		{"copies", repeat("N", "2")},
		{"memo", keys.Bytes()},
		{"memoize", repeat("N", "\x94")},
		{"nested lists", deep},
		{"nested tuples", repeat("N", "\x85")},
		{"a list made into dicts", repeat("ccollections\nOrderedDict\nq\x00(](NN\x86e"+strings.Repeat("NN\x86a", 1000)+"\x85q\x010", "h\x00h\x01R0")},
		{"a list in itself", repeat("]q\x00", "h\x00a")},
		{"pushed and popped", repeat("", "}0")},
		{"long strings", repeat("", "X\x40\x00\x00\x00"+strings.Repeat("x", 64))},
		{"names", repeat("", "ccollections\nOrderedDict\n")},
		{"safetensors header", st("{"+strings.Repeat(`"a":{"b":[[[]]]},`, size/17)+`"z":{}}`, "")},
	} {
		for _, zipped := range []bool{false, true} {
			file := tc.file
			if zipped && tc.file[0] == 0x80 {
				file = zipFile(t, tc.file)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := DecodeWeights(file)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Errorf("%s: got no error", tc.name)
				continue
			}
			// What was allocated in all, garbage of growing slices included.
			if used := (after.TotalAlloc - before.TotalAlloc) / uint64(len(file)); used > 100 {
				t.Errorf("%s: allocated %d times the file's size", tc.name, used)
			}
			if took > 5*time.Second {
				t.Errorf("%s: took %v", tc.name, took)
			}
		}
	}
}
