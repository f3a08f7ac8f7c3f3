package view

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"emrguard/internal/emr"
)

// groupID finds the ids of groups in a sentence. What it finds of a command or of a token has a mark too many to be one.
var groupID = regexp.MustCompile("[.]?ig-[0-9A-Za-z]+(?:`|[.][0-9a-z])?")

// Labelled puts a group's label after its id in a sentence; ids of groups without a name and those in commands stay alone.
func (c *Cluster) Labelled(text string) string {
	return groupID.ReplaceAllStringFunc(text, func(id string) string {
		if label := c.labelIn(id); label != "" {
			return id + " (" + label + ")"
		}
		return id
	})
}

// named puts a group's label in the place of its id in a sentence.
func (c *Cluster) named(text string) string {
	return groupID.ReplaceAllStringFunc(text, func(id string) string {
		if label := c.labelIn(id); label != "" {
			return label
		}
		return id
	})
}

// labelIn is the label of a group of the cluster, or "" without one.
func (c *Cluster) labelIn(id string) string {
	if c == nil || c.Group(emr.GroupID(id)) == nil {
		return ""
	}
	if label := c.label(emr.GroupID(id)); label != id {
		return label
	}
	return ""
}

// longest is how many letters of a reason a table of clusters shows.
const longest = 80

// shortened is the beginning of a text that is too long for a table.
func shortened(text string) string {
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return strings.TrimRight(string([]rune(text)[:longest-1]), " ,;:") + "…"
}
