package simtest

import (
	"fmt"
	"strings"
)

// Command is one line of a script, with the lines under it: what is done to a world, or asked of it. See Player.
type Command struct {
	Name  string
	Args  []Arg
	Input string // the lines that follow, each with its newline; empty: none
}

// Arg is a word of a command: key, key=value or key=(value,value).
type Arg struct {
	Key  string
	Vals []string
}

// String is the argument as ParseScript reads it.
func (a Arg) String() string {
	switch len(a.Vals) {
	case 0:
		return a.Key
	case 1:
		return a.Key + "=" + a.Vals[0]
	}
	return a.Key + "=(" + strings.Join(a.Vals, ",") + ")"
}

// String is the command as ParseScript reads it, without what it leads to.
func (c Command) String() string {
	var b strings.Builder
	b.WriteString(c.Name)
	for _, a := range c.Args {
		b.WriteByte(' ')
		b.WriteString(a.String())
	}
	b.WriteByte('\n')
	b.WriteString(c.Input)
	return b.String()
}

// ParseCommand reads the first line of a command.
func ParseCommand(line string) (Command, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return Command{}, fmt.Errorf("%q is no command", line)
	}
	c := Command{Name: words[0]}
	for _, w := range words[1:] {
		key, v, given := strings.Cut(w, "=")
		a := Arg{Key: key}
		switch inner, list := strings.CutPrefix(v, "("); {
		case list && !strings.HasSuffix(v, ")"):
			return Command{}, fmt.Errorf("%s: %q has no end; a list has no blanks", c.Name, w)
		case list:
			a.Vals = strings.Split(strings.TrimSuffix(inner, ")"), ",")
		case given:
			a.Vals = []string{v}
		}
		c.Args = append(c.Args, a)
	}
	return c, nil
}

// ParseScript reads a transcript: commands, each with the lines under it up to "----", then what it led to, which is left out here, up to
// an empty line. Lines that begin with # between commands are comments.
func ParseScript(text string) ([]Command, error) {
	var out []Command
	const between, input, result = 0, 1, 2
	at := between
	n := 0
	for line := range strings.Lines(text) {
		n++
		bare := strings.TrimRight(line, "\r\n")
		switch {
		case at == between && (strings.TrimSpace(bare) == "" || strings.HasPrefix(bare, "#")):
		case at == between:
			c, err := ParseCommand(bare)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			out, at = append(out, c), input
		case at == input && bare == "----":
			at = result
		case at == input:
			out[len(out)-1].Input += bare + "\n"
		case bare == "":
			at = between
		}
	}
	if at == input {
		return nil, fmt.Errorf("line %d: command %s has no ---- after it", n, out[len(out)-1].Name)
	}
	return out, nil
}
