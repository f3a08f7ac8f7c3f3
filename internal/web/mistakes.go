package web

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"emrguard/internal/suggest"
)

// tellMistakes is a huma.Transformer that says what is wrong with a request in words that help: of a field that there is not which there are, and in the
// detail what the errors are.
func tellMistakes(schemas huma.Registry) huma.Transformer {
	return func(ctx huma.Context, _ string, v any) (any, error) {
		told, ok := v.(*huma.ErrorModel)
		if !ok || len(told.Errors) == 0 {
			return v, nil
		}
		slices.SortStableFunc(told.Errors, func(a, b *huma.ErrorDetail) int { return strings.Compare(a.Location, b.Location) }) // some come in the order of a map
		var texts []string
		for _, e := range told.Errors {
			if name, inBody := strings.CutPrefix(e.Location, "body."); inBody && e.Message == validation.MsgUnexpectedProperty {
				e.Message, e.Value = noField(name, fieldsOf(ctx.Operation(), schemas)), nil // the value was the whole body
			}
			texts = append(texts, strings.TrimPrefix(e.Location+": "+e.Message, ": "))
		}
		if told.Detail == validationFailed {
			told.Detail = strings.Join(texts, "; ")
		}
		return told, nil
	}
}

// validationFailed is what huma says of a request with mistakes.
const validationFailed = "validation failed"

// noField says that there is no field of a name, which one was likely meant, and which there are.
func noField(name string, fields []string) string {
	hint := ""
	if meant := suggest.Nearest(name, fields); meant != "" {
		hint = fmt.Sprintf(" (did you mean %q?)", meant)
	}
	return fmt.Sprintf("there is no field %q%s; there are %s", name, hint, strings.Join(fields, ", "))
}

// fieldsOf are the fields of the body that an operation takes, in order.
func fieldsOf(op *huma.Operation, schemas huma.Registry) []string {
	if op.RequestBody == nil {
		return nil
	}
	s := op.RequestBody.Content["application/json"].Schema
	if s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	return slices.Sorted(maps.Keys(s.Properties))
}
