// Package recovery decides when a group is stuck and walks one recovery through its steps: confirm, stop, settle, place, watch.
//
// It is pure: the present time, the reads and the answers are arguments, the next step and what it needs are values.
// The rules are R1, R3, R4, R5 and R8 of docs/recovery.md.
package recovery
