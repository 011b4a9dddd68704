package reports

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

// awkward holds every character that some format would trip over.
func awkward() *Table {
	t := &Table{
		ID: "awkward", Title: "A_B & C", Caption: "50 % of $x$ | y.",
		Columns: []Column{{Name: "name"}, estimateColumn("a|b ↓"), {Name: "n", Numeric: true}},
		Notes:   []string{"<note> #1"},
	}
	e := Estimate{Mean: 0.25, Half: 0.031, N: 3}
	t.Rows = []Row{
		{Cells: []Cell{textCell("x_1 | 100 % {a} \\ ~^"), estimated(e), integer(12)}},
		{Cells: []Cell{textCell("<b>&\"\nsecond"), estimated(Estimate{Mean: math.NaN(), Half: math.NaN(), Absent: 3}), precise(1.5, 1)}, Rule: true},
	}
	t.Rows[0].Cells[1].Bold = true
	return t
}

func TestRender(t *testing.T) {
	for _, c := range []struct {
		format string
		want   []string
	}{
		{"text", []string{"A_B & C\n", " 0.250 ± 0.031*", " —", " 12\n", "1.5\n", `<b>&" second`, "* best mean of the column"}},
		{"markdown", []string{`| x\_1 \| 100 % {a} \\ \~^ |`, `a\|b ↓`, "**0.250 ± 0.031**", `&lt;b&gt;&amp;" second`, `50 % of \$x\$ \| y.`}},
		{"csv", []string{"name,a|b ↓ mean,a|b ↓ half-width 95%,a|b ↓ n,n\n", "x_1 | 100 % {a} \\ ~^,0.25,0.031,3,12\n", ",,,0,1.5\n"}},
		{"latex", []string{
			`\caption{A\_B \& C. 50 \% of \$x\$ \textbar{} y.}`, "\\raggedright\n\\textless{}note\\textgreater{} \\#1\n}", `\label{tab:awkward}`,
			`\begin{tabular}{@{}lr@{}lr@{}l@{}}`, `\multicolumn{2}{c}{a\textbar{}b $\downarrow$}`,
			`x\_1 \textbar{} 100 \% \{a\} \textbackslash{} \textasciitilde{}\textasciicircum{} & \textbf{0}&\textbf{.250 $\pm$ 0.031} & 12& \\`,
			`\addlinespace`, `\textless{}b\textgreater{}\&'' second & ---& & 1&.5 \\`, `\bottomrule`,
		}},
		{"html", []string{"<b>0</b><span style=\"display:inline-block;text-align:left;width:10.3ch\"><b>.250\u00a0±\u00a00.031</b></span>", "—<span style=\"display:inline-block;text-align:left;width:10.3ch\"></span>", "&lt;b&gt;&amp;&#34; second", "a|b\u00a0↓", "&lt;note&gt; #1", "50 % of $x$ | y."}},
	} {
		data, err := awkward().Render(c.format)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range c.want {
			if !strings.Contains(string(data), w) {
				t.Errorf("%s: got\n%s\nwant in it %q", c.format, data, w)
			}
		}
	}
	if _, err := awkward().Render("word"); err == nil {
		t.Error("word: got no error")
	}
}

// The decimal points of a column stand under each other, and a dash ends where
// they are.
func TestAlignment(t *testing.T) {
	tb := &Table{ID: "t", Columns: []Column{{Name: "v", Numeric: true}}}
	for _, x := range []Cell{value(0.5), value(123.4), value(-7.25), value(math.NaN()), value(3e-9), integer(7), estimated(Estimate{Mean: 0.125, Half: 0.01}), estimated(Estimate{Mean: 1e-7, Half: 2e-6})} {
		tb.Rows = append(tb.Rows, Row{Cells: []Cell{x}})
	}
	tb.Rows[0].Cells[0].Bold = true
	for _, format := range []string{"text", "markdown"} {
		data, err := tb.Render(format)
		if err != nil {
			t.Fatal(err)
		}
		at, found := -1, 0
		for line := range strings.Lines(string(data)) {
			k := strings.IndexAny(line, ".")
			if j := strings.Index(line, undefined); j >= 0 {
				k = j + len(undefined)
			} else if cell := strings.TrimRight(line, " |\n"); strings.HasSuffix(cell, " 7") {
				k = len(cell)
			}
			if k < 0 || strings.Contains(line, "─") || strings.HasPrefix(line, "*") {
				continue
			}
			k = utf8.RuneCountInString(line[:k])
			if found++; at >= 0 && k != at {
				t.Errorf("%s: the points are not aligned:\n%s", format, data)
				break
			}
			at = k
		}
		if found < 7 {
			t.Errorf("%s: %d rows looked at:\n%s", format, found, data)
		}
	}
	// In HTML what follows the points has one width in all rows.
	data, err := tb.Render("html")
	if err != nil {
		t.Fatal(err)
	}
	rest := strings.Split(string(data), `<span style="display:inline-block;text-align:left;width:`)
	if len(rest) != len(tb.Rows)+1 {
		t.Fatalf("html: got %d boxes, want %d:\n%s", len(rest)-1, len(tb.Rows), data)
	}
	for _, r := range rest[1:] {
		if w, _, _ := strings.Cut(r, "ch"); !strings.HasPrefix(rest[1], w+"ch") {
			t.Errorf("html: a box %sch wide:\n%s", w, data)
		}
	}
}

