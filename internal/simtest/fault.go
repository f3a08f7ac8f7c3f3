package simtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"emrguard/internal/emrsim"
)

// operations are those that the simulator knows.
var operations = sync.OnceValue(func() []string { return emrsim.New(emrsim.Options{}).Operations() })

// ParseFault reads a line of the simulator's fault language, as emrsim.ParseFault does, and refuses an operation that the simulator does not know:
// a fault of a misspelt one would befall nothing.
func ParseFault(line string) (emrsim.Fault, error) {
	f, err := emrsim.ParseFault(line)
	if err == nil && f.Op != "*" && !slices.Contains(operations(), f.Op) {
		err = fmt.Errorf("column 1: there is no operation %q; there are * and %s", f.Op, strings.Join(operations(), ", "))
	}
	return f, err
}
