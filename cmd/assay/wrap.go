package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8/cwriter"
)

// Text is at least and at most so many characters wide, and of the first width
// where nobody says how wide the page is, as in a pipe.
const (
	pageWidth = 80
	minWidth  = 60
	maxWidth  = 120
)

// widthOf returns how wide text written to w should be.
func widthOf(w io.Writer) int {
	f, is := w.(*os.File)
	if !is || !isTerminal(f) {
		return pageWidth
	}
	columns, _, err := cwriter.GetSize(int(f.Fd()))
	if err != nil || columns <= 0 {
		return pageWidth
	}
	return min(max(columns, minWidth), maxWidth)
}

// wrap breaks text at blanks into lines of at most width characters; a longer
// word has a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line, n := "", 0
	for word := range strings.FieldsSeq(text) {
		w := utf8.RuneCountInString(word)
		if n > 0 && n+1+w > width {
			lines = append(lines, line)
			line, n = "", 0
		}
		if n > 0 {
			line, n = line+" ", n+1
		}
		line, n = line+word, n+w
	}
	return append(lines, line)
}

// hanging is text in lines of at most width characters, those after the first
// moved in.
func hanging(text string, width int) string {
	return strings.Join(wrap(text, width-hang), "\n"+strings.Repeat(" ", hang))
}

// hang is by how many characters the lines of a paragraph after its first are
// moved in.
const hang = 2
