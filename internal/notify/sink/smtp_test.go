package sink

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/mail"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"emrguard/internal/notify"
)

// mailServer is an SMTP server (RFC 5321) with STARTTLS (RFC 3207) and AUTH PLAIN and LOGIN (RFC 4954) for the tests.
type mailServer struct {
	listener net.Listener
	tls      *tls.Config
	implicit bool
	noTLS    bool              // STARTTLS is not offered
	hangUp   bool              // right after a mail was taken
	refuse   map[string]string // reply by command, for example "RCPT": "550 no such user"

	mu       sync.Mutex
	mails    []string
	clear    []string // commands that came over a connection that was not encrypted
	logins   []string
	wg       sync.WaitGroup
	password string
}

// certificate makes a certificate for 127.0.0.1 and the file that it is checked against.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}

// serve starts the server; the test's end stops it.
func (s *mailServer) serve(t *testing.T) string {
	t.Helper()
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.listener.Close()
		s.wg.Wait()
	})
	s.wg.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			s.wg.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
				s.talk(conn)
			})
		}
	})
	return s.listener.Addr().String()
}

// talk is one session.
func (s *mailServer) talk(conn net.Conn) {
	encrypted := s.implicit
	if s.implicit {
		conn = tls.Server(conn, s.tls)
	}
	r := textproto.NewReader(bufio.NewReader(conn))
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 test ESMTP")
	for {
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		verb := strings.ToUpper(strings.Fields(line + " ?")[0])
		s.mu.Lock()
		if !encrypted {
			s.clear = append(s.clear, verb)
		}
		refusal := s.refuse[verb]
		s.mu.Unlock()
		if refusal != "" {
			say(refusal)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-test")
			if !encrypted && !s.noTLS {
				say("250-STARTTLS")
			}
			say("250-AUTH PLAIN LOGIN")
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go ahead")
			conn = tls.Server(conn, s.tls)
			r, encrypted = textproto.NewReader(bufio.NewReader(conn)), true
		case "AUTH":
			if s.login(line, r, say) {
				say("235 welcome")
			} else {
				say("535 5.7.8 wrong password")
			}
		case "DATA":
			say("354 go on")
			data, err := io.ReadAll(r.DotReader())
			if err != nil {
				return
			}
			s.mu.Lock()
			s.mails = append(s.mails, string(data))
			s.mu.Unlock()
			say("250 taken")
			if s.hangUp {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default: // MAIL, RCPT, NOOP, RSET
			say("250 ok")
		}
	}
}

func (s *mailServer) login(line string, r *textproto.Reader, say func(string)) bool {
	fields := strings.Fields(line)
	decode := func(text string) string {
		b, _ := base64.StdEncoding.DecodeString(text)
		return string(b)
	}
	var user, password string
	if strings.EqualFold(fields[1], "PLAIN") {
		if len(fields) < 3 {
			return false
		}
		parts := strings.Split(decode(fields[2]), "\x00")
		user, password = parts[1], parts[2]
	} else {
		say("334 " + base64.StdEncoding.EncodeToString([]byte("Username:")))
		u, _ := r.ReadLine()
		say("334 " + base64.StdEncoding.EncodeToString([]byte("Password:")))
		p, _ := r.ReadLine()
		user, password = decode(u), decode(p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins = append(s.logins, user)
	return password == s.password
}

// smtpSink is a configuration of a mail to the server.
func smtpSink(server string, change func(*notify.SMTP)) notify.Sink {
	c := notify.DefaultSMTP()
	c.Server, c.From, c.To = server, "emrguard <guard@example.org>", []string{"ann@example.org", "Bob <bob@example.org>"}
	if change != nil {
		change(&c)
	}
	return notify.Sink{Name: "mail", SMTP: &c}
}

func TestMail(t *testing.T) {
	cert, ca := certificate(t)
	const password = "a password of SECRET length"
	for _, implicit := range []bool{false, true} {
		server := &mailServer{tls: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, implicit: implicit, password: password}
		c := smtpSink(server.serve(t), func(c *notify.SMTP) {
			c.CAFile, c.Username, c.PasswordFile = ca, "guard", file(t, password+"\n")
			if implicit {
				c.TLS = notify.Implicit
			}
		})
		s := made(t, c, Options{})
		if found, err := s.Reach(t.Context()); err != nil || found != "the server takes the login" || len(server.mails) > 0 {
			t.Errorf("%q, %v, and %d mails", found, err, len(server.mails))
		}
		m := message("n-abc-1")
		m.Title, m.Severity = "[critical] größe:\r\nBcc: eve@example.org", notify.Critical
		for range 2 { // an attempt and its repetition
			if err := s.Send(t.Context(), m); err != nil {
				t.Fatalf("implicit %v: %v", implicit, err)
			}
		}
		if len(server.mails) != 2 || server.logins[0] != "guard" {
			t.Fatalf("%d mails, logins %q", len(server.mails), server.logins)
		}
		got, err := mail.ReadMessage(strings.NewReader(server.mails[0]))
		if err != nil {
			t.Fatal(err)
		}
		if id := got.Header.Get("Message-Id"); id != "<n-abc-1@example.org>" || !strings.Contains(server.mails[1], "n-abc-1@example.org") {
			t.Errorf("Message-ID %s", id)
		}
		if got.Header.Get("Bcc") != "" || !strings.Contains(got.Header.Get("To"), "bob@example.org") || got.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("headers %v", got.Header)
		}
		if !strings.Contains(server.mails[0], "somebody ran emrguard notify test") {
			t.Errorf("the mail is\n%s", server.mails[0])
		}
		for _, verb := range server.clear {
			if verb != "EHLO" && verb != "STARTTLS" {
				t.Errorf("%s came in the clear", verb)
			}
		}
	}
}

// TestMailIsNotSentInTheClear: a server without STARTTLS, and one with another's certificate, get nothing.
func TestMailIsNotSentInTheClear(t *testing.T) {
	cert, ca := certificate(t)
	_, other := certificate(t)
	server := &mailServer{tls: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, noTLS: true, password: "SECRET SECRET SECRET"}
	address := server.serve(t)
	login := func(ca string) notify.Sink {
		return smtpSink(address, func(c *notify.SMTP) {
			c.CAFile, c.Username, c.PasswordFile = ca, "guard", file(t, "SECRET SECRET SECRET")
		})
	}
	if err := made(t, login(ca), Options{}).Send(t.Context(), message("n-1")); err == nil {
		t.Error("a server without STARTTLS got a mail")
	}
	if _, err := made(t, login(ca), Options{}).Reach(t.Context()); err == nil {
		t.Error("a server without STARTTLS is fine")
	}
	server.mu.Lock()
	server.noTLS = false
	server.mu.Unlock()
	err := made(t, login(other), Options{}).Send(t.Context(), message("n-1"))
	if err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("a server with another's certificate: %v", err)
	}
	if len(server.mails) > 0 || len(server.logins) > 0 || slices.Contains(server.clear, "MAIL") {
		t.Errorf("%d mails, logins %q, in the clear %q", len(server.mails), server.logins, server.clear)
	}
}

// TestMailThatWasTakenIsSent: a server that hangs up after it took a mail is not sent it again.
func TestMailThatWasTakenIsSent(t *testing.T) {
	server := &mailServer{noTLS: true, hangUp: true}
	s := made(t, smtpSink(server.serve(t), func(c *notify.SMTP) { c.TLS = notify.NoTLS }), Options{})
	if err := s.Send(t.Context(), message("n-1")); err != nil || len(server.mails) != 1 {
		t.Errorf("%d mails, %v", len(server.mails), err)
	}
}

func TestMailRefusals(t *testing.T) {
	for _, x := range []struct {
		verb, reply string
		permanent   bool
	}{
		{"RCPT", "550 5.1.1 no such user", true},
		{"RCPT", "450 4.2.1 mailbox busy", false},
		{"MAIL", "421 4.3.2 shutting down", false},
		{"MAIL", "552 5.3.4 too big", true},
		{"DATA", "554 5.6.0 no", true},
		{"DATA", "451 4.3.0 later", false},
	} {
		server := &mailServer{noTLS: true, refuse: map[string]string{x.verb: x.reply}}
		s := made(t, smtpSink(server.serve(t), func(c *notify.SMTP) { c.TLS = notify.NoTLS }), Options{})
		if err := s.Send(t.Context(), message("n-1")); err == nil || notify.Refused(err) != x.permanent {
			t.Errorf("%s %s: permanent %v, %v", x.verb, x.reply, notify.Refused(err), err)
		}
	}
	server := &mailServer{noTLS: true, password: "right"}
	s := made(t, smtpSink(server.serve(t), func(c *notify.SMTP) {
		c.TLS, c.Username, c.PasswordEnv = notify.NoTLS, "guard", "PW"
	}), Options{Env: func(string) string { return "SECRET and wrong" }})
	if err := s.Send(t.Context(), message("n-1")); !notify.Refused(err) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("a wrong password: permanent %v, %v", notify.Refused(err), err)
	}
	server.listener.Close()
	if err := s.Send(t.Context(), message("n-1")); err == nil || notify.Refused(err) {
		t.Errorf("a closed port: %v", err)
	}
}
