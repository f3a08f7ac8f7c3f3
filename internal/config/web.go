package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Web says who may see and steer the fleet through the listener.
type Web struct {
	AdminTokenFile string   `yaml:"admin_token_file,omitempty" range:"a path" doc:"file with the token for giving orders (ban, pause, scale …), which reads, too; its form is that of listen_token_file. Without it the listener gives no orders, except by open_orders or proxy_admins"`
	AdminTokenEnv  string   `yaml:"admin_token_env,omitempty" range:"name of a variable" doc:"environment variable with that token, in place of the file"`
	OpenOrders     bool     `yaml:"open_orders,omitempty" range:"true or false" doc:"true: everybody on this machine may give orders; for a listener on loopback without tokens only"`
	CertFile       string   `yaml:"cert_file,omitempty" range:"a path; needs key_file" doc:"TLS certificate with its chain, PEM. With it the listener speaks HTTPS only. The files are read again when they change; TLS itself begins and ends with a restart"`
	KeyFile        string   `yaml:"key_file,omitempty" range:"a path; needs cert_file" doc:"private key of the certificate, PEM"`
	ProxyHeader    string   `yaml:"proxy_header,omitempty" range:"name of a header; needs proxy_from" doc:"header in which a proxy that authenticates people (OIDC) names who asks, for example X-Auth-Request-Email. The proxy must take it away from what clients send"`
	ProxyFrom      []string `yaml:"proxy_from,omitempty" range:"addresses or networks" doc:"where the proxy's requests come from, for example 10.0.3.7 or 10.0.0.0/24; the header of others counts for nothing"`
	ProxyAdmins    []string `yaml:"proxy_admins,omitempty" range:"names as in the header, or \"*\"" doc:"who of them may give orders; the others read"`
	PublicURL      string   `yaml:"public_url,omitempty" range:"an http or https URL without a path" doc:"where people reach the page: for links in notifications, and as a name that a listener without a token or a proxy answers to"`
}

// The limits of a listener token, in characters.
const (
	minToken = 16
	maxToken = 4096
)

// Tokens reads the tokens for reading and for giving orders; one that is not configured is empty. env looks up environment variables. A server that got
// a token must refuse requests without it. All problems are told at once, and no error contains a token.
func (c *Config) Tokens(env func(string) string) (read, admin string, err error) {
	read, readErr := c.token("listen_token", c.ListenTokenFile, c.ListenTokenEnv, env)
	admin, adminErr := c.token("web.admin_token", c.Web.AdminTokenFile, c.Web.AdminTokenEnv, env)
	if err = errors.Join(readErr, adminErr); err == nil && read != "" && read == admin {
		err = errors.New("web.admin_token: it is the token for reading, too; who may read could give orders")
	}
	return read, admin, err
}

func (c *Config) token(key, file, name string, env func(string) string) (string, error) {
	switch {
	case file != "":
		key, path := key+"_file", c.resolve(file)
		text, err := readToken(path)
		if err != nil {
			return "", fmt.Errorf("%s: %w", key, err)
		}
		return checkToken(text, key+": "+path)
	case name != "":
		text := env(name)
		if text == "" {
			return "", fmt.Errorf("%s_env: the environment variable %s is not set", key, name)
		}
		return checkToken(text, key+"_env: "+name)
	}
	return "", nil
}

// readToken reads a file that only some may read.
func readToken(path string) (string, error) {
	if err := closed(path); err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, maxToken+2))
	return strings.TrimRight(string(data), "\r\n"), err
}

// closed is an error if everybody on the machine may read or change a file.
func closed(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return fmt.Errorf("%s is open to everybody (mode %04o); chmod 600 it", path, info.Mode().Perm())
	}
	return nil
}

// KeyClosed is an error if everybody on the machine may read the key of the listener's certificate, or nobody; nil without one.
func (c *Config) KeyClosed() error {
	_, key := c.Certificate()
	if key == "" {
		return nil
	}
	if err := closed(key); err != nil {
		return fmt.Errorf("web.key_file: %w", err)
	}
	return nil
}

// checkToken says what is wrong with a token, without telling it.
func checkToken(token, where string) (string, error) {
	switch {
	case len(token) < minToken:
		return "", fmt.Errorf("%s has %d characters, fewer than %d", where, len(token), minToken)
	case len(token) > maxToken:
		return "", fmt.Errorf("%s has more than %d characters", where, maxToken)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", errors.New(where + " has something other than printable ASCII characters without spaces, on one line")
	}
	return token, nil
}

