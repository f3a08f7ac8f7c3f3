package sink

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/notify"
	"emrguard/internal/phrase"
)

// webhook posts messages as JSON, signed in the manner of Standard Webhooks (standardwebhooks.com), for which there are libraries in most
// languages: the headers webhook-id, webhook-timestamp and webhook-signature, which is "v1," and the base64 of an HMAC-SHA256 over
// "id.timestamp.body", once for each secret, separated by spaces.
type webhook struct {
	*poster
	keys [][]byte
}

func (o Options) webhook(c *notify.Webhook) (Sink, error) {
	address := c.URL
	if address == "" {
		var err error
		if address, err = o.secret(c.URLFile, c.URLEnv); err != nil {
			return nil, err
		}
	}
	p, err := o.poster(address)
	if err != nil {
		return nil, err
	}
	w := &webhook{poster: p}
	for _, file := range c.SecretFiles {
		if err := w.key(o.secret(file, "")); err != nil {
			return nil, err
		}
	}
	for _, name := range c.SecretEnvs {
		if err := w.key(o.secret("", name)); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// secretPrefix begins a secret that is written in base64.
const secretPrefix = "whsec_"

// key adds a secret: the bytes after whsec_ in base64, or the text as it is.
func (w *webhook) key(text string, err error) error {
	if err != nil {
		return err
	}
	key := []byte(text)
	if encoded, ok := strings.CutPrefix(text, secretPrefix); ok {
		if key, err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return fmt.Errorf("a secret begins with %s, and what follows is not base64", secretPrefix)
		}
	}
	if len(key) < minSecret {
		return fmt.Errorf("a secret has %d bytes, fewer than %d", len(key), minSecret)
	}
	w.keys = append(w.keys, key)
	return nil
}

// Where implements Sink.
func (w *webhook) Where() string {
	if len(w.keys) == 0 {
		return "webhook at " + w.host() + ", not signed"
	}
	return "webhook at " + w.host() + ", signed with " + phrase.Count(len(w.keys), "secret")
}

// Send implements notify.Sender.
func (w *webhook) Send(ctx context.Context, m notify.Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return &notify.SendError{Permanent: true, Err: err}
	}
	return w.post(ctx, body, w.headers(m.ID, time.Now(), body))
}

// headers name the message and sign it.
func (w *webhook) headers(id string, now time.Time, body []byte) http.Header {
	at := strconv.FormatInt(now.Unix(), 10)
	h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {at}}
	var signatures []string
	for _, key := range w.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + at + ".")) // a hash takes everything
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(signatures) > 0 {
		h["Webhook-Signature"] = []string{strings.Join(signatures, " ")}
	}
	return h
}
