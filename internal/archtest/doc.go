// Package archtest holds the project's own rules as tests: who may import whom, where the clock and the order of maps must not
// reach, what every package and exported name says about itself, and that the pages in docs name things that exist.
//
// Every rule prints its reason when it fails. The map of packages is the table layout; a package that is not on it fails, a package
// that is on it and does not exist yet is listed by "go test -v" and its rules start to hold on the day it is added. The rules
// themselves are tested on small sources that break them.
package archtest
