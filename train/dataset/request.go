package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// attempt makes one request for what is missing and appends what comes.
func (f *fetcher) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(f.stall, func() { cancel(fmt.Errorf("no data for %v", f.stall)) })
	defer watch.Stop()

	start := f.have()
	if start > f.Size {
		if err := f.discard(); err != nil {
			return final("%w", err)
		}
		start = 0
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return final("%w", err)
	}
	// Bytes must be the archive's own, not a compressed transfer of them.
	req.Header.Set("Accept-Encoding", "identity")
	if start > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", start))
		if tag, err := os.ReadFile(f.tag()); err == nil {
			req.Header.Set("If-Range", string(tag))
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return cause(ctx, err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusOK:
		start = 0 // the server ignores ranges, or has another version by now
	case res.StatusCode == http.StatusPartialContent:
		if at, total, ok := contentRange(res.Header.Get("Content-Range")); !ok || at != start || total >= 0 && total != f.Size {
			if err := f.discard(); err != nil {
				return final("%w", err)
			}
			return fmt.Errorf("%s: Content-Range is %q, want bytes %d-%d/%d", f.URL, res.Header.Get("Content-Range"), start, f.Size-1, f.Size)
		}
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		if err := f.discard(); err != nil {
			return final("%w", err)
		}
		return fmt.Errorf("%s: the server refuses to go on at byte %d", f.URL, start)
	case res.StatusCode == http.StatusRequestTimeout || res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return fmt.Errorf("%s: %s", f.URL, res.Status)
	default:
		return final("%s: %s; is the address right? --url names another", f.URL, res.Status)
	}
	if res.ContentLength >= 0 && start+res.ContentLength != f.Size {
		return final("%s: the file has %d bytes, want %d: this is not the published file", f.URL, start+res.ContentLength, f.Size)
	}
	return f.receive(ctx, res, start, watch)
}

// receive writes the body behind the first start bytes of the part.
func (f *fetcher) receive(ctx context.Context, res *http.Response, start int64, watch *time.Timer) (err error) {
	part, err := os.OpenFile(f.part, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return final("%w", err)
	}
	defer func() {
		if e := part.Close(); e != nil && err == nil {
			err = final("%w", e)
		}
	}()
	if err := part.Truncate(start); err != nil {
		return final("%w", err)
	}
	if _, err := part.Seek(start, io.SeekStart); err != nil {
		return final("%w", err)
	}
	if start == 0 {
		if err := f.remember(res.Header); err != nil {
			return final("%w", err)
		}
	}
	buf := make([]byte, 1<<17)
	for at := start; ; {
		n, err := res.Body.Read(buf)
		if n > 0 {
			watch.Reset(f.stall)
			if at += int64(n); at > f.Size {
				return final("%s: more than %d bytes came: this is not the published file", f.URL, f.Size)
			}
			if _, err := part.Write(buf[:n]); err != nil {
				return final("%w; free some space, the same command goes on from here", err)
			}
			f.progress(at, f.Size, "")
		}
		switch {
		case errors.Is(err, io.EOF) && at < f.Size:
			return fmt.Errorf("the connection ended after %d of %d bytes", at, f.Size)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the connection broke after %d of %d bytes: %w", at, f.Size, cause(ctx, err))
		}
	}
}

// remember stores what names the version on the server, for If-Range. A weak
// ETag does not promise equal bytes and may not be used there (RFC 9110,
// section 13.1.5).
func (f *fetcher) remember(h http.Header) error {
	tag := h.Get("ETag")
	if tag == "" || strings.HasPrefix(tag, "W/") {
		tag = h.Get("Last-Modified")
	}
	if tag == "" {
		// The whole file's SHA-256 still guards a resumed download.
		return os.RemoveAll(f.tag())
	}
	return os.WriteFile(f.tag(), []byte(tag), 0o644)
}

// contentRange reads "bytes 100-199/200"; total is -1 for "*".
func contentRange(s string) (at, total int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	span, size, cut := strings.Cut(s, "/")
	first, _, dash := strings.Cut(span, "-")
	at, err := strconv.ParseInt(first, 10, 64)
	if !ok || !cut || !dash || err != nil {
		return 0, 0, false
	}
	if size == "*" {
		return at, -1, true
	}
	total, err = strconv.ParseInt(size, 10, 64)
	return at, total, err == nil
}

// cause prefers the reason a context was cancelled for over "context canceled".
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}
