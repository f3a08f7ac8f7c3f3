//go:build race

package usefulness

// raceDetector says that everything takes eight times as long.
const raceDetector = true
