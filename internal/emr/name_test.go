package emr

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

type golden struct {
	name, origin string
	token        Token
}

func goldens(t testing.TB) []golden {
	t.Helper()
	f, err := os.Open("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unquote := func(s string) string {
		u, err := strconv.Unquote(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return u
	}
	var out []golden
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		cells := strings.Split(lines.Text(), "\t")
		words := strings.Fields(cells[2])
		out = append(out, golden{unquote(cells[0]), unquote(cells[1]), Token{words[0], ClusterID(words[1]), GroupID(words[2]), words[3]}})
	}
	if len(out) == 0 {
		t.Fatal("no golden names")
	}
	return out
}

// R7: every name ever issued parses to the same origin and token for ever, and the newest version still issues its own.
func TestR7NamesForEver(t *testing.T) {
	for _, g := range goldens(t) {
		origin, token, ok := ParseGroupName(g.name)
		if !ok || origin != g.origin || token != g.token {
			t.Errorf("%q parses to %q, %+v, %v; want %q, %+v", g.name, origin, token, ok, g.origin, g.token)
		}
		if !IsReserved(g.name) {
			t.Errorf("%q is not reserved", g.name)
		}
		if strings.HasPrefix(g.name, nameMark+nameVersion+" ") {
			if made, err := GroupName(g.origin, g.token); err != nil || made != g.name {
				t.Errorf("GroupName(%q, %+v) = %q, %v; want %q", g.origin, g.token, made, err, g.name)
			}
		}
	}
}

func TestParseGroupNameRefuses(t *testing.T) {
	for _, c := range []struct {
		name     string
		reserved bool
	}{
		{"", false},
		{"Task - 3", false},
		{"emrguard", false},
		{"emrguard/", false},
		{"emrguard/x TASK aaaaaaaa.j-1.ig-1.1", false},
		{"Emrguard/1 TASK aaaaaaaa.j-1.ig-1.1", false},
		{" emrguard/1 TASK aaaaaaaa.j-1.ig-1.1", false},
		{"emrguard/2 TASK aaaaaaaa.j-1.ig-1.1", true},
		{"emrguard/10 TASK aaaaaaaa.j-1.ig-1.1", true},
		{"emrguard/2", true},
		{"emrguard/2:TASK", true},
		{"emrguard/1", true},
		{"emrguard/1 ", true},
		{"emrguard/1 TASK", true},
		{"emrguard/1 TASK aaaaaaaa.j-1.ig-1.1 (copy)", true},
		{"emrguard/1 TASK aaaaaaaa.j-1.ig-1", true},
		{"emrguard/1 TASK aaaaaaaa.j-1.ig-1.1.2", true},
		{"emrguard/1 TASK aaaaaaaa.j-1..1", true},
		{"emrguard/1 TASK aaaaaaaa.j-1.ig-1.ü", true},
		{"emrguard/1 TASK aaaaaaaa.j-1.ig-1." + strings.Repeat("1", maxPart+1), true},
		{"emrguard/1 " + strings.Repeat("x", MaxName) + " aaaaaaaa.j-1.ig-1.1", true},
	} {
		if origin, token, ok := ParseGroupName(c.name); ok {
			t.Errorf("%q parses to %q, %+v", c.name, origin, token)
		}
		if got := IsReserved(c.name); got != c.reserved {
			t.Errorf("IsReserved(%q) = %v", c.name, got)
		}
	}
}

// One space lost between the mark and the token leaves an empty origin name readable.
func TestParseGroupNameOneSpace(t *testing.T) {
	origin, token, ok := ParseGroupName("emrguard/1 aaaaaaaa.j-1.ig-1.1")
	if want := (Token{"aaaaaaaa", "j-1", "ig-1", "1"}); !ok || origin != "" || token != want {
		t.Errorf("got %q, %+v, %v", origin, token, ok)
	}
}

func TestGroupNameToken(t *testing.T) {
	good := Token{"aaaaaaaa", "j-1", "ig-1", "r-1"}
	for _, c := range []struct {
		part string
		set  func(*Token)
	}{
		{"store", func(k *Token) { k.Store = "" }},
		{"store", func(k *Token) { k.Store = "a b" }},
		{"cluster", func(k *Token) { k.Cluster = "j.1" }},
		{"origin", func(k *Token) { k.Origin = "ig-ü" }},
		{"recovery", func(k *Token) { k.Recovery = strings.Repeat("r", maxPart+1) }},
	} {
		bad := good
		c.set(&bad)
		if name, err := GroupName("TASK", bad); err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("GroupName with %+v = %q, %v; want an error about the %s", bad, name, err, c.part)
		}
	}
}

