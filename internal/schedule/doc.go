// Package schedule says at which moments a cron expression fires in a time zone.
//
// It is pure: the present time is an argument, and an expression is taken apart once, by Parse. The meaning of a field (lists, ranges,
// steps, L, W and #) is gronx's; its search for the next time is not used, since that gives up after a number of tries, asks the wall clock
// in places and knows no time zone. Instead everything that gronx says of minutes, hours and days is kept as bits, and the search walks them.
//
// # Daylight saving
//
// An expression speaks of clocks on a wall. Each time that it names fires once, at the first moment at which the clock of the zone shows
// that time or a later one. So
//
//   - a time that does not exist, because the clocks jump over it, fires at the jump: 02:30 in Europe/Berlin on the last Sunday of March fires
//     at 03:00 summer time. If several times fall into one jump, or the moment of the jump is named as well, they are one;
//   - a time that exists twice, because the clocks go back, fires at its first occurrence: 02:30 in Europe/Berlin on the last Sunday of
//     October fires in summer time and not again an hour later. "every 15 minutes" pauses for that hour.
package schedule
