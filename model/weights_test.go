package model

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/model/npy"
)

const oraclePT = "../testdata/oracle/weights.pt"

// The file that PyTorch wrote must give the logits that PyTorch computed.
func TestReadWeightsLogits(t *testing.T) {
	w, err := ReadWeights(oraclePT)
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(Nets["tutorial"].New(Shape{3, 32, 32}, 10), w)
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := npy.Read("../testdata/oracle/inputs.npy")
	if err != nil {
		t.Fatal(err)
	}
	want, err := npy.Read("../testdata/oracle/logits.npy")
	if err != nil {
		t.Fatal(err)
	}
	var got []float32
	size := m.Net().Input.Size()
	err = m.Worker().Logits(context.Background(), inputs.Shape[0],
		func(i int, x []float32) { copy(x, inputs.Float32s()[i*size:]) },
		func(_ int, logits []float32) { got = append(got, logits...) })
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want.Float64s() {
		if d := math.Abs(float64(got[i]) - v); d > 1e-4 {
			t.Errorf("logit %d: got %v, want %v", i, got[i], v)
		}
	}
}

func TestReadWeightsLegacy(t *testing.T) {
	path := os.Getenv("ASSAY_WEIGHTS")
	if path == "" {
		t.Skip("ASSAY_WEIGHTS does not name the weights of Captum's tutorial")
	}
	w, err := ReadWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Nets["tutorial"].New(Shape{3, 32, 32}, 10), w); err != nil {
		t.Error(err)
	}
}

// py writes pickles for the tests, protocol 2 as torch.save does.
type py struct{ bytes.Buffer }

func (p *py) op(b ...any) *py {
	for _, v := range b {
		switch v := v.(type) {
		case string:
			p.WriteString(v)
		case int:
			p.WriteByte(byte(v))
		}
	}
	return p
}

func (p *py) str(s string) *py {
	p.WriteByte('X')
	p.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(s))))
	p.WriteString(s)
	return p
}

func (p *py) num(v int64) *py {
	p.op(0x8a, 8)
	p.Write(binary.LittleEndian.AppendUint64(nil, uint64(v)))
	return p
}

func (p *py) tuple(v []int64) *py {
	p.op("(")
	for _, d := range v {
		p.num(d)
	}
	return p.op("t")
}

// stored is a tensor as the test writes it.
type stored struct {
	name          string
	kind          string // "Float"
	key           string
	count         int64 // values in the storage
	offset        int64
	shape, stride []int64
}

func (p *py) tensor(s stored, legacy bool) *py {
	p.op("ctorch._utils\n_rebuild_tensor_v2\n", "((").str("storage").op("ctorch\n" + s.kind + "Storage\n")
	p.str(s.key).str("cpu").num(s.count)
	if legacy {
		p.op("N")
	}
	p.op("t", "Q").num(s.offset).tuple(s.shape).tuple(s.stride)
	return p.op(0x89, "ccollections\nOrderedDict\n)R", "t", "R")
}

func (p *py) stateDict(ts []stored, legacy bool) *py {
	p.op("ccollections\nOrderedDict\n)R", "(")
	for _, s := range ts {
		p.str(s.name).tensor(s, legacy)
	}
	return p.op("u")
}

// pickled is a whole pickle with the given body.
func pickled(body func(p *py)) []byte {
	p := &py{}
	p.op(0x80, 2)
	body(p)
	p.op(".")
	return p.Bytes()
}

// run is a storage's key and bytes.
type run struct {
	key   string
	data  []byte
	count int // values
}

func legacyFile(value []byte, runs ...run) []byte {
	b := pickled(func(p *py) { p.op(0x8a, 10, string(torchMagic)) })
	b = append(b, pickled(func(p *py) { p.op("M\xe9\x03") })...)
	b = append(b, pickled(func(p *py) { p.op("}").str("little_endian").op(0x88, "s") })...)
	b = append(b, value...)
	b = append(b, pickled(func(p *py) {
		p.op("](")
		for _, r := range runs {
			p.str(r.key)
		}
		p.op("e")
	})...)
	for _, r := range runs {
		b = binary.LittleEndian.AppendUint64(b, uint64(r.count))
		b = append(b, r.data...)
	}
	return b
}

