package reports

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/renderer"
)

// markdown writes report.md, whose figures are the files beside it.
func (r *Run) markdown(sections []section, figures []string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\n%s\n", escapeMarkdown(r.Name), escapeMarkdown(r.headline()))
	if len(r.Warnings) > 0 {
		fmt.Fprint(&b, "\n## Warnings\n\n")
		for _, w := range r.Warnings {
			fmt.Fprintf(&b, "- %s\n", escapeMarkdown(w))
		}
	}
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n", escapeMarkdown(s.Title))
		if s.Text != "" {
			fmt.Fprintf(&b, "\n%s\n", escapeMarkdown(s.Text))
		}
		for _, it := range s.Items {
			if it.table != nil {
				body, err := it.table.Render("markdown")
				if err != nil {
					return nil, err
				}
				fmt.Fprintf(&b, "\n### %s\n\n%s", escapeMarkdown(it.table.Title), body)
				continue
			}
			fmt.Fprintf(&b, "\n### %s\n\n", escapeMarkdown(it.figure.Title))
			file := "figures/" + it.figure.ID + "."
			switch {
			case slices.Contains(figures, "png"):
				fmt.Fprintf(&b, "![%s](%spng)\n\n", escapeMarkdown(it.figure.Title), file)
			case slices.Contains(figures, "svg"):
				fmt.Fprintf(&b, "![%s](%ssvg)\n\n", escapeMarkdown(it.figure.Title), file)
			default:
				fmt.Fprintf(&b, "[%s](%spdf)\n\n", escapeMarkdown(it.figure.Title), file)
			}
			fmt.Fprintf(&b, "%s\n", escapeMarkdown(it.figure.Caption))
		}
	}
	fmt.Fprint(&b, "\n## Provenance\n\n| fact | value |\n|:--|:--|\n")
	for _, f := range r.Facts {
		fmt.Fprintf(&b, "| %s | %s |\n", escapeMarkdown(f.Name), escapeMarkdown(f.Value))
	}
	fmt.Fprintf(&b, "\n## Configuration\n\nIn full, every default written out:\n\n%s", fence(r.Canonical))
	if r.Spec != r.Canonical {
		fmt.Fprintf(&b, "\nAs written:\n\n%s", fence(r.Spec))
	}
	return b.Bytes(), nil
}

// fence quotes a text with more backticks than it holds.
func fence(s string) string {
	ticks := "```"
	for strings.Contains(s, ticks) {
		ticks += "`"
	}
	return ticks + "yaml\n" + strings.TrimRight(s, "\n") + "\n" + ticks + "\n"
}

// markdownEscapes covers what GitHub's Markdown would read as mark-up inside a
// table cell or a paragraph.
var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", ">", "&gt;", "&", "&amp;", "[", `\[`, "]", `\]`, "~", `\~`, "#", `\#`, "$", `\$`,
)

func escapeMarkdown(s string) string { return markdownEscapes.Replace(oneLine(s)) }

func (t *Table) markdown() ([]byte, error) {
	// Spaces align the points for those who read the file itself.
	rows := t.aligned(func(c *Cell) (whole, rest string) {
		whole = escapeMarkdown(c.Text)
		if c.Number != nil {
			whole, rest = c.Number.split()
		}
		if c.Bold {
			whole, rest = "**"+whole, rest+"**"
		}
		return whole, rest
	})
	body, err := t.write(renderer.NewMarkdown(), t.header(escapeMarkdown), rows)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(body)
	fmt.Fprintf(&b, "\n%s\n", escapeMarkdown(t.Caption))
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "\n%s\n", escapeMarkdown(n))
	}
	return b.Bytes(), nil
}
