package emrsim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// statuses are the HTTP statuses of the error types that have another one than 400. InternalServerError is none of them: EMR
// answers it with 400 (API reference, ModifyInstanceGroups).
var statuses = map[string]int{"InternalFailure": 500, "InternalServerException": 500, "ServiceUnavailable": 503,
	"InternalServiceFault": 500}

// LineError is a mistake in a fault's line.
type LineError struct {
	Column  int // of the word, counted in bytes from 1
	Message string
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Message) }

// ParseFault reads one fault from a line of words: an operation or *, any conditions, then the effect:
//
//	AddInstanceGroups call=2 lose-answer
//	ListInstanceGroups rate=0.2 error=InternalFailure
//	ModifyInstanceGroups cluster=j-X ignore
//	* from=10m until=20m throttle
//
// Conditions: cluster=, group= (id or name), call=N, call=N- or call=N-M (of the matching calls, from 1), rate=0..1, from= and
// until= (time since the simulator's start). Values with spaces are quoted as in Go. Whether the operation exists is not checked.
// Every error is a *LineError.
func ParseFault(line string) (Fault, error) {
	words, err := splitWords(line)
	if err != nil {
		return Fault{}, err
	}
	if len(words) < 2 {
		return Fault{}, &LineError{1, "a fault is an operation, conditions and an effect, for example: AddInstanceGroups call=2 lose-answer"}
	}
	f := Fault{Op: words[0].text}
	if f.Op != "*" && !isName(f.Op) {
		return Fault{}, &LineError{words[0].column, fmt.Sprintf("%q is not an operation", f.Op)}
	}
	for _, w := range words[1:] {
		if err := f.word(w); err != nil {
			return Fault{}, &LineError{w.column, err.Error()}
		}
	}
	last := words[len(words)-1].column
	switch {
	case f.Effect == "":
		return Fault{}, &LineError{last, fmt.Sprintf("no effect is given; there are %s", names(Effects))}
	case f.Until > 0 && f.Until <= f.From:
		return Fault{}, &LineError{last, fmt.Sprintf("until=%s is not after from=%s", f.Until, f.From)}
	case f.Effect == Ignore && f.Op == "*", f.Effect == Ignore && (strings.HasPrefix(f.Op, "Add") || f.Op == "RunJobFlow"):
		return Fault{}, &LineError{last, "ignore fits only operations without output, such as ModifyInstanceGroups"}
	}
	return f, nil
}

// word takes one condition or the effect.
func (f *Fault) word(w word) (err error) {
	key, val, given := strings.Cut(w.text, "=")
	switch key {
	case "cluster":
		f.Cluster, err = nonEmpty(key, val)
	case "group":
		f.Group, err = nonEmpty(key, val)
	case "call":
		f.First, f.Last, err = parseCalls(val)
	case "rate":
		f.Rate, err = strconv.ParseFloat(val, 64)
		if err != nil || !(f.Rate > 0 && f.Rate <= 1) {
			return fmt.Errorf("rate %q is not over 0 and at most 1", val)
		}
	case "from":
		f.From, err = parseTime(key, val)
	case "until":
		f.Until, err = parseTime(key, val)
		if err == nil && f.Until == 0 {
			return fmt.Errorf("until=0 is never")
		}
	default:
		if !slices.Contains(Effects, Effect(key)) {
			return fmt.Errorf("%q is neither a condition (cluster=, group=, call=, rate=, from=, until=) nor an effect (%s)", key, names(Effects))
		}
		if f.Effect != "" {
			return fmt.Errorf("a fault has one effect: %s and %s are two", f.Effect, key)
		}
		f.Effect = Effect(key)
		return f.argument(val, given)
	}
	return err
}

// argument takes what follows the effect's =.
func (f *Fault) argument(val string, given bool) (err error) {
	switch f.Effect {
	case Fail, FailAfter:
		name, status, withStatus := strings.Cut(val, "/")
		if !isName(name) {
			return fmt.Errorf("%s needs an error type, for example %s=InternalFailure", f.Effect, f.Effect)
		}
		f.Error, f.Status = name, 400
		if code, ok := statuses[name]; ok {
			f.Status = code
		}
		if withStatus {
			if f.Status, err = strconv.Atoi(status); err != nil || f.Status < 400 || f.Status > 599 {
				return fmt.Errorf("status %q is not between 400 and 599", status)
			}
		}
		return nil
	case Late, Delay, Stale:
		f.Time, err = parseTime(string(f.Effect), val)
		switch {
		case err == nil && f.Time == 0:
			return fmt.Errorf("%s needs a duration over 0", f.Effect)
		case f.Effect == Stale && f.Time > viewed:
			return fmt.Errorf("stale=%s: the past is known for %s only", val, viewed)
		}
		return err
	case Low, LoseGroups, FailSeries:
		f.Count, err = strconv.Atoi(val)
		if err != nil || f.Count < 1 || f.Count > maxGroupInstance {
			return fmt.Errorf("%s needs a number from 1, for example %s=2", f.Effect, f.Effect)
		}
		return nil
	}
	if given {
		return fmt.Errorf("%s takes no argument", f.Effect)
	}
	return nil
}

