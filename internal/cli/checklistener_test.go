package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"emrguard/internal/config"
)

// writeKeyPair issues a certificate that is good from a time to another.
func writeKeyPair(t *testing.T, cert, key string, from, to time.Time) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotBefore: from, NotAfter: to}
	public, err := x509.CreateCertificate(rand.Reader, leaf, leaf, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: public}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheckListener(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	const tls, token = "web: {cert_file: tls.crt, key_file: tls.key}\n", "listen_token_file: token\n"
	for name, c := range map[string]struct {
		config string
		from   time.Duration // when the certificate begins, from now
		to     time.Duration // and when it ends
		mode   os.FileMode   // of the key; 0: 0600
		want   []string      // status and text of each finding
	}{
		"open":    {want: []string{"ok everybody on this machine may read the page; it gives no orders without web.admin_token_file"}},
		"a token": {config: token, want: []string{"ok the tokens can be read"}},
		"a proxy alone": {
			config: "web: {proxy_header: X-User, proxy_from: [10.0.0.7, 10.1.0.0/16]}\n",
			want:   []string{"ok whom the proxy at 10.0.0.7, 10.1.0.0/16 names in X-User may read; none of them gives orders without web.proxy_admins"},
		},
		"a proxy and its admins": {
			config: token + "web: {proxy_header: X-User, proxy_from: [10.0.0.7], proxy_admins: [ann, bob]}\n",
			want:   []string{"ok the tokens can be read; whom the proxy at 10.0.0.7 names in X-User may read; 2 names of web.proxy_admins may give orders"},
		},
		"a proxy whose people are all admins": {
			config: "web: {proxy_header: X-User, proxy_from: [10.0.0.7], proxy_admins: [\"*\"]}\n",
			want:   []string{"ok whom the proxy at 10.0.0.7 names in X-User may read; all of them give orders (web.proxy_admins)"},
		},
		"a good certificate": {config: token + tls, from: -time.Hour, to: 2000 * time.Hour, want: []string{"ok the tokens can be read", "ok the certificate is good until END"}},
		"one that ended":     {config: token + tls, from: -2000 * time.Hour, to: -time.Hour, want: []string{"ok the tokens can be read", "problem the certificate DIR/tls.crt ended at END, so clients refuse it: renew it"}},
		"one that ends soon": {config: token + tls, from: -2000 * time.Hour, to: 300 * time.Hour, want: []string{"ok the tokens can be read", "warning the certificate DIR/tls.crt ends at END: renew it"}},
		"a key for everybody": {config: token + tls, from: -time.Hour, to: 2000 * time.Hour, mode: 0o644, want: []string{
			"ok the tokens can be read", "problem web.key_file: DIR/tls.key is open to everybody (mode 0644); chmod 600 it", "ok the certificate is good until END",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "token"), "sixteen-characters")
			if err := os.Chmod(filepath.Join(dir, "token"), 0o600); err != nil {
				t.Fatal(err)
			}
			if c.to != 0 {
				writeKeyPair(t, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), now.Add(c.from), now.Add(c.to))
			}
			if c.mode != 0 {
				if err := os.Chmod(filepath.Join(dir, "tls.key"), c.mode); err != nil {
					t.Fatal(err)
				}
			}
			cfg, err := config.Parse(filepath.Join(dir, "emrguard.yaml"), []byte("scopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: observe}]\n"+c.config))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range checkListener(&Deps{Env: func(string) string { return "" }}, cfg) {
				got = append(got, f.Status+" "+f.Text)
			}
			want := strings.NewReplacer("DIR", dir, "END", now.Add(c.to).Format(time.RFC3339)).Replace(strings.Join(c.want, "\n"))
			if text := strings.Join(got, "\n"); text != want {
				t.Errorf("got\n%s\nwant\n%s", text, want)
			}
		})
	}
}

// 0.0.0.0 means the addresses of IPv4, and the page is told under one that a browser opens.
func TestWhereThePageIs(t *testing.T) {
	for listen, want := range map[string]string{"0.0.0.0:8470": "tcp4", "127.0.0.1:8470": "tcp4", "[::]:8470": "tcp", "localhost:8470": "tcp", ":8470": "tcp"} {
		if got := network(listen); got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
	}
	named := &config.Config{}
	named.Web.PublicURL = "https://emrguard.example.com/"
	for _, c := range []struct {
		cfg  *config.Config
		at   string
		want string
	}{
		{&config.Config{}, "0.0.0.0:8470", "http://localhost:8470/"}, {&config.Config{}, "[::]:8470", "http://localhost:8470/"},
		{&config.Config{}, "127.0.0.1:8470", "http://127.0.0.1:8470/"}, {&config.Config{}, "[::1]:8470", "http://[::1]:8470/"},
		{named, "0.0.0.0:8470", "https://emrguard.example.com/"},
	} {
		at, err := net.ResolveTCPAddr("tcp", c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := pageURL("http", c.cfg, at); got != c.want {
			t.Errorf("%s: %s, want %s", c.at, got, c.want)
		}
	}
}
