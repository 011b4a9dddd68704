package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// server serves an archive and can misbehave.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	body    []byte
	etag    string
	cut     int                                                      // the connection breaks after so many bytes of a response; 0 never
	serve   func(w http.ResponseWriter, r *http.Request, n int) bool // takes over request number n if it returns true
	ranges  []string                                                 // the Range header of every request
	ifRange []string
}

func newServer(t *testing.T, body []byte) *server {
	s := &server{body: body, etag: `"v1"`}
	s.Server = httptest.NewServer(http.HandlerFunc(s.handle))
	t.Cleanup(s.Close)
	return s
}

func (s *server) handle(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.ranges)
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	s.ifRange = append(s.ifRange, r.Header.Get("If-Range"))
	if s.serve != nil && s.serve(w, r, n) {
		return
	}
	start := 0
	w.Header().Set("ETag", s.etag)
	if tag := r.Header.Get("If-Range"); r.Header.Get("Range") != "" && (tag == "" || tag == s.etag) {
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &start); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(s.body)-start))
	if start > 0 {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(s.body)-1, len(s.body)))
		w.WriteHeader(http.StatusPartialContent)
	}
	rest := s.body[start:]
	if s.cut > 0 && len(rest) > s.cut {
		_, _ = w.Write(rest[:s.cut])
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(rest)
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// archive makes a .tar.gz of a folder "set" that does not compress away.
func archive(t *testing.T) []byte {
	x := make([]byte, 40000)
	h := sha256.Sum256([]byte("x"))
	for i := range x {
		if i%32 == 0 {
			h = sha256.Sum256(h[:])
		}
		x[i] = h[i%32]
	}
	return tarGz(t, entry{name: "set/", dir: true}, entry{name: "set/a.bin", data: x}, entry{name: "set/readme", data: []byte("hi")}, entry{name: "other/x", data: []byte("no")})
}

// start prepares a download of body from s whose waits are short.
func start(t *testing.T, s *server, body []byte) (f *fetcher, dir string, notes *[]string) {
	dir, notes = filepath.Join(t.TempDir(), "new", "dir"), &[]string{}
	d := Download{URL: s.URL + "/set.tar.gz", Size: int64(len(body)), SHA256: sum(body), Folder: "set", Files: map[string]int64{"a.bin": 40000}}
	note := func(done, total int64, n string) {
		if done < 0 || done > total {
			t.Errorf("progress %d of %d", done, total)
		}
		if n != "" {
			*notes = append(*notes, n)
		}
	}
	return &fetcher{d, filepath.Join(dir, "set.tar.gz.part"), note, time.Millisecond, 2 * time.Second}, dir, notes
}

// arrived demands the unpacked folder and nothing else.
func arrived(t *testing.T, dir, folder string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(filepath.Join(folder, "a.bin")); err != nil || st.Size() != 40000 {
		t.Errorf("a.bin: %v, %v", st, err)
	}
	alone(t, dir, "set")
}

func alone(t *testing.T, dir string, want ...string) {
	t.Helper()
	es, _ := os.ReadDir(dir)
	var got []string
	for _, e := range es {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func TestFetch(t *testing.T) {
	body := archive(t)
	t.Run("in one go", func(t *testing.T) {
		s := newServer(t, body)
		f, dir, _ := start(t, s, body)
		folder, err := f.fetch(t.Context(), dir)
		arrived(t, dir, folder, err)
		if folder, err = f.fetch(t.Context(), dir); err != nil || len(s.ranges) != 1 {
			t.Errorf("a second fetch: %s, %v, %d requests; want it to leave all alone", folder, err, len(s.ranges))
		}
	})
	t.Run("connection cut again and again", func(t *testing.T) {
		s := newServer(t, body)
		s.cut = 3000
		f, dir, _ := start(t, s, body)
		folder, err := f.fetch(t.Context(), dir)
		arrived(t, dir, folder, err)
		if n := (len(body) + 2999) / 3000; len(s.ranges) != n {
			t.Errorf("%d requests, want %d: every one goes on where the last stopped", len(s.ranges), n)
		}
		if s.ranges[1] != "bytes=3000-" || s.ifRange[1] != `"v1"` {
			t.Errorf("second request: Range %q, If-Range %q", s.ranges[1], s.ifRange[1])
		}
	})
	t.Run("ranges ignored", func(t *testing.T) {
		s := newServer(t, body)
		s.serve = func(w http.ResponseWriter, r *http.Request, n int) bool {
			r.Header.Del("Range")
			s.cut = map[bool]int{true: 3000}[n < 2]
			return false
		}
		f, dir, _ := start(t, s, body)
		folder, err := f.fetch(t.Context(), dir)
		arrived(t, dir, folder, err)
		if len(s.ranges) != 3 {
			t.Errorf("%d requests, want 3", len(s.ranges))
		}
	})
	t.Run("another version on the way", func(t *testing.T) {
		old := append([]byte("old"), body[3:]...)
		s := newServer(t, old)
		s.serve = func(http.ResponseWriter, *http.Request, int) bool {
			s.cut = 3000
			if len(s.ranges) > 1 {
				s.body, s.etag, s.cut = body, `"v2"`, 0
			}
			return false
		}
		f, dir, _ := start(t, s, body)
		folder, err := f.fetch(t.Context(), dir)
		arrived(t, dir, folder, err)
	})
	t.Run("another version and no tag", func(t *testing.T) {
		s := newServer(t, body)
		f, dir, notes := start(t, s, body)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f.part, []byte("rubbish"), 0o644); err != nil {
			t.Fatal(err)
		}
		folder, err := f.fetch(t.Context(), dir)
		arrived(t, dir, folder, err)
		if got := strings.Join(*notes, "\n"); !strings.Contains(got, "not the published file; starting over") {
			t.Errorf("notes %q", got)
		}
	})
	t.Run("part too long", func(t *testing.T) {
		s := newServer(t, body)
		f, dir, _ := start(t, s, body)
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(f.part, make([]byte, len(body)+1), 0o644)); err != nil {
			t.Fatal(err)
		}
		folder, err := f.fetch(t.Context(), dir)
		arrived(t, dir, folder, err)
	})
	t.Run("overloaded for a while", func(t *testing.T) {
		s := newServer(t, body)
		s.serve = func(w http.ResponseWriter, _ *http.Request, n int) bool {
			if n < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return n < 3
		}
		f, dir, notes := start(t, s, body)
		folder, err := f.fetch(t.Context(), dir)
		arrived(t, dir, folder, err)
		if len(*notes) < 3 || !strings.Contains((*notes)[0], "503 Service Unavailable; trying again in") {
			t.Errorf("notes %q", *notes)
		}
	})
	t.Run("silence", func(t *testing.T) {
		s := newServer(t, body)
		s.serve = func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n == 0 {
				<-r.Context().Done()
			}
			return n == 0
		}
		f, dir, notes := start(t, s, body)
		f.stall = 50 * time.Millisecond
		folder, err := f.fetch(t.Context(), dir)
		arrived(t, dir, folder, err)
		if len(*notes) == 0 || !strings.Contains((*notes)[0], "no data for 50ms") {
			t.Errorf("notes %q", *notes)
		}
	})
	t.Run("interrupted, then given again", func(t *testing.T) {
		s := newServer(t, body)
		f, dir, _ := start(t, s, body)
		ctx, cancel := context.WithCancel(t.Context())
		s.cut = 3000
		s.serve = func(_ http.ResponseWriter, _ *http.Request, n int) bool {
			if n == 2 {
				cancel()
			}
			return false
		}
		_, err := f.fetch(ctx, dir)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		fails(t, err, "the same command goes on from there")
		alone(t, dir, "set.tar.gz.part", "set.tar.gz.part.etag")
		s.mu.Lock()
		s.cut, s.serve = 0, nil
		s.mu.Unlock()
		folder, err := f.fetch(t.Context(), dir)
		arrived(t, dir, folder, err)
		if last := s.ranges[len(s.ranges)-1]; last == "" {
			t.Error("the second command began from the start")
		}
	})
}