// String is the line that ParseFault reads as the same fault.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.Op)
	put := func(key, val string) {
		if strings.ContainsAny(val, " \t\"\\") || !printable(val) {
			val = strconv.Quote(val)
		}
		b.WriteString(" " + key + "=" + val)
	}
	if f.Cluster != "" {
		put("cluster", f.Cluster)
	}
	if f.Group != "" {
		put("group", f.Group)
	}
	switch {
	case f.First > 0 && f.First == f.Last:
		put("call", strconv.Itoa(f.First))
	case f.Last > 0:
		put("call", fmt.Sprintf("%d-%d", f.First, f.Last))
	case f.First > 0:
		put("call", fmt.Sprintf("%d-", f.First))
	}
	if f.Rate > 0 {
		put("rate", strconv.FormatFloat(f.Rate, 'g', -1, 64))
	}
	if f.From > 0 {
		put("from", f.From.String())
	}
	if f.Until > 0 {
		put("until", f.Until.String())
	}
	switch f.Effect {
	case Fail, FailAfter:
		put(string(f.Effect), fmt.Sprintf("%s/%d", f.Error, f.Status))
	case Late, Delay, Stale:
		put(string(f.Effect), f.Time.String())
	case Low, LoseGroups, FailSeries:
		put(string(f.Effect), strconv.Itoa(f.Count))
	default:
		b.WriteString(" " + string(f.Effect))
	}
	return b.String()
}

func parseCalls(val string) (first, last int, err error) {
	from, to, isRange := strings.Cut(val, "-")
	first, err = strconv.Atoi(from)
	if err == nil && isRange && to != "" {
		last, err = strconv.Atoi(to)
		if err == nil && last < first {
			err = strconv.ErrRange
		}
	}
	if !isRange {
		last = first
	}
	if err != nil || first < 1 {
		return 0, 0, fmt.Errorf("call %q is not a number from 1, or a range such as 2-4 or 3-", val)
	}
	return first, last, nil
}

func parseTime(key, val string) (time.Duration, error) {
	d, err := time.ParseDuration(val)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s=%s is not a duration such as 90s or 10m", key, val)
	}
	return d, nil
}

func nonEmpty(key, val string) (string, error) {
	if val == "" {
		return "", fmt.Errorf("%s= needs an id or a name", key)
	}
	return val, nil
}

// isName says whether a word is letters and digits, beginning with a letter.
func isName(s string) bool {
	for i, r := range s {
		letter := r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) < 0
}

func names(effects []Effect) string {
	out := make([]string, len(effects))
	for i, e := range effects {
		out[i] = string(e)
	}
	return strings.Join(out, ", ")
}

type word struct {
	text   string
	column int
}

// splitWords cuts a line at blanks. The value of key="…" is unquoted.
func splitWords(line string) ([]word, error) {
	var out []word
	for i := 0; i < len(line); {
		if line[i] == ' ' || line[i] == '\t' {
			i++
			continue
		}
		start := i
		end := start
		for end < len(line) && line[end] != ' ' && line[end] != '\t' && line[end] != '"' {
			end++
		}
		text := line[start:end]
		if end < len(line) && line[end] == '"' {
			if !strings.HasSuffix(text, "=") {
				return nil, &LineError{end + 1, "a quoted value follows key="}
			}
			quoted, err := strconv.QuotedPrefix(line[end:])
			if err != nil {
				return nil, &LineError{end + 1, "the quoted value does not end"}
			}
			val, err := strconv.Unquote(quoted)
			if err != nil {
				return nil, &LineError{end + 1, "the quoted value is not a Go string"}
			}
			text, end = text+val, end+len(quoted)
		}
		out = append(out, word{text, start + 1})
		i = end
	}
	return out, nil
}