// ProxyNetworks are the networks of web.proxy_from.
func (w Web) ProxyNetworks() []netip.Prefix {
	var out []netip.Prefix
	for _, text := range w.ProxyFrom {
		if p, ok := network(text); ok {
			out = append(out, p)
		}
	}
	return out
}

// network reads an address or a network.
func network(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p, err == nil
}

// Certificate is the paths of the listener's certificate and key, empty without TLS.
func (c *Config) Certificate() (cert, key string) {
	if c.Web.CertFile == "" {
		return "", ""
	}
	return c.resolve(c.Web.CertFile), c.resolve(c.Web.KeyFile)
}

// guarded says whether requests to the listener need credentials.
func (c *Config) guarded() bool {
	return c.ListenTokenFile != "" || c.ListenTokenEnv != "" || c.Web.AdminTokenFile != "" || c.Web.AdminTokenEnv != "" || c.Web.ProxyHeader != ""
}

func (v *validator) listener() {
	v.web()
	if v.cfg.Listen == listenNone {
		if v.cfg.ListenTokenFile != "" {
			v.problem("listen_token_file", "there is no listener to protect: listen is none")
		}
		return
	}
	host, port, err := net.SplitHostPort(v.cfg.Listen)
	n, portErr := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil:
		v.problem("listen", "want host:port, for example %s, or none; found %q", DefaultListen, v.cfg.Listen)
	case portErr != nil:
		v.problem("listen", "the port %q is no number from 0 to 65535", port)
	case host != "" && !validHost(host):
		v.problem("listen", "the host %q is neither a name nor an IP address", host)
	case n == 0 && !loopbackHost(host):
		v.problem("listen", "port 0, any free port, is for loopback only")
	case !loopbackHost(host) && !v.cfg.guarded():
		v.problem("listen", "%s can be reached from other machines, so every request has to carry a token; name its file in listen_token_file, or listen on %s",
			v.cfg.Listen, net.JoinHostPort("127.0.0.1", port))
	}
}

// listener warns of tokens that others could read on their way.
func (w *warner) listener() {
	host, _, err := net.SplitHostPort(w.cfg.Listen)
	if err == nil && !loopbackHost(host) && w.cfg.Web.CertFile == "" {
		w.warn("listen", "%s can be reached from other machines without TLS, so tokens can be read on their way; give web.cert_file, or let only a proxy that speaks TLS reach it", w.cfg.Listen)
	}
}

var (
	headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")
	envName    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
)

// web checks the section web.
func (v *validator) web() {
	w := v.cfg.Web
	for _, t := range []struct{ file, env, path string }{
		{v.cfg.ListenTokenFile, v.cfg.ListenTokenEnv, "listen_token_env"}, {w.AdminTokenFile, w.AdminTokenEnv, "web.admin_token_env"},
	} {
		switch {
		case t.env == "":
		case t.file != "":
			v.problem(t.path, "the token is in a file already; give one of the two")
		case !envName.MatchString(t.env):
			v.problem(t.path, "%q is no name of an environment variable", t.env)
		}
	}
	if w.OpenOrders && v.cfg.guarded() {
		v.problem("web.open_orders", "the listener has a token or a proxy, which say who may give orders")
	}
	if (w.CertFile == "") != (w.KeyFile == "") {
		v.problem("web.cert_file", "a certificate needs its key: give cert_file and key_file, or neither")
	}
	if w.ProxyHeader != "" && !headerName.MatchString(w.ProxyHeader) {
		v.problem("web.proxy_header", "%q is no name of a header; for example X-Auth-Request-Email", w.ProxyHeader)
	}
	switch {
	case w.ProxyHeader != "" && len(w.ProxyFrom) == 0:
		v.problem("web.proxy_header", "anybody could send it; name where the proxy's requests come from in proxy_from")
	case w.ProxyHeader == "" && len(w.ProxyFrom)+len(w.ProxyAdmins) > 0:
		v.problem("web", "proxy_from and proxy_admins need proxy_header")
	}
	for i, text := range w.ProxyFrom {
		if _, ok := network(text); !ok {
			v.problem(fmt.Sprintf("web.proxy_from[%d]", i), "%q is no address and no network; for example 10.0.3.7 or 10.0.0.0/24", text)
		}
	}
	if w.PublicURL != "" {
		u, err := url.Parse(w.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
			v.problem("web.public_url", "%q is no http or https URL without a path; for example https://emrguard.example.com", w.PublicURL)
		}
	}
}
