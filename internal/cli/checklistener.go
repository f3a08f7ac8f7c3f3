package cli

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/phrase"
	"emrguard/internal/web"
)

// checkListener looks at who may come in, and at the certificate.
func checkListener(d *Deps, cfg *config.Config) []finding {
	if !cfg.Listens() {
		return nil
	}
	access, err := newAccess(d, cfg, cfg.Web.CertFile != "")
	list := []finding{fine("listener", whoMay(cfg, access))}
	if err != nil {
		list = []finding{problem("listener", err.Error())}
	}
	return append(list, checkCertificate(cfg, time.Now())...)
}

// whoMay says who may come in, as far as the configuration goes.
func whoMay(cfg *config.Config, a *web.Access) string {
	switch {
	case a == nil:
		return ""
	case a.Anybody() && !a.Orders():
		return "everybody on this machine may read the page; it gives no orders without web.admin_token_file"
	case a.Anybody():
		return "everybody on this machine may read the page and give orders (web.open_orders)"
	case a.Proxy == nil:
		return "the tokens can be read"
	}
	proxy := fmt.Sprintf("whom the proxy at %s names in %s may read; ", strings.Join(cfg.Web.ProxyFrom, ", "), cfg.Web.ProxyHeader)
	switch admins := cfg.Web.ProxyAdmins; {
	case len(admins) == 0:
		proxy += "none of them gives orders without web.proxy_admins"
	case len(admins) == 1 && admins[0] == "*":
		proxy += "all of them give orders (web.proxy_admins)"
	default:
		proxy += phrase.Count(len(admins), "name") + " of web.proxy_admins may give orders"
	}
	if a.ReadToken != "" || a.AdminToken != "" {
		return "the tokens can be read; " + proxy
	}
	return proxy
}

// checkCertificate looks at the listener's TLS certificate and its key.
func checkCertificate(cfg *config.Config, now time.Time) []finding {
	if cert, _ := cfg.Certificate(); cert == "" {
		return nil
	}
	var list []finding
	if err := cfg.KeyClosed(); err != nil {
		list = append(list, problem("listener", err.Error()))
	}
	cert, err := web.NewCertificate(cfg.Certificate, slog.New(slog.DiscardHandler))
	if err != nil {
		return append(list, problem("listener", err.Error()))
	}
	switch text, refused := cert.Problem(now); {
	case refused:
		list = append(list, problem("listener", text))
	case text != "":
		list = append(list, finding{Status: statusWarning, Check: "listener", Text: text})
	default:
		list = append(list, fine("listener", "the certificate is good until "+cert.NotAfter().UTC().Format(time.RFC3339)))
	}
	return list
}
