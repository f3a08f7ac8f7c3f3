package view

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table is rows of cells under a head, for people. A cell with line breaks takes as many lines; an empty one shows as "-".
type Table struct {
	Head []string
	Rows [][]string
}

// Add appends a row.
func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

// first is the table with its first n columns alone.
func (t Table) first(n int) Table {
	out := Table{Head: t.Head[:n]}
	for _, row := range t.Rows {
		out.Add(row[:n]...)
	}
	return out
}

// gap stands between two columns.
const gap = "  "

// Write writes the table with aligned columns. The last column is not padded, so no line ends in spaces.
func (t Table) Write(w io.Writer) error {
	width := make([]int, len(t.Head))
	lines := [][]string{t.Head}
	for _, row := range t.Rows {
		lines = append(lines, split(row)...)
	}
	for _, line := range lines {
		for i, cell := range line {
			if i < len(width) {
				width[i] = max(width[i], utf8.RuneCountInString(cell))
			}
		}
	}
	for _, line := range lines {
		var b strings.Builder
		for i, cell := range line {
			b.WriteString(cell)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)) + gap)
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// split makes one line of cells for each line of the tallest cell.
func split(row []string) [][]string {
	height := 1
	cells := make([][]string, len(row))
	for i, c := range row {
		cells[i] = strings.Split(printable(c), "\n")
		height = max(height, len(cells[i]))
	}
	out := make([][]string, height)
	for n := range out {
		out[n] = make([]string, len(row))
		for i := range row {
			switch {
			case n == 0 && row[i] == "":
				out[n][i] = "-"
			case n < len(cells[i]):
				out[n][i] = cells[i][n]
			}
		}
	}
	return out
}

// printable replaces control characters, which names in AWS may hold and a terminal would obey, by spaces.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
}