func TestFetchErrors(t *testing.T) {
	body := archive(t)
	for _, c := range []struct {
		name  string
		spoil func(s *server, f *fetcher)
		want  []string
		left  []string // in the directory
		most  int      // requests
	}{
		{"not found", func(s *server, _ *fetcher) {
			s.serve = func(w http.ResponseWriter, _ *http.Request, _ int) bool { w.WriteHeader(404); return true }
		}, []string{"404 Not Found; is the address right?"}, nil, 1},
		{
			"wrong bytes", func(s *server, _ *fetcher) { s.body = append([]byte("x"), body[1:]...) },
			[]string{"SHA-256 is ", "want " + sum(body) + ": this is not the published file"},
			nil, 2,
		},
		{"shrunk", func(s *server, _ *fetcher) { s.body = body[:20000] }, []string{"the file has 20000 bytes, want "}, nil, 1},
		{"grown", func(s *server, _ *fetcher) { s.body = append(body[:len(body):len(body)], 1) }, []string{"this is not the published file"}, nil, 1},
		{"shrunk, of unknown length", func(s *server, _ *fetcher) {
			s.serve = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if r.Header.Get("Range") != "" {
					w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
					return true
				}
				_, _ = w.Write(body[:20000])
				w.(http.Flusher).Flush()
				return true
			}
		}, []string{"gave up after 6 attempts"}, nil, 8},
		{"grown, of unknown length", func(s *server, _ *fetcher) {
			s.serve = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
				_, _ = w.Write(body[:20000])
				w.(http.Flusher).Flush()
				_, _ = w.Write(body)
				return true
			}
		}, []string{"more than", "not the published file"}, []string{"set.tar.gz.part"}, 1},
		{"range shifted", func(s *server, _ *fetcher) {
			s.cut = 3000
			s.serve = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				if r.Header.Get("Range") == "" {
					return false
				}
				w.Header().Set("Content-Range", "bytes 7-9/10")
				w.WriteHeader(http.StatusPartialContent)
				return true
			}
		}, []string{"gave up after 6 attempts"}, nil, 8},
		{"no server", func(s *server, _ *fetcher) { s.Close() }, []string{"connection refused", "gave up after 6 attempts", "the same command goes on"}, nil, 0},
		{"bad address", func(_ *server, f *fetcher) { f.URL = "http://[::1" }, []string{"missing ']'"}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, body)
			f, dir, _ := start(t, s, body)
			c.spoil(s, f)
			_, err := f.fetch(t.Context(), dir)
			fails(t, err, c.want...)
			if len(s.ranges) > c.most {
				t.Errorf("%d requests, want at most %d", len(s.ranges), c.most)
			}
			if _, err := os.Stat(filepath.Join(dir, "set")); err == nil {
				t.Error("the folder exists")
			}
			if c.left != nil {
				alone(t, dir, c.left...)
			}
		})
	}
}

