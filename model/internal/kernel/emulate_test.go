package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// Few machines run AVX-512, so its assembly is also proven by reading it: a
// machine below interprets the checked-in files, with memory of its own that
// refuses any access outside the arguments. The AVX2 files, which the CPU
// checks too, keep the machine honest.

// program is one assembly function.
type program struct {
	steps  []step
	labels map[string]int
}

type step struct {
	op   string
	args []string
}

var textLine = regexp.MustCompile(`^TEXT ·(\w+)\(SB\)`)

// assemble reads the functions of an assembly file.
func assemble(t *testing.T, file string) map[string]*program {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string]*program{}
	var p *program
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "//")
		line = strings.TrimSpace(line)
		switch m := textLine.FindStringSubmatch(line); {
		case line == "" || line[0] == '#':
		case m != nil:
			p = &program{labels: map[string]int{}}
			programs[m[1]] = p
		case strings.HasSuffix(line, ":"):
			p.labels[strings.TrimSuffix(line, ":")] = len(p.steps)
		default:
			op, rest, _ := strings.Cut(line, " ")
			s := step{op: op}
			if rest = strings.TrimSpace(rest); rest != "" {
				s.args = strings.Split(rest, ", ")
			}
			p.steps = append(p.steps, s)
		}
	}
	return programs
}

// segment is a piece of the machine's memory.
type segment struct {
	base uint64
	data []byte
}

// machine interprets the instructions that the fused multiply-add kernels use.
type machine struct {
	segments []segment
	frame    []byte // the arguments
	gp       map[string]uint64
	vec      [32][16]uint32
	result   int64 // what the flags say of the last operation
	floats   int   // multiply-adds done
}

// map_ gives the machine a copy of a Go slice and returns its address; nil has
// the address 0.
func (m *machine) map_(data []byte) uint64 {
	base := uint64(0x10000)
	if n := len(m.segments); n > 0 {
		last := m.segments[n-1]
		base = last.base + uint64(len(last.data)) + 0x10000
	}
	m.segments = append(m.segments, segment{base, data})
	return base
}

func (m *machine) at(addr uint64, size int) []byte {
	for _, s := range m.segments {
		if addr >= s.base && addr+uint64(size) <= s.base+uint64(len(s.data)) {
			return s.data[addr-s.base:][:size]
		}
	}
	panic(fmt.Sprintf("no memory at %#x for %d bytes", addr, size))
}

var memArg = regexp.MustCompile(`^(-?\d*)\((\w+)\)(?:\((\w+)\*(\d)\))?$`)

// address computes disp(base)(index*scale).
func (m *machine) address(arg string) uint64 {
	p := memArg.FindStringSubmatch(arg)
	if p == nil {
		panic("bad address " + arg)
	}
	disp, _ := strconv.ParseInt("0"+p[1], 10, 64)
	if strings.HasPrefix(p[1], "-") {
		disp, _ = strconv.ParseInt(p[1], 10, 64)
	}
	addr := uint64(disp) + m.gp[p[2]]
	if p[3] != "" {
		scale, _ := strconv.ParseUint(p[4], 10, 64)
		addr += m.gp[p[3]] * scale
	}
	return addr
}

// bytes returns the memory an operand names, an argument or an address.
func (m *machine) bytes(arg string, size int) []byte {
	if strings.HasSuffix(arg, "(FP)") {
		_, off, _ := strings.Cut(strings.TrimSuffix(arg, "(FP)"), "+")
		o, err := strconv.Atoi(off)
		if err != nil {
			panic("bad argument " + arg)
		}
		return m.frame[o:][:size]
	}
	return m.at(m.address(arg), size)
}

// integer reads a 64-bit operand.
func (m *machine) integer(arg string) uint64 {
	switch {
	case arg[0] == '$':
		if v, err := strconv.ParseInt(arg[1:], 0, 64); err == nil {
			return uint64(v)
		}
		panic("bad constant " + arg)
	case strings.Contains(arg, "("):
		return binary.LittleEndian.Uint64(m.bytes(arg, 8))
	}
	return m.gp[arg]
}

// register splits X3, Y3 or Z3 into the number and the width in floats.
func register(arg string) (number, width int, ok bool) {
	width, ok = map[byte]int{'X': 4, 'Y': 8, 'Z': 16}[arg[0]]
	if !ok {
		return 0, 0, false
	}
	number, err := strconv.Atoi(arg[1:])
	return number, width, err == nil
}

