// Package importer turns the configuration of Spot Elastigroup for EMR, the mrScaler objects of its REST API, into cluster rules.
//
// It is a function of its input: no I/O and no clock. What it takes over is valid: each rule was read by the reader of the
// configuration. What it cannot take over is named with its JSON path and the reason, never dropped in silence and never guessed:
// a policy of which one part is not understood is left out whole.
package importer
