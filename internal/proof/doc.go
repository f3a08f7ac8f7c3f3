// Package proof plays whole worlds from seeds: a fleet, its people, its weather and everything that goes wrong, against the real guard, and
// says which property did not hold, by the shortest script that shows it.
//
// A seed draws a script in the language of package simtest (Draw), the script is played (Play), and one that violates a property is reduced
// (Shrink). Nothing is drawn while a script is played, so that leaving a command out changes nothing else.
package proof
