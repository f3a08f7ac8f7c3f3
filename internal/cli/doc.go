// Package cli holds the commands of emrguard: it reads arguments, calls what does the work, and writes for people or programs.
//
// Each command is a constructor newXCmd(*Deps) in a file of its own; nothing here is global, so that tests run every command in
// their own process with their own streams, environment and signals.
package cli
