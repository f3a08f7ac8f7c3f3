package web

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"emrguard/internal/desk"
)

// Moment is a time in a query string of the API, written as on the page and in the commands: see desk.Moment. It is exported so that reflection may
// fill it.
type Moment string

// at is the time that is meant at a present; zero without one, or where wrong says what is the matter.
func (m Moment) at(now time.Time) time.Time {
	t, _ := desk.Moment(string(m), now)
	return t
}

// Schema implements huma.SchemaProvider.
func (Moment) Schema(huma.Registry) *huma.Schema {
	most := 40
	return &huma.Schema{Type: huma.TypeString, MaxLength: &most, Examples: []any{"2026-01-05T14:05:00Z", "2026-01-05", "2h"}}
}

// Resolve implements huma.Resolver.
func (in *historyInput) Resolve(ctx huma.Context) []error {
	return append(in.Strict.Resolve(ctx), noMoments(in.From, in.To)...)
}

// Resolve implements huma.Resolver.
func (in *Period) Resolve(ctx huma.Context) []error {
	return append(in.Strict.Resolve(ctx), noMoments(in.From, in.To)...)
}

// noMoments is what is wrong with the ends of a period in a query string.
func noMoments(from, to Moment) (wrong []error) {
	for _, end := range []struct {
		name string
		text Moment
	}{{"from", from}, {"to", to}} {
		if _, err := desk.Moment(string(end.text), time.Time{}); err != nil {
			wrong = append(wrong, &huma.ErrorDetail{Message: err.Error(), Location: "query." + end.name, Value: string(end.text)})
		}
	}
	return wrong
}