// vector reads width floats from a register or memory.
func (m *machine) vector(arg string, width int) (v [16]uint32) {
	if r, _, ok := register(arg); ok {
		copy(v[:width], m.vec[r][:width])
		return v
	}
	b := m.bytes(arg, 4*width)
	for i := range width {
		v[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return v
}

// setVector writes a register, and clears what is above as VEX and EVEX do.
func (m *machine) setVector(arg string, v [16]uint32) {
	r, width, ok := register(arg)
	if !ok {
		panic("not a vector register: " + arg)
	}
	m.vec[r] = [16]uint32{}
	copy(m.vec[r][:width], v[:width])
}

func (m *machine) run(p *program) {
	for pc := 0; ; {
		s := p.steps[pc]
		pc++
		var last string
		if n := len(s.args); n > 0 {
			last = s.args[n-1]
		}
		jump := false
		switch s.op {
		case "RET":
			return
		case "VZEROUPPER":
			for r := range 16 {
				clear(m.vec[r][4:])
			}
		case "PREFETCHT0": // touches nothing
		case "JMP":
			jump = true
		case "JZ", "JEQ":
			jump = m.result == 0
		case "JNZ", "JNE":
			jump = m.result != 0
		case "JLT":
			jump = m.result < 0
		case "CMPQ":
			m.result = int64(m.integer(s.args[0]) - m.integer(s.args[1]))
		case "TESTQ":
			m.result = int64(m.integer(s.args[0]) & m.integer(s.args[1]))
		case "MOVQ":
			m.gp[last] = m.integer(s.args[0])
		case "MOVL":
			m.gp[last] = m.integer(s.args[0]) & math.MaxUint32
		case "MOVBQZX":
			m.gp[last] = uint64(m.bytes(s.args[0], 1)[0])
		case "MOVLQSX":
			m.gp[last] = uint64(int64(int32(binary.LittleEndian.Uint32(m.bytes(s.args[0], 4)))))
		case "LEAQ":
			m.gp[last] = m.address(s.args[0])
		case "SHLQ":
			m.set(last, m.gp[last]<<m.integer(s.args[0]))
		case "ADDQ":
			m.set(last, m.gp[last]+m.integer(s.args[0]))
		case "SUBQ":
			m.set(last, m.gp[last]-m.integer(s.args[0]))
		case "NEGQ":
			m.set(last, -m.gp[last])
		case "INCQ":
			m.set(last, m.gp[last]+1)
		case "DECQ":
			m.set(last, m.gp[last]-1)
		case "VMOVUPS":
			if _, width, ok := register(last); ok {
				m.setVector(last, m.vector(s.args[0], width))
				break
			}
			_, width, _ := register(s.args[0])
			v, to := m.vector(s.args[0], width), m.bytes(last, 4*width)
			for i := range width {
				binary.LittleEndian.PutUint32(to[4*i:], v[i])
			}
		case "VMOVD":
			m.setVector(last, [16]uint32{uint32(m.gp[s.args[0]])})
		case "VBROADCASTSS":
			one := m.vector(s.args[0], 1)
			for i := range one {
				one[i] = one[0]
			}
			m.setVector(last, one)
		case "VXORPS", "VPXORD":
			_, width, _ := register(last)
			a, b := m.vector(s.args[0], width), m.vector(s.args[1], width)
			for i := range a {
				a[i] ^= b[i]
			}
			m.setVector(last, a)
		case "VFMADD231PS":
			_, width, _ := register(last)
			a, b, c := m.vector(s.args[0], width), m.vector(s.args[1], width), m.vector(last, width)
			m.floats += width
			for i := range width {
				c[i] = math.Float32bits(FMA(math.Float32frombits(a[i]), math.Float32frombits(b[i]), math.Float32frombits(c[i])))
			}
			m.setVector(last, c)
		default:
			panic("unknown instruction " + s.op)
		}
		if jump {
			to, ok := p.labels[last]
			if !ok {
				panic("no label " + last)
			}
			pc = to
		}
	}
}

// set writes a register and the flags.
func (m *machine) set(reg string, v uint64) {
	m.gp[reg] = v
	m.result = int64(v)
}

// inside is the address of an element of a buffer.
type inside struct {
	buffer *buffer
	from   int
}

// call runs a function on copies of the buffers among its arguments and copies
// the last *buffer back. Arguments are int, bool, []int32, *Window, inside and
// *buffer (nil included), in the order of the Go declaration.
func call(t *testing.T, what string, p *program, args ...any) {
	t.Helper()
	m := &machine{gp: map[string]uint64{}}
	var out *buffer
	var outData []byte
	for _, a := range args {
		var word uint64
		switch a := a.(type) {
		case int:
			word = uint64(a)
		case bool:
			if a {
				word = 1
			}
		case []int32:
			word = m.map_(unsafe.Slice((*byte)(unsafe.Pointer(&a[0])), 4*len(a)))
		case *Window:
			word = m.map_(unsafe.Slice((*byte)(unsafe.Pointer(a)), unsafe.Sizeof(*a)))
		case inside:
			row := append([]float32{0}, a.buffer.row()...)[1:] // never without an address
			word = m.map_(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(row))), 4*len(row))) + uint64(4*a.from)
		case *buffer:
			if a != nil {
				// Guards are left out: to touch them is no memory.
				row := append([]float32(nil), a.row()...)
				if len(row) > 0 {
					outData = unsafe.Slice((*byte)(unsafe.Pointer(&row[0])), 4*len(row))
				} else {
					outData = nil
				}
				out, word = a, m.map_(outData)
			}
		}
		m.frame = binary.LittleEndian.AppendUint64(m.frame, word)
	}
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("%s: %v", what, r)
		}
	}()
	m.run(p)
	for i := range out.row() {
		*out.at(i) = math.Float32frombits(binary.LittleEndian.Uint32(outData[4*i:]))
	}
}