func TestGroupNameCuts(t *testing.T) {
	token := Token{"aaaaaaaa", "j-1", "ig-1", "r-1"}
	room := MaxName - len(nameMark+nameVersion+" ") - len(" "+token.String())
	for _, c := range []struct{ name, in, want string }{
		{"fits", strings.Repeat("x", room), strings.Repeat("x", room)},
		{"one too long", strings.Repeat("x", room+1), strings.Repeat("x", room)},
		{"between characters", strings.Repeat("x", room-1) + "ü", strings.Repeat("x", room-1)},
		{"four bytes", strings.Repeat("x", room-3) + "🚀", strings.Repeat("x", room-3)},
		{"four bytes that fit", strings.Repeat("x", room-4) + "🚀", strings.Repeat("x", room-4) + "🚀"},
		{"control characters", "a\x00b\x1bc\td\ne\rf\x7f", "a\ufffdb\ufffdc\td\ne\rf\x7f"},
		{"non-characters", "a\ufffeb\uffffc", "a\ufffdb\ufffdc"},
		{"no UTF-8", "a\xffb\xc3", "a\ufffdb\ufffd"},
		{"replaced, then cut", strings.Repeat("\x00", room), strings.Repeat("\ufffd", room/3)},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, err := GroupName(c.in, token)
			if err != nil {
				t.Fatal(err)
			}
			if origin, got, ok := ParseGroupName(name); !ok || origin != c.want || got != token {
				t.Errorf("%q became %q, %+v, %v; want %q", c.in, origin, got, ok, c.want)
			}
		})
	}
}

// The longest token leaves room for a name people recognise.
func TestGroupNameLongestToken(t *testing.T) {
	part := strings.Repeat("Z", maxPart)
	name, err := GroupName(strings.Repeat("n", 300), Token{part, ClusterID(part), GroupID(part), part})
	if err != nil {
		t.Fatal(err)
	}
	origin, _, ok := ParseGroupName(name)
	if !ok || len(name) != MaxName || len(origin) < 40 {
		t.Errorf("%q: origin %q, %v", name, origin, ok)
	}
}

// valid says why EMR would refuse a name; it follows the pattern of XmlStringMaxLen256 in the API model.
func valid(name string) string {
	if len(name) > MaxName {
		return "too long"
	}
	if !utf8.ValidString(name) {
		return "no UTF-8"
	}
	for _, r := range name {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r > 0xFFFD && r < 0x10000 {
			return strconv.QuoteRune(r)
		}
	}
	return ""
}

func roundTrip(t interface {
	Helper()
	Fatalf(string, ...any)
}, originName string, token Token) {
	t.Helper()
	name, err := GroupName(originName, token)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if why := valid(name); why != "" {
		t.Fatalf("%q is no valid name: %s", name, why)
	}
	origin, got, ok := ParseGroupName(name)
	if !ok || got != token {
		t.Fatalf("%q parses to %+v, %v; want %+v", name, got, ok, token)
	}
	if !strings.HasPrefix(acceptable(originName), origin) {
		t.Fatalf("%q does not begin with %q", originName, origin)
	}
	if again, err := GroupName(origin, got); err != nil || again != name {
		t.Fatalf("made again from its parse, %q becomes %q, %v", name, again, err)
	}
}

// R7: whatever the origin is called, the token comes back, and the name is one EMR takes.
func TestR7RoundTrip(t *testing.T) {
	part := rapid.StringMatching(`[A-Za-z0-9-]{1,48}`)
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`(emrguard/[12] )?[a-z. /]{0,300}( [a-z]+\.j-[A-Z]+\.ig-[A-Z]+\.[0-9]+)?`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 300), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		roundTrip(t, text.Draw(t, "origin name"), Token{
			Store: part.Draw(t, "store"), Cluster: ClusterID(part.Draw(t, "cluster")),
			Origin: GroupID(part.Draw(t, "origin")), Recovery: part.Draw(t, "recovery"),
		})
	})
}

func FuzzGroupName(f *testing.F) {
	for _, g := range goldens(f) {
		f.Add(g.name, g.token.Store, string(g.token.Cluster), string(g.token.Origin), g.token.Recovery)
	}
	f.Add("emrguard/2 x", "", "\x00", "a.b", "ü")
	f.Fuzz(func(t *testing.T, s, store, cluster, origin, recovery string) {
		if name, token, ok := ParseGroupName(s); ok {
			if !IsReserved(s) {
				t.Fatalf("%q parses and is not reserved", s)
			}
			roundTrip(t, name, token)
		}
		token := Token{store, ClusterID(cluster), GroupID(origin), recovery}
		if _, err := GroupName(s, token); err == nil {
			roundTrip(t, s, token)
		}
	})
}