func zipFile(t testing.TB, value []byte, runs ...run) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, data []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "net/" + name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	add("data.pkl", value)
	for _, r := range runs {
		add("data/"+r.key, r.data)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func le32(v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// Every form a state_dict comes in, as both formats.
func TestDecodeTorch(t *testing.T) {
	six := run{"k", le32(1, 2, 3, 4, 5, 6), 6}
	plain := stored{"w", "Float", "k", 6, 0, []int64{2, 3}, []int64{3, 1}}
	with := func(f func(*stored)) []stored {
		s := plain
		f(&s)
		return []stored{s}
	}
	var doubles []byte
	for _, v := range []float64{0.1, -2} {
		doubles = binary.LittleEndian.AppendUint64(doubles, math.Float64bits(v))
	}
	counter := stored{"bn.num_batches_tracked", "Long", "n", 1, 0, nil, nil}
	for _, tc := range []struct {
		name  string
		value func(p *py, legacy bool)
		runs  []run
		want  []Tensor
	}{
		{"plain", func(p *py, l bool) { p.stateDict([]stored{plain}, l) }, []run{six}, []Tensor{{"w", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}}},
		{
			"transposed",
			func(p *py, l bool) {
				p.stateDict(with(func(s *stored) { s.shape, s.stride = []int64{3, 2}, []int64{1, 3} }), l)
			},
			[]run{six},
			[]Tensor{{"w", []int{3, 2}, []float32{1, 4, 2, 5, 3, 6}}},
		},
		{
			"slice with an offset",
			func(p *py, l bool) {
				p.stateDict(with(func(s *stored) { s.offset, s.shape, s.stride = 1, []int64{2, 2}, []int64{3, 1} }), l)
			},
			[]run{six},
			[]Tensor{{"w", []int{2, 2}, []float32{2, 3, 5, 6}}},
		},
		{
			"scalar",
			func(p *py, l bool) {
				p.stateDict(with(func(s *stored) { s.offset, s.shape, s.stride = 5, nil, nil }), l)
			},
			[]run{six},
			[]Tensor{{"w", []int{}, []float32{6}}},
		},
		{
			"empty",
			func(p *py, l bool) {
				p.stateDict(with(func(s *stored) { s.shape, s.stride = []int64{4, 0}, []int64{1, 1} }), l)
			},
			[]run{six},
			[]Tensor{{"w", []int{4, 0}, []float32{}}},
		},
		{
			"shared storage",
			func(p *py, l bool) {
				b := plain
				b.name, b.offset, b.shape, b.stride = "b", 4, []int64{2}, []int64{1}
				p.stateDict([]stored{plain, b}, l)
			},
			[]run{six},
			[]Tensor{{"w", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}, {"b", []int{2}, []float32{5, 6}}},
		},
		{
			"float64",
			func(p *py, l bool) { p.stateDict([]stored{{"d", "Double", "k", 2, 0, []int64{2}, []int64{1}}}, l) },
			[]run{{"k", doubles, 2}},
			[]Tensor{{"d", []int{2}, []float32{0.1, -2}}},
		},
		{
			"float16",
			func(p *py, l bool) { p.stateDict([]stored{{"h", "Half", "k", 2, 0, []int64{2}, []int64{1}}}, l) },
			[]run{{"k", []byte{0x00, 0x3c, 0x00, 0xc1}, 2}},
			[]Tensor{{"h", []int{2}, []float32{1, -2.5}}},
		},
		{
			"bfloat16",
			func(p *py, l bool) { p.stateDict([]stored{{"h", "BFloat16", "k", 2, 0, []int64{2}, []int64{1}}}, l) },
			[]run{{"k", []byte{0x80, 0x3f, 0x20, 0xc0}, 2}},
			[]Tensor{{"h", []int{2}, []float32{1, -2.5}}},
		},
		{
			"integers are left out",
			func(p *py, l bool) { p.stateDict([]stored{counter, plain}, l) },
			[]run{{"n", make([]byte, 8), 1}, six},
			[]Tensor{{"w", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}},
		},
		{
			"checkpoint",
			func(p *py, l bool) {
				p.op("}(").str("epoch").num(7).str("loss").op("G\x3f\xe0\x00\x00\x00\x00\x00\x00")
				p.str("state_dict").stateDict([]stored{plain}, l)
				p.str("optimizer").op("}").str("lr").op("NsuN0")
			},
			[]run{six},
			[]Tensor{{"w", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}},
		},
		{
			"checkpoint under net",
			func(p *py, l bool) { p.op("}").str("net").stateDict([]stored{plain}, l).op("s") },
			[]run{six},
			[]Tensor{{"w", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}},
		},
		{
			"tensor by the name of a checkpoint's key",
			func(p *py, l bool) { p.stateDict(with(func(s *stored) { s.name = "model" }), l) },
			[]run{six},
			[]Tensor{{"model", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}},
		},
		{
			"DataParallel",
			func(p *py, l bool) {
				p.stateDict(with(func(s *stored) { s.name = "module.fc.weight" }), l)
			},
			[]run{six},
			[]Tensor{{"fc.weight", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}},
		},
		{
			"DataParallel of a compiled network",
			func(p *py, l bool) {
				p.stateDict(with(func(s *stored) { s.name = "module._orig_mod.fc.weight" }), l)
			},
			[]run{six},
			[]Tensor{{"fc.weight", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}},
		},
		{
			"parameter, memo and metadata",
			func(p *py, l bool) {
				p.op("ccollections\nOrderedDict\n)Rq\x00").str("w").op("ctorch._utils\n_rebuild_parameter\nq\x01", "(")
				p.tensor(plain, l).op(0x88, "h\x00tRs")
				p.op("}").str("_metadata").op("h\x00sb")
			},
			[]run{six},
			[]Tensor{{"w", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}}},
		},
	} {
		for _, legacy := range []bool{false, true} {
			value := pickled(func(p *py) { tc.value(p, legacy) })
			file := zipFile(t, value, tc.runs...)
			if legacy {
				file = legacyFile(value, tc.runs...)
			}
			w, err := DecodeWeights(file)
			if err != nil {
				t.Errorf("%s, legacy %v: %v", tc.name, legacy, err)
			} else if d := cmp.Diff(tc.want, w.Tensors); d != "" {
				t.Errorf("%s, legacy %v: (-want +got)\n%s", tc.name, legacy, d)
			}
		}
	}
}

func TestDecodeTorchRefuses(t *testing.T) {
	six := run{"k", le32(1, 2, 3, 4, 5, 6), 6}
	plain := stored{"w", "Float", "k", 6, 0, []int64{2, 3}, []int64{3, 1}}
	bad := func(f func(*stored)) []byte {
		s := plain
		f(&s)
		return pickled(func(p *py) { p.stateDict([]stored{s}, false) })
	}
	good := bad(func(*stored) {})
	whole := zipFile(t, good, six)
	old := legacyFile(pickled(func(p *py) { p.stateDict([]stored{plain}, true) }), six)
	damaged := bytes.Clone(whole)
	damaged[bytes.Index(damaged, six.data)] ^= 1
	body := func(ops ...any) []byte { return zipFile(t, pickled(func(p *py) { p.op(ops...) }), six) }
	for _, tc := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "the file is empty"},
		{"text", []byte("version https://git-lfs.github.com/spec/v1"), `"version https://" opens no weights file`},
		{"cut zip", whole[:len(whole)-30], "not a whole zip archive"},
		{"damaged", damaged, "the file is damaged"},
		{"other zip", func() []byte {
			var b bytes.Buffer
			z := zip.NewWriter(&b)
			_, err := z.Create("a.txt")
			if err := errors.Join(err, z.Close()); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}(), "without data.pkl"},
		{"os.system", body("cos\nsystem\n(", "U\x09rm -rf ~/", "tR"), "offset 44: the pickle names os.system; only tensors are read, nothing was executed"},
		{"by stack", body("U\x02os", "U\x06system", 0x93), "names os.system"},
		{"eval", body("c__builtin__\neval\n"), "names __builtin__.eval"},
		{"torch's own loader", body("ctorch.storage\n_load_from_bytes\n"), "names torch.storage._load_from_bytes"},
		{"whole model", body("c__main__\nNet\n"), "save model.state_dict() instead"},
		{"NEWOBJ", body("ccollections\nOrderedDict\n)", 0x81), "the operation NEWOBJ"},
		{"no operation", body(0xff), "byte 0xff is no pickle operation"},
		{"call of a value", body("K\x01)R"), "the pickle calls an integer"},
		{"call of a type", body("ctorch\nFloatStorage\n)R"), "calls torch.FloatStorage"},
		{"unknown memo", body("h\x05"), "takes value 5, which it has not stored"},
		{"empty stack", body("0"), "takes a value where there is none"},
		{"below the mark", body("N(0"), "takes a value where there is none"},
		{"no mark", body("t"), "takes a mark where there is none"},
		{"odd items", body("}(Nu"), "sets items with 1 values"},
		{"append to a dict", body("}Na"), "appends to a dict"},
		{"long string", body("X\xff\xff\xff\x7f"), "a string of 2147483647 bytes"},
		{"longer string", body(0x8d, "\xff\xff\xff\xff\xff\xff\xff\xff"), "a string of 18446744073709551615 bytes"},
		{"no stop", zipFile(t, []byte("\x80\x02N"), six), "the pickle is cut off"},
		{"a number", body("K\x01"), "the file holds an integer, want a state_dict"},
		{"a dict of numbers", body("}U\x05epochK\x01s"), `"epoch" is an integer, want a tensor`},
		{"nothing in it", body("}"), "no floating-point tensor"},
		{"no storage", zipFile(t, good), `no entry "net/data/k"`},
		{"short storage", zipFile(t, good, run{"k", le32(1, 2, 3, 4, 5), 5}), "the storage has 20 bytes, want 6 values of 4 bytes"},
		{"two types", zipFile(t, pickled(func(p *py) {
			d := plain
			d.kind = "Double"
			p.stateDict([]stored{plain, d}, false)
		}), six), "both torch.FloatStorage and torch.DoubleStorage"},
		{"leaves the storage", zipFile(t, bad(func(s *stored) { s.stride = []int64{4, 1} }), six), "leaves its storage of 6 values"},
		{"offset beyond", zipFile(t, bad(func(s *stored) { s.offset = 1 }), six), "leaves its storage"},
		{"offset at the end", zipFile(t, bad(func(s *stored) { s.offset, s.shape, s.stride = 6, nil, nil }), six), "begins at value 6 of a storage of 6"},
		{"negative offset", zipFile(t, bad(func(s *stored) { s.offset = -1 }), six), "begins at value -1"},
		{"negative stride", zipFile(t, bad(func(s *stored) { s.stride = []int64{-3, 1} }), six), "stride is a tuple of 2"},
		{"overflowing stride", zipFile(t, bad(func(s *stored) { s.stride = []int64{math.MaxInt64, 1} }), six), "leaves its storage"},
		{"overflowing shape", zipFile(t, bad(func(s *stored) { s.shape = []int64{1 << 32, 1 << 32} }), six), "more values than its storage"},
		{"repeated by stride 0", zipFile(t, bad(func(s *stored) { s.shape, s.stride = []int64{1 << 40}, []int64{0} }), six), "more values than its storage"},
		{"ranks differ", zipFile(t, bad(func(s *stored) { s.stride = []int64{1} }), six), "2 sizes and 1 strides"},
		{"legacy: another pickle", pickled(func(p *py) { p.op("}") }), "not one that torch.save wrote"},
		{"legacy: cut", old[:len(old)-1], "has 6 values of 4 bytes, but 23 bytes are left"},
		{"legacy: cut before", old[:len(old)-25], "the file ends before storage 1 of 1"},
		{"legacy: cut name", old[:60], "a name without an end"},
		{"legacy: cut pickle", old[:10], "the pickle is cut off"},
		{"legacy: more", append(bytes.Clone(old), 0), "1 bytes follow the last storage"},
		{"legacy: count", bytes.Replace(old, []byte("\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x3f"), []byte("\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x80\x3f"), 1), "has 18446744073709551615 values"},
	} {
		_, err := DecodeWeights(tc.file)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one with %q", tc.name, err, tc.want)
		}
	}
}

func TestReadWeightsNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "evil.pt")
	value := pickled(func(p *py) { p.op("cos\nsystem\n") })
	if err := os.WriteFile(path, zipFile(t, value), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := ReadWeights(path)
	want := "model: evil.pt: offset 44: the pickle names os.system; only tensors are read, nothing was executed"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := ReadWeights(filepath.Dir(path)); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder: got %v, want an error", err)
	}
}

// A file whose tensors all lie on one storage must not multiply it.
func TestBudget(t *testing.T) {
	data := make([]byte, 1<<16)
	value := pickled(func(p *py) {
		p.op("}(")
		p.str("a").tensor(stored{"", "Float", "k", 1 << 14, 0, []int64{1 << 14}, []int64{1}}, false)
		p.op("q\x01")
		for i := range 1000 {
			p.str(fmt.Sprint(i)).op("h\x01")
		}
		p.op("u")
	})
	_, err := DecodeWeights(zipFile(t, value, run{"k", data, 1 << 14}))
	if err == nil || !strings.Contains(err.Error(), "asks for more than") {
		t.Errorf("got %v, want a refusal", err)
	}
}

// Against the definition: (-1)^s 2^(e-15) (1 + f/1024), 2^-14 (f/1024) for e = 0.
func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		e, f := h>>10&31, float64(h&1023)/1024
		want := math.Ldexp(1+f, e-15)
		switch {
		case e == 0:
			want = math.Ldexp(f, -14)
		case e == 31 && f == 0:
			want = math.Inf(1)
		case e == 31:
			want = math.NaN()
		}
		want = math.Copysign(want, float64(0x7fff-h))
		got := float64(float16At([]byte{byte(h), byte(h >> 8)}))
		if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("%04x: got %v, want %v", h, got, want)
		}
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	w, err := ReadWeights(oraclePT)
	if err != nil {
		t.Fatal(err)
	}
	w.Tensors = append(w.Tensors, Tensor{"scalar", []int{}, []float32{float32(math.Inf(-1))}}, Tensor{"none", []int{0, 2}, []float32{}})
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := w.WriteSafetensors(path); err != nil {
		t.Fatal(err)
	}
	got, err := ReadWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	byName := func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(w.Tensors, byName)
	slices.SortFunc(got.Tensors, byName)
	if d := cmp.Diff(w, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	a, err := w.Safetensors()
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(w.Tensors)
	b, err := w.Safetensors()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the same tensors in another order give other bytes")
	}
}