func TestFetchRefusesToReplace(t *testing.T) {
	body := archive(t)
	s := newServer(t, body)
	f, dir, _ := start(t, s, body)
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "set"), 0o755), os.WriteFile(filepath.Join(dir, "set", "a.bin"), []byte("mine"), 0o644)); err != nil {
		t.Fatal(err)
	}
	_, err := f.fetch(t.Context(), dir)
	fails(t, err, "exists but is not complete", "a.bin has 4 bytes, want 40000", "remove or rename it")
	if len(s.ranges) != 0 {
		t.Error("it asked the network")
	}
}

func TestUnpackRefuses(t *testing.T) {
	data := make([]byte, 40000)
	for _, c := range []struct {
		name string
		e    entry
		want string
	}{
		{"parent", entry{name: "set/../../evil", data: data}, `"set/../../evil" leads out of the archive`},
		{"absolute", entry{name: "/etc/evil", data: data}, `"/etc/evil" leads out of the archive`},
		{"backslash", entry{name: `set\..\evil`, data: data}, "leads out of the archive"},
		{"link", entry{name: "set/a.bin", link: "/etc/passwd"}, `"set/a.bin" (type '2') is not a plain file of set; refused`},
		{"deep", entry{name: "set/x/a.bin", data: data}, "is not a plain file of set"},
		{"twice", entry{name: "set/a.bin", data: data}, "file exists"},
		{"incomplete", entry{name: "set/b.bin", data: data}, "unpacked:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			es := []entry{c.e}
			if c.name == "twice" {
				es = append(es, c.e)
			}
			body := tarGz(t, es...)
			s := newServer(t, body)
			f, dir, _ := start(t, s, body)
			_, err := f.fetch(t.Context(), dir)
			fails(t, err, c.want)
			alone(t, dir, "set.tar.gz.part", "set.tar.gz.part.etag")
			if es, _ := os.ReadDir(filepath.Dir(dir)); len(es) != 1 {
				t.Errorf("something lies outside the directory: %v", es)
			}
		})
	}
}
