//go:build !race

package usefulness

const raceDetector = false
