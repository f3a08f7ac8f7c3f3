// Package deploytest tests what is under deploy: that the image's binary, the unit, the chart and the module fit the daemon of this source.
package deploytest
