package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document parses the bytes as exactly one YAML document and returns its top node.
func document(name string, data []byte) (*yaml.Node, error) {
	fail := func(line, column int, text string) error {
		return &Error{File: name, Problems: []Problem{{Line: line, Column: column, Text: text}}}
	}
	if len(data) > MaxSize {
		return nil, fail(0, 0, fmt.Sprintf("the file is larger than %d bytes", MaxSize))
	}
	if line, column, text := unreadable(data); text != "" {
		return nil, fail(line, column, text)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	switch err := decodeNode(dec, &first); {
	case errors.Is(err, io.EOF):
		return nil, fail(0, 0, "the file is empty; at least scopes is needed, see emrguard.example.yaml")
	case err != nil:
		line, column, text := syntaxError(err, data)
		return nil, fail(line, column, text)
	}
	switch err := decodeNode(dec, &second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		line, column, text := syntaxError(err, data)
		return nil, fail(line, column, text)
	default:
		return nil, fail(second.Line, second.Column, "a second document begins here; a file holds one configuration, remove the --- line")
	}
	if len(first.Content) != 1 || isNull(first.Content[0]) {
		return nil, fail(0, 0, "the file holds nothing; at least scopes is needed, see emrguard.example.yaml")
	}
	return first.Content[0], nil
}

// decodeNode is dec.Decode for a node. The YAML library panics on inputs its own parser cannot place; a reload of such a
// file must not end the daemon.
func decodeNode(dec *yaml.Decoder, node *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	return dec.Decode(node)
}

// unreadable finds the first byte that no YAML file may hold.
func unreadable(data []byte) (line, column int, text string) {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return 1, 1, "the file is UTF-16; save it as UTF-8"
	}
	line, column = 1, 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return line, column, fmt.Sprintf("byte 0x%02x is not UTF-8; save the file as UTF-8", data[i])
		case r == '\n':
			line, column = line+1, 0
		case r < ' ' && r != '\t' && r != '\r', r == 0x7f:
			return line, column, fmt.Sprintf("control character 0x%02x; remove it", r)
		}
		i += size
		column++
	}
	return 0, 0, ""
}

// lineOf is how the YAML library's messages begin, unless the line is the first.
var lineOf = regexp.MustCompile(`^line \d+: `)

// inWords are the YAML library's messages and what a person should look for.
var inWords = []struct{ library, words string }{
	{"mapping values are not allowed", `a ": " where no key can stand; is a line indented wrongly, or does a value that holds ": " need quotes?`},
	{"did not find expected key", "no key where one is expected; is a line indented wrongly, or is a colon missing?"},
	{"could not find expected ':'", "a key without its colon; is the line incomplete?"},
	{"did not find expected ',' or ']'", "a list that begins with [ here is not closed, or a comma is missing"},
	{"did not find expected ',' or '}'", "a mapping that begins with { here is not closed, or a comma is missing"},
	{"did not find expected '-' indicator", `a list ends without its next "- "; is a line indented wrongly?`},
	{"unexpected end of stream", "the file ends inside a quoted text; a closing quote is missing"},
	{"found character that cannot start any token", "a character that no value can begin with; put the value in quotes"},
	{"exceeded max depth", "nested too deeply"},
}

// syntaxError turns the YAML library's message into place and words. The line is the first one that does not fit what
// stands before it: the library names the line where the broken list or mapping began, or none.
func syntaxError(err error, data []byte) (line, column int, text string) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := lineOf.FindString(message); m != "" {
		message = message[len(m):]
	}
	lines := strings.SplitAfter(string(data), "\n")
	if name, ok := strings.CutPrefix(message, "unknown anchor '"); ok {
		name = strings.TrimSuffix(name, "' referenced")
		for i, l := range lines {
			if at := strings.Index(l, "*"+name); at >= 0 {
				return i + 1, utf8.RuneCountInString(l[:at]) + 1, fmt.Sprintf("*%s stands for nothing: no &%s comes before it", name, name)
			}
		}
	}
	good := longestValid(lines)
	for good < len(lines)-1 && blank(lines[good]) {
		good++
	}
	l := lines[good]
	indent := l[:len(l)-len(strings.TrimLeft(l, " \t"))]
	if at := strings.IndexByte(indent, '\t'); at >= 0 {
		return good + 1, at + 1, "a tab in the indentation; YAML wants spaces"
	}
	column = utf8.RuneCountInString(indent) + 1
	for _, w := range inWords {
		if strings.Contains(message, w.library) {
			return good + 1, column, "not valid YAML: " + w.words
		}
	}
	return good + 1, column, "not valid YAML: " + message
}

// blank says whether a line holds nothing but space or a comment.
func blank(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}

// The effort of longestValid: how many lines of an unfinished list, mapping or quoted text it looks beyond, and how often.
const (
	lookAhead = 20
	lookAgain = 8
)

// longestValid counts the lines from the top that are valid YAML by themselves. It bisects, and then looks ahead from
// what it found, because a list that spans lines is invalid in between.
func longestValid(lines []string) int {
	valid := func(n int) bool {
		dec := yaml.NewDecoder(strings.NewReader(strings.Join(lines[:n], "")))
		for {
			var node yaml.Node
			if err := decodeNode(dec, &node); err != nil {
				return errors.Is(err, io.EOF)
			}
		}
	}
	low, high := 0, len(lines) // valid, invalid
	for range lookAgain {
		for high-low > 1 {
			if middle := low + (high-low)/2; valid(middle) {
				low = middle
			} else {
				high = middle
			}
		}
		next := low
		for n := low + 2; n <= min(low+lookAhead, len(lines)-1); n++ {
			if valid(n) {
				next = n
				break
			}
		}
		if next == low {
			return low
		}
		low, high = next, len(lines)
	}
	return low
}
