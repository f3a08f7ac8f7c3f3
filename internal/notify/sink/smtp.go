package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"emrguard/internal/notify"
)

// smtp sends messages as email.
type smtp struct {
	host    string
	port    int
	tls     *tls.Config // of a connection that is encrypted from the start; nil: it is not
	options []mail.Option
	from    string
	to      []string
	secrets []string
}

// mailTimeout bounds one connection; the context of a send bounds it, too.
const mailTimeout = 15 * time.Second

func (o Options) smtp(c *notify.SMTP) (Sink, error) {
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s := &smtp{host: host, port: n, from: c.From, to: c.To}
	settings := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		if settings.RootCAs, err = certificates(o.Path(c.CAFile)); err != nil {
			return nil, err
		}
	}
	s.options = []mail.Option{mail.WithPort(n), mail.WithTimeout(mailTimeout), mail.WithTLSConfig(settings)}
	switch c.TLS {
	case notify.Implicit:
		s.tls = settings
		s.options = append(s.options, mail.WithSSL())
	case notify.NoTLS:
		s.options = append(s.options, mail.WithTLSPolicy(mail.NoTLS))
	case notify.StartTLS:
		s.options = append(s.options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.Username != "" {
		password, err := o.secret(c.PasswordFile, c.PasswordEnv)
		if err != nil {
			return nil, err
		}
		// The connection is encrypted, so a password may be said; go-mail would not know that of one that it did not dial itself.
		how := mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin)
		if c.TLS == notify.NoTLS { // to this machine, where nobody listens in
			how = mail.WithSMTPAuth(mail.SMTPAuthPlainNoEnc)
		}
		s.options = append(s.options, how, mail.WithUsername(c.Username), mail.WithPassword(password))
		s.secrets = []string{password}
	}
	return s, nil
}

// certificates reads a PEM file.
func certificates(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", path)
	}
	return pool, nil
}

// Where implements Sink.
func (s *smtp) Where() string {
	return fmt.Sprintf("email to %s by %s", strings.Join(s.to, ", "), net.JoinHostPort(s.host, strconv.Itoa(s.port)))
}

// dial opens the connection of one send. The connection ends with the send: go-mail leaves it open where the server cannot do what is asked
// of it, and looks at no context once it is connected.
func (s *smtp) dial(send context.Context) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if s.tls != nil {
			conn, err = (&tls.Dialer{Config: s.tls}).DialContext(ctx, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		if err == nil {
			context.AfterFunc(send, func() { _ = conn.Close() }) // most often it is closed already
		}
		return conn, err
	}
}

// client makes the client of one connection, which ends with ctx.
func (s *smtp) client(ctx context.Context) (*mail.Client, error) {
	return mail.NewClient(s.host, append(slices.Clone(s.options), mail.WithDialContextFunc(s.dial(ctx)))...)
}

// Reach implements Sink: it connects as for a mail, encrypts, logs in and leaves.
func (s *smtp) Reach(ctx context.Context) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := s.client(ctx)
	if err == nil {
		err = client.DialWithContext(ctx)
	}
	if err != nil {
		return "", errors.New(s.hide(err.Error()))
	}
	_ = client.Close() // it is told all that it has to be
	if len(s.secrets) > 0 {
		return "the server takes the login", nil
	}
	return "the server answers", nil
}

// Send implements notify.Sender. The mail's Message-ID is the same with each attempt. A mail that the server took is sent, whatever it says
// afterwards.
func (s *smtp) Send(ctx context.Context, m notify.Message) error {
	message, err := s.mail(m)
	if err != nil {
		return &notify.SendError{Permanent: true, Err: err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return &notify.SendError{Permanent: true, Err: err}
	}
	if err := client.DialAndSendWithContext(ctx, message); err != nil && !message.IsDelivered() {
		return &notify.SendError{Permanent: refused(err), Err: errors.New(s.hide(err.Error()))}
	}
	return nil
}

// mail is the message as a mail.
func (s *smtp) mail(m notify.Message) (*mail.Msg, error) {
	out := mail.NewMsg()
	if err := out.From(s.from); err != nil {
		return nil, err
	}
	if err := out.To(s.to...); err != nil {
		return nil, err
	}
	out.Subject(m.Title)
	if at := strings.LastIndexByte(out.GetFrom()[0].Address, '@'); at >= 0 {
		out.SetMessageIDWithValue(m.ID + out.GetFrom()[0].Address[at:])
	}
	out.SetDateWithValue(m.Created)
	out.SetGenHeader("Auto-Submitted", "auto-generated")
	out.SetGenHeader("X-Emrguard-Severity", string(m.Severity))
	if m.Severity == notify.Critical {
		out.SetImportance(mail.ImportanceHigh)
	}
	out.SetBodyString(mail.TypeTextPlain, m.Text)
	return out, nil
}

// refused says whether the server refused the mail, the login or an address for good: a reply of 500 to 599 (RFC 5321, 4.2.1).
func refused(err error) bool {
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return e.Code >= 500
	}
	if e, ok := errors.AsType[*mail.SendError](err); ok {
		return !e.IsTemp() && e.ErrorCode() >= 500
	}
	return false
}

func (s *smtp) hide(text string) string {
	for _, word := range s.secrets {
		text = strings.ReplaceAll(text, word, "…")
	}
	return text
}
