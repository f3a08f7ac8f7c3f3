package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Role is what somebody may do.
type Role int

// The roles. Each may do what the ones before it may.
const (
	Nobody Role = iota
	Reader      // see everything
	Admin       // give orders
)

// String is the role's word.
func (r Role) String() string { return [...]string{"nobody", "reader", "admin"}[r] }

// Identity is who sent a request.
type Identity struct {
	Name string // for the history
	Role Role
}

// Access says who may do what.
//
// A token stands for its role. Without any token and without a proxy everybody who reaches the listener may read, which is meant for loopback
// alone; Open lets everybody give orders, too.
type Access struct {
	ReadToken  string   // empty: none
	AdminToken string   // empty: none
	Open       bool     // without a token and a proxy: everybody is an admin
	Proxy      *Proxy   // nil: none
	Secure     bool     // cookies are sent over TLS only
	Hosts      []string // names of the server besides localhost, in lower case
	// Now is real time, for the ends of sessions.
	Now func() time.Time
}

// Proxy is a reverse proxy that authenticates people and names them in a header. It must take that header away from what clients send.
type Proxy struct {
	Header string         // with the name of the person
	From   []netip.Prefix // addresses of the proxy; the header of others counts for nothing
	Admins []string       // names that are admins; "*" is everybody. All others are readers
}

// cookieName is the name of the session cookie.
const cookieName = "emrguard_session"

// sessionFor is how long a login lasts.
const sessionFor = 12 * time.Hour

// open says whether requests need no credentials to read.
func (a *Access) open() bool { return a.ReadToken == "" && a.AdminToken == "" && a.Proxy == nil }

// Anybody says whether everybody who reaches the listener may read.
func (a *Access) Anybody() bool { return a.open() }

// Orders says whether anybody can give orders there.
func (a *Access) Orders() bool {
	return a.AdminToken != "" || a.open() && a.Open || a.Proxy != nil && len(a.Proxy.Admins) > 0
}

// identify says who sent a request, from its proxy header, its bearer token or its session.
func (a *Access) identify(r *http.Request) Identity {
	if a.Proxy != nil {
		if id, ok := a.Proxy.identify(r); ok {
			return id
		}
	}
	if given, ok := bearer(r); ok {
		return a.byToken(given, r)
	}
	if c, err := r.Cookie(cookieName); err == nil {
		if id := a.bySession(c.Value, r); id.Role > Nobody {
			return id
		}
	}
	switch {
	case !a.open():
		return Identity{}
	case a.Open:
		return Identity{Name: "somebody at " + address(r), Role: Admin}
	}
	return Identity{Name: "somebody at " + address(r), Role: Reader}
}

// bearer is the token that a request presents.
func bearer(r *http.Request) (string, bool) {
	scheme, given, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return given, ok && strings.EqualFold(scheme, "Bearer")
}

// offers says whether a request presents a token that may be a guess: one that there is something to compare with, and not from the proxy.
func (a *Access) offers(r *http.Request) bool {
	if a.Proxy != nil {
		if _, ok := a.Proxy.identify(r); ok {
			return false
		}
	}
	_, ok := bearer(r)
	return ok && (a.ReadToken != "" || a.AdminToken != "")
}

// byToken compares in constant time; hashes have one length, so not even that of the token shows.
func (a *Access) byToken(given string, r *http.Request) Identity {
	got := sha256.Sum256([]byte(given))
	is := func(token string) bool {
		want := sha256.Sum256([]byte(token))
		return subtle.ConstantTimeCompare(got[:], want[:]) == 1 && token != ""
	}
	switch {
	case is(a.AdminToken):
		return Identity{Name: "admin token at " + address(r), Role: Admin}
	case is(a.ReadToken):
		return Identity{Name: "read token at " + address(r), Role: Reader}
	}
	return Identity{}
}

// session is the value of a cookie that stands for a role until a time. It is signed with the role's token, so it outlives a restart and ends with the
// token.
func (a *Access) session(role Role, until time.Time) string {
	body := binary.BigEndian.AppendUint64([]byte{byte(role)}, uint64(until.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(body, a.sign(role, body)...))
}

func (a *Access) sign(role Role, body []byte) []byte {
	token := a.ReadToken
	if role == Admin {
		token = a.AdminToken
	}
	mac := hmac.New(sha256.New, []byte("emrguard session v1\x00"+token))
	mac.Write(body)
	return mac.Sum(nil)
}

func (a *Access) bySession(value string, r *http.Request) Identity {
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(raw) != 9+sha256.Size {
		return Identity{}
	}
	role, until := Role(raw[0]), time.Unix(int64(binary.BigEndian.Uint64(raw[1:9])), 0)
	if role != Reader && role != Admin || role == Reader && a.ReadToken == "" || role == Admin && a.AdminToken == "" {
		return Identity{}
	}
	if !hmac.Equal(raw[9:], a.sign(role, raw[:9])) || !a.Now().Before(until) {
		return Identity{}
	}
	return Identity{Name: role.String() + " session at " + address(r), Role: role}
}

// cookie is a session as the browser keeps it; an empty value ends it. It comes along when a link elsewhere, say in a chat, leads to a page, and not
// with what other sites post.
func (a *Access) cookie(value string) *http.Cookie {
	c := &http.Cookie{Name: cookieName, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: a.Secure, MaxAge: int(sessionFor.Seconds())}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

func (p *Proxy) identify(r *http.Request) (Identity, bool) {
	names := r.Header.Values(p.Header)
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || len(names) != 1 || names[0] == "" || len(names[0]) > 256 {
		return Identity{}, false
	}
	if !slices.ContainsFunc(p.From, func(n netip.Prefix) bool { return n.Contains(from.Addr().Unmap()) }) {
		return Identity{}, false
	}
	id := Identity{Name: names[0], Role: Reader}
	if slices.Contains(p.Admins, "*") || slices.Contains(p.Admins, id.Name) {
		id.Role = Admin
	}
	return id, true
}

// address is where a request came from, without its port.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// known says whether the Host of a request is one of this server. A page of somebody else whose name leads to a loopback address (DNS rebinding) is told
// apart by it; a server that asks for credentials takes any.
func (a *Access) known(r *http.Request) bool {
	if !a.open() {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || slices.Contains(a.Hosts, host)
	}
	return host == "localhost" || slices.Contains(a.Hosts, host)
}

type identityKey struct{}

// who is the identity that the server found out.
func who(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}
