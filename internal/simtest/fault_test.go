package simtest

import (
	"strings"
	"testing"
)

func TestFaultLinesThatCannotBe(t *testing.T) {
	t.Parallel()
	store := func(line string) error { _, err := ParseStoreFault(line); return err }
	call := func(line string) error { _, err := ParseFault(line); return err }
	for line, want := range map[string]string{
		"AddInstanceGroup call=2 lose-answer":   `there is no operation "AddInstanceGroup"; there are *`,
		"AddInstanceGroups call=2 loose-answer": `"loose-answer" is neither a condition`,
		"Save":                                  "want one of *, Save",
		"Sav full":                              "want one of *, Save",
		"Save ful":                              "neither a condition nor one of",
		"Save rate=0.1":                         "no effect is given",
		"Save rate=2 full":                      "a share is over 0 and at most 1",
		"Save call=0 full":                      "calls are counted from 1",
		"Save call=4-2 full":                    "calls are counted from 1",
		"* from=20m until=10m full":             "until=10m0s is not after from=20m0s",
		"Save full busy":                        "a fault has one effect: full and busy are two",
	} {
		parse := call
		if strings.HasPrefix(line, "Sav") || strings.HasPrefix(line, "* ") {
			parse = store
		}
		if err := parse(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", line, err, want)
		}
	}
	for _, line := range []string{"Save call=3 lose-answer", "* from=10m until=20m full", "Acquire call=2- rate=0.5 busy", "Orders call=1-4 io-error"} {
		if err := store(line); err != nil {
			t.Error(err)
		}
	}
}

// TestScriptsThatCannotBePlayed: a mistake in a script is an error that names the command, not a panic, which would count as one of the guard.
func TestScriptsThatCannotBePlayed(t *testing.T) {
	t.Parallel()
	const begin = "world\n----\n\n"
	const placed = begin + "cluster etl\ntask TASK 3\n----\n\n"
	for script, want := range map[string]string{
		"run 5m\n----\n":                                 "run: there is no world yet",
		begin + "clustr etl\n----\n":                     `no command "clustr"`,
		begin + "cluster etl\ntask TASK x\n----\n":       `cluster etl: strconv.Atoi: parsing "x": invalid syntax`,
		begin + "cluster etl\ntask TASK -1\n----\n":      "cluster etl: ",
		begin + "groups\n----\n":                         "groups: there is no cluster yet",
		placed + "groups cluster=web\n----\n":            `there is no cluster "web"`,
		placed + "pools cluster=web\n----\n":             `there is no cluster "web"`,
		placed + "order pause cluster=web\n----\n":       `there is no cluster "web"`,
		placed + "metric Backlog cluster=web 5\n----\n":  `there is no cluster "web"`,
		placed + "run 5\n----\n":                         `run 5: "5" is not a duration; write for example 40m`,
		placed + "run -5m\n----\n":                       "time does not run backwards",
		placed + "settle\n----\n":                        `settle: "" is not a duration`,
		placed + "start behind=5m\n----\n":               "behind: is not known here",
		placed + "fault\nAddInstanceGroup empty\n----\n": `fault: column 1: there is no operation "AddInstanceGroup"`,
	} {
		commands, err := ParseScript(script)
		check(t, err)
		p := &Player{}
		for _, c := range commands {
			if _, err = p.Do(c); err != nil {
				break
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", script, err, want)
		}
	}
}