// LaTeX tables that are wider or longer than a page come in parts, and no
// column or row is lost.
func TestLaTeXParts(t *testing.T) {
	tb := &Table{ID: "wide", Title: "Wide", Columns: []Column{{Name: "name"}}}
	for k := range 9 {
		tb.Columns = append(tb.Columns, estimateColumn("column "+itoa(k)))
	}
	for i := range 70 {
		cells := []Cell{textCell("a rather long name for row number " + itoa(i))}
		for k := range 9 {
			cells = append(cells, estimated(Estimate{Mean: float64(i*10 + k), Half: 1}))
		}
		tb.Rows = append(tb.Rows, Row{Cells: cells})
	}
	data, err := tb.Render("latex")
	if err != nil {
		t.Fatal(err)
	}
	s := string(data)
	if got, want := strings.Count(s, `\begin{table`), 4; got != want {
		t.Errorf("parts: got %d, want %d", got, want)
	}
	if got, want := strings.Count(s, `\label{tab:wide}`), 1; got != want {
		t.Errorf("labels: got %d, want %d", got, want)
	}
	for _, w := range []string{`\label{tab:wide-4}`, `continued from Table~\ref{tab:wide}`, "698&.0 $\\pm$ 1.0", "row number 69 &", "column 8"} {
		if !strings.Contains(s, w) {
			t.Errorf("got no %q", w)
		}
	}
}

func TestBest(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name    string
		means   []float64
		control []bool
		better  int
		want    string
	}{
		{"lower is better", []float64{3, 1, 2}, []bool{false, false, false}, -1, ".x."},
		{"higher is better", []float64{3, 1, 2}, []bool{false, false, false}, 1, "x.."},
		{"neither", []float64{3, 1, 2}, []bool{false, false, false}, 0, "..."},
		{"controls do not compete", []float64{3, 1, 2}, []bool{false, true, false}, -1, "..x"},
		{"undefined does not compete", []float64{nan, 4, 5}, []bool{false, false, false}, -1, ".x."},
		{"ties", []float64{1, 1, 2}, []bool{false, false, false}, -1, "xx."},
		{"one candidate is no contest", []float64{1, nan, 2}, []bool{false, false, true}, -1, "..."},
		{"nothing", []float64{nan, nan}, []bool{false, false}, 1, ".."},
	} {
		tb := &Table{}
		for range c.means {
			tb.Rows = append(tb.Rows, Row{Cells: []Cell{{}}})
		}
		embolden(tb, 0, c.means, c.control, c.better)
		got := ""
		for _, r := range tb.Rows {
			if r.Cells[0].Bold {
				got += "x"
				continue
			}
			got += "."
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPaired(t *testing.T) {
	r := &Run{Scores: []Score{
		{Attribution: 0, Images: []int{0, 1, 2}, Values: [][][]float64{{{5}, {7}, {9}}}},
		{Attribution: 1, Images: []int{2, 0}, Values: [][][]float64{{{1}, {2}}}},
	}}
	got := r.paired(0, 1, 0, 0)
	if len(got) != 3 || got[0] != 3 || !math.IsNaN(got[1]) || got[2] != 8 {
		t.Errorf("got %v, want [3 NaN 8]", got)
	}
}

func TestRepresentatives(t *testing.T) {
	r := tutorialRun()
	var got []string
	for _, i := range r.representatives() {
		got = append(got, r.label(i))
	}
	want := "saliency; integrated_gradients (n_steps=200, quadrature=gausslegendre); deep_lift; noise_tunnel (nt_samples=100, stdevs=0.05); random; edge_detector"
	if s := strings.Join(got, "; "); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
}