// st makes a safetensors file by hand.
func st(header, data string) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

func TestDecodeSafetensors(t *testing.T) {
	header := `{"__metadata__":{"format":"pt"},` +
		`"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},` +
		`"b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},` +
		`"h":{"dtype":"F16","shape":[1,2],"data_offsets":[12,16]},` +
		`"f":{"dtype":"F32","shape":[1],"data_offsets":[16,20]},` +
		`"d":{"dtype":"F64","shape":[1],"data_offsets":[20,28]}}`
	data := "12345678" + "\x80\x3f\x20\xc0" + "\x00\x3c\x00\xc1" + "\x00\x00\x80\x3f" + "\x00\x00\x00\x00\x00\x00\x00\xc0"
	w, err := DecodeWeights(st(header, data))
	if err != nil {
		t.Fatal(err)
	}
	want := []Tensor{
		{"b", []int{2}, []float32{1, -2.5}},
		{"h", []int{1, 2}, []float32{1, -2.5}},
		{"f", []int{1}, []float32{1}},
		{"d", []int{1}, []float32{-2}},
	}
	if d := cmp.Diff(want, w.Tensors); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// What wraps a network is dropped whatever the format; a layer that is called so
// is none.
func TestDecodeSafetensorsWrapped(t *testing.T) {
	for first, want := range map[string]string{"module.a": "a", "_orig_mod.module.a": "module.a", "a": "a"} {
		second := "module.b"
		if strings.HasPrefix(first, "_orig_mod.") {
			second = "_orig_mod.b"
		}
		w, err := DecodeWeights(st(fmt.Sprintf(`{"%s":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"%s":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, first, second), "12345678"))
		if err != nil {
			t.Fatal(err)
		}
		if w.Get(want) == nil {
			t.Errorf("%s: got %s and %s, want %s", first, w.Tensors[0].Name, w.Tensors[1].Name, want)
		}
	}
}

// A network that was an attribute of another one fits by the names behind the
// attribute's, if all have it; otherwise the error shows the file's own names.
func TestFitDropsASharedPrefix(t *testing.T) {
	n := &Net{Name: "small", Input: Shape{2, 1, 1}, Layers: []Layer{{Kind: "linear", Name: "fc", Out: 1}}}
	if err := n.Resolve(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		what, weight, bias string
		want               string // of the error; "" for none
	}{
		{"as it is", "fc.weight", "fc.bias", ""},
		{"an attribute", "net.fc.weight", "net.fc.bias", ""},
		{"an attribute of one", "model.net.fc.weight", "model.net.fc.bias", ""},
		{"one of two", "net.fc.weight", "fc.bias", "missing: fc.weight [1 2]\nunexpected: net.fc.weight [1 2]"},
		{"another layer", "net.fc1.weight", "net.fc1.bias", "missing: fc.weight [1 2], fc.bias [1]\nunexpected: net.fc1.weight [1 2], net.fc1.bias [1]"},
		{"no name of its own", "weight", "bias", "missing: fc.weight [1 2], fc.bias [1]\nunexpected: weight [1 2], bias [1]"},
	} {
		w := &Weights{Tensors: []Tensor{{tc.weight, []int{1, 2}, []float32{1, 2}}, {tc.bias, []int{1}, []float32{3}}}}
		got, err := w.Fit(n)
		switch {
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: got %v, want %q", tc.what, err, tc.want)
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.what, err)
		case tc.want == "" && got.Hash() != Init(n, 0).withData(1, 2, 3).Hash():
			t.Errorf("%s: got %v", tc.what, got)
		}
	}
	w := &Weights{Tensors: []Tensor{{"fc.weight", []int{1, 2}, []float32{1}}, {"fc.bias", []int{1}, []float32{3}}}}
	if _, err := w.Fit(n); err == nil || !strings.Contains(err.Error(), "fc.weight has 1 values, want 2") {
		t.Errorf("a tensor without all its values: got %v", err)
	}
}

// withData replaces all values, tensor after tensor.
func (w *Weights) withData(v ...float32) *Weights {
	for _, t := range w.Tensors {
		v = v[copy(t.Data, v):]
	}
	return w
}

func TestDecodeSafetensorsRefuses(t *testing.T) {
	ok := `{"f":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`
	for _, tc := range []struct {
		name string
		file []byte
		want string
	}{
		{"cut header", st(ok, "1234")[:30], "header has 54 bytes, but 22 are left"},
		{"length overflows", append([]byte("\xff\xff\xff\xff\xff\xff\xff\xff"), ok...), "header has 18446744073709551615 bytes"},
		{"cut data", st(ok, "123"), "safetensors header"},
		{"more data", st(ok, "12345"), "safetensors header"},
		{"not JSON", st("{hello", ""), "safetensors header"},
		{"offsets beyond", st(`{"f":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, "1234"), "safetensors header"},
		{"offsets swapped", st(`{"f":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, "1234"), "safetensors header"},
		{"offsets wrap", st(`{"f":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}`, "1234"), "safetensors header"},
		{"shape overflows", st(`{"f":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, ""), "safetensors header"},
		{"shape with 0", st(`{"f":{"dtype":"F32","shape":[0,9223372036854775808],"data_offsets":[0,0]}}`, ""), "beyond all files"},
		{"negative shape", st(`{"f":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, "1234"), "safetensors header"},
		{"overlap", st(`{"f":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"g":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "1234"), "safetensors header"},
		{"type", st(`{"f":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}`, "1234"), "F31"},
		{"null", st(`{"f":null}`, ""), "safetensors header"},
		{"integers only", st(`{"f":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}`, "1234"), "no floating-point tensor"},
		{"long complaint", st(`{"f":{"dtype":"F32","shape":["`+strings.Repeat("x", 5000)+`"],"data_offsets":[0,4]}}`, "1234"), "safetensors header"},
	} {
		_, err := DecodeWeights(tc.file)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one with %q", tc.name, err, tc.want)
		} else if len(err.Error()) > 500 {
			t.Errorf("%s: the error has %d bytes", tc.name, len(err.Error()))
		}
	}
}

// FuzzDecodeWeights feeds hostile files: no panic, no hang, and no more values
// than the file pays for.
func FuzzDecodeWeights(f *testing.F) {
	six := run{"k", le32(1, 2, 3, 4, 5, 6), 6}
	plain := stored{"w", "Float", "k", 6, 0, []int64{2, 3}, []int64{3, 1}}
	f.Add(zipFile(f, pickled(func(p *py) { p.stateDict([]stored{plain}, false) }), six))
	f.Add(legacyFile(pickled(func(p *py) { p.stateDict([]stored{plain}, true) }), six))
	f.Add(st(`{"f":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "1234"))
	f.Fuzz(func(t *testing.T, file []byte) {
		w, err := DecodeWeights(file)
		if err != nil {
			return
		}
		values := 0
		for _, x := range w.Tensors {
			n := 1
			for _, d := range x.Shape {
				n *= d
			}
			if n != len(x.Data) {
				t.Fatalf("%s: %d values for shape %v", x.Name, len(x.Data), x.Shape)
			}
			values += n
		}
		if 4*values > budgetPerByte*len(file)+1<<16 {
			t.Fatalf("%d values out of %d bytes", values, len(file))
		}
	})
}

// FuzzUnpickle runs the pickle machine alone, where a fuzzer gets further than
// behind a checksum.
func FuzzUnpickle(f *testing.F) {
	plain := stored{"w", "Float", "k", 6, 0, []int64{2, 3}, []int64{3, 1}}
	f.Add(pickled(func(p *py) { p.stateDict([]stored{plain}, true) }))
	f.Add(pickled(func(p *py) { p.op("](NNNe2aq\x00h\x000(h\x00td") }))
	f.Add(pickled(func(p *py) { p.op(0x95, "\x01\x00\x00\x00\x00\x00\x00\x00", 0x8c, "\x01a", 0x94, "]l}d", 0x85) }))
	f.Fuzz(func(t *testing.T, b []byte) {
		value, n, err := unpickle(b, 0, map[string]pyGlobal{}, newBudget(len(b)))
		if err != nil {
			return
		}
		if n > len(b) {
			t.Fatalf("read %d of %d bytes", n, len(b))
		}
		_ = pyKind(value)
	})
}

// Weights of another network have all names wrong; an error names a few of them.
func TestFitNamesTheFirstOfManyFaults(t *testing.T) {
	resnet := Nets["resnet20"].New(Shape{3, 32, 32}, 10)
	if err := resnet.Resolve(); err != nil {
		t.Fatal(err)
	}
	_, err := (&Weights{}).Fit(resnet)
	if err == nil {
		t.Fatal("no weights fit a network")
	}
	params := resnet.Params()
	want := fmt.Sprintf("%s %v and %d more", params[5].Name, params[5].Shape, len(params)-6)
	if got := err.Error(); !strings.Contains(got, want) || len(got) > 400 {
		t.Errorf("got %q, want %q in a few lines", got, want)
	}
}
