//go:build race

package simtest

func init() { raceEnabled = true }
