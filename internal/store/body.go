package store

import (
	"encoding/json"
	"strings"
)

// Body is the text of a document, which has to be JSON. Nobody can change it, so it is shared and not copied. The zero Body is empty, and cannot be
// saved.
type Body struct {
	text    string
	encoded bool // by Encode: it is JSON, and need not be read again to know
}

// Encode writes a value as JSON. The error is that of encoding/json for values that it cannot write.
func Encode(v any) (Body, error) {
	var b strings.Builder
	if err := json.NewEncoder(&b).Encode(v); err != nil {
		return Body{}, err
	}
	return Body{strings.TrimSuffix(b.String(), "\n"), true}, nil
}

// Text is a body from elsewhere. Whether it is JSON is checked each time it is saved.
func Text(text string) Body { return Body{text: text} }

// String is the text.
func (b Body) String() string { return b.text }

// Equal says whether the texts are the same.
func (b Body) Equal(o Body) bool { return b.text == o.text }

// Decode reads the text into v, as json.Unmarshal does.
func (b Body) Decode(v any) error { return json.Unmarshal([]byte(b.text), v) }

// valid says whether the text is JSON.
func (b Body) valid() bool { return b.encoded || json.Valid([]byte(b.text)) }
