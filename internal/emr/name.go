package emr

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxName is the longest group name EMR takes: XmlStringMaxLen256 in the API model. AWS does not say whether it counts
// bytes, UTF-16 units or code points, so names are kept within it in bytes, the largest of the three.
const MaxName = 256

// The names of fallback groups begin with nameMark, then the version. A group name lives in AWS as long as its cluster
// and EMR cannot rename a group, so no version is ever dropped: see testdata/names.txt.
const (
	nameMark    = "emrguard/"
	nameVersion = "1"
)

// maxPart bounds each part of a token, so that every token fits a name and leaves room for some of the origin's name.
const maxPart = 48

// Token is what the name of a fallback group says about it (rule R7). Each part is 1 to 48 letters, digits and hyphens.
type Token struct {
	Store    string    // the identity of the store of the emrguard that made the group
	Cluster  ClusterID // the cluster it was made in
	Origin   GroupID   // the origin of its pool, also where the recovery began at another fallback
	Recovery string    // the recovery that made it
}

// String is the token as it stands at the end of a name: store.cluster.origin.recovery.
func (t Token) String() string {
	return t.Store + "." + string(t.Cluster) + "." + string(t.Origin) + "." + t.Recovery
}

func (t Token) parts() [4]string {
	return [4]string{t.Store, string(t.Cluster), string(t.Origin), t.Recovery}
}

// GroupName is the name of a new fallback group (rule R7): "emrguard/1 <origin name> <token>", at most MaxName bytes.
// originName is that of the pool's origin. Where it is too long it is cut between characters; characters that EMR
// refuses, and bytes that are no UTF-8, become U+FFFD. The error names the part of the token that is no word.
func GroupName(originName string, t Token) (string, error) {
	for i, p := range t.parts() {
		if !isPart(p) {
			return "", fmt.Errorf("group name: the %s %q of the token is not 1 to %d letters, digits and hyphens",
				[...]string{"store", "cluster", "origin", "recovery"}[i], p, maxPart)
		}
	}
	head, tail := nameMark+nameVersion+" ", " "+t.String()
	return head + cut(acceptable(originName), MaxName-len(head)-len(tail)) + tail, nil
}

// ParseGroupName takes a name made by GroupName apart. The origin's name may hold anything, another token too, so the
// parse goes from the right end. False for every other name, those of versions this emrguard does not know included:
// see IsReserved.
func ParseGroupName(name string) (originName string, t Token, ok bool) {
	rest, ok := strings.CutPrefix(name, nameMark+nameVersion+" ")
	if !ok || len(name) > MaxName {
		return "", Token{}, false
	}
	at := max(0, strings.LastIndexByte(rest, ' ')) // no space: an empty name whose two spaces somebody made one
	parts := strings.Split(strings.TrimPrefix(rest[at:], " "), ".")
	if len(parts) != 4 {
		return "", Token{}, false
	}
	for _, p := range parts {
		if !isPart(p) {
			return "", Token{}, false
		}
	}
	return rest[:at], Token{Store: parts[0], Cluster: ClusterID(parts[1]), Origin: GroupID(parts[2]), Recovery: parts[3]}, true
}

// IsReserved says whether the name looks like one that some emrguard made, of a version known here or not: "emrguard/"
// and a digit. A reserved name that ParseGroupName does not take apart belongs to a newer emrguard or was edited; such a
// group is observed only.
func IsReserved(name string) bool {
	rest, ok := strings.CutPrefix(name, nameMark)
	return ok && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// isPart says whether s can stand in a token.
func isPart(s string) bool {
	if s == "" || len(s) > maxPart {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return true
}

// acceptable replaces what the pattern of XmlStringMaxLen256 refuses: control characters but tab, line feed and carriage
// return, surrogates, U+FFFE and U+FFFF. The characters it allows beyond ASCII stay.
func acceptable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, s)
}

// cut shortens s to at most limit bytes, between characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
