package scenario

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names lists the scenarios that come with the program, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic("scenario: the embedded files are gone: " + err.Error())
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return out
}

// Source returns the text of a scenario that comes with the program, and an error that lists the names for any other.
func Source(name string) ([]byte, error) {
	data, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("there is no scenario %q%s", name, suggest(name, Names()))
	}
	return data, nil
}

// Load parses a scenario that comes with the program.
func Load(name string) (*Scenario, error) {
	data, err := Source(name)
	if err != nil {
		return nil, err
	}
	return Parse(name+".yaml", data)
}