var emulated = []struct{ suffix, file string }{
	{"AVX2", "avx2_gemm_amd64.s"},
	{"AVX512", "avx512_gemm_amd64.s"},
}

func TestGemmInterpreted(t *testing.T) {
	for _, e := range emulated {
		programs := assemble(t, e.file)
		for _, values := range pickers {
			t.Run(e.suffix+"/"+values.name, func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				for m := 1; m <= 6; m++ {
					for _, n := range []int{0, 4, 8, 12, 16, 20, 28, 32, 36, 48, 60, 64, 80, 92, 100, 128, 172, 196, 220, 412} {
						k := []int{0, 1, 3, 7}[bits.OnesCount(uint(m*n/4))%4]
						for _, bias := range []bool{true, false} {
							c := newGemmCase(r, m, n, k, bias, values.pick)
							what := fmt.Sprintf("m=%d n=%d k=%d bias=%v", m, n, k, bias)
							got := c.out.clone()
							call(t, what, programs[fmt.Sprintf("gemm%d%s", m, e.suffix)], n, k, c.off, c.x, c.w, c.bias, got, c.om)
							compareBuffers(t, what, got, c.run(&portable))
						}
					}
				}
			})
		}
	}
}

func TestOuter4Interpreted(t *testing.T) {
	for _, e := range emulated {
		programs := assemble(t, e.file)
		r := rand.New(rand.NewPCG(1, 2))
		for o := 1; o <= 2; o++ {
			for _, k := range lengths {
				for _, add := range []bool{true, false} {
					ldx, ldo := k+r.IntN(3), k+r.IntN(3)
					g, xt, want := newBuffer(r, 4*o, wild), newBuffer(r, 3*ldx+k, wild), newBuffer(r, o*ldo, wild)
					got := want.clone()
					what := fmt.Sprintf("%s o=%d k=%d add=%v", e.suffix, o, k, add)
					call(t, what, programs[fmt.Sprintf("outer4x%d%s", o, e.suffix)], k, g, xt, ldx, got, ldo, add)
					outer4Go(o, k, g.p(), xt.p(), ldx, want.p(), ldo, add)
					compareBuffers(t, what, got, want)
				}
			}
		}
	}
}

// The peak loop must do the arithmetic that PeakFMA says it does.
func TestPeakInterpreted(t *testing.T) {
	for _, e := range []struct {
		suffix, file string
		width        int
	}{{"AVX2", "avx2_peak_amd64.s", 8}, {"AVX512", "avx512_peak_amd64.s", 16}} {
		p, rounds := assemble(t, e.file)["peak"+e.suffix], 3
		m := &machine{gp: map[string]uint64{}, frame: binary.LittleEndian.AppendUint64(nil, uint64(rounds))}
		m.run(p)
		if m.floats != peakChains*e.width*rounds {
			t.Errorf("%s: %d multiply-adds in %d rounds, want %d", e.suffix, m.floats, rounds, peakChains*e.width*rounds)
		}
	}
}
