package wire

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"reflect"
	"strconv"
	"strings"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/shapes"
)

// xmlSpace is the namespace of CloudWatch's answers in the query protocol.
const xmlSpace = "http://monitoring.amazonaws.com/doc/2010-08-01/"

// encodeXML writes answers of the query protocol in a namespace: the output structure's members inside <OperationResult>; without one only
// the request id.
func encodeXML(space string) func(buf *bytes.Buffer, op, requestID string, out any) {
	return func(buf *bytes.Buffer, op, requestID string, out any) {
		buf.WriteString("<" + op + `Response xmlns="` + space + `">`)
		if out != nil {
			element(buf, op+"Result", func() { structureXML(buf, reflect.Indirect(reflect.ValueOf(out))) })
		}
		element(buf, "ResponseMetadata", func() { textElement(buf, "RequestId", requestID) })
		buf.WriteString("</" + op + "Response>")
	}
}

// failXML writes errors of the query protocol, whose codes differ from the types of the newer ones.
func failXML(space string) func(buf *bytes.Buffer, requestID string, e *emrsim.APIError) {
	return func(buf *bytes.Buffer, requestID string, e *emrsim.APIError) {
		buf.WriteString(`<ErrorResponse xmlns="` + space + `">`)
		element(buf, "Error", func() {
			textElement(buf, "Type", faultOf(e))
			textElement(buf, "Code", emrsim.QueryCode(e.Type))
			textElement(buf, "Message", e.Message)
		})
		textElement(buf, "RequestId", requestID)
		buf.WriteString("</ErrorResponse>")
	}
}

func element(buf *bytes.Buffer, name string, inside func()) {
	buf.WriteString("<" + name + ">")
	inside()
	buf.WriteString("</" + name + ">")
}

func textElement(buf *bytes.Buffer, name, text string) {
	element(buf, name, func() { _ = xml.EscapeText(buf, []byte(text)) }) // a buffer takes everything
}

// structureXML writes the members of a structure that are there. A flat list has no element of its own around its elements.
func structureXML(buf *bytes.Buffer, v reflect.Value) {
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsNil() {
			tag := v.Type().Field(i).Tag
			if flat := tag.Get("query"); flat != "" {
				for j := range f.Len() {
					element(buf, flat, func() { valueXML(buf, f.Index(j), listElement) })
				}
				continue
			}
			name, _, _ := strings.Cut(tag.Get("json"), ",")
			element(buf, name, func() { valueXML(buf, reflect.Indirect(f), cmp.Or(tag.Get("item"), listElement)) })
		}
	}
}

// listElement is the name of a list's elements, but in EC2's answers.
const listElement = "member"

// valueXML writes a value; item is what its elements are called if it is a list.
func valueXML(buf *bytes.Buffer, v reflect.Value, item string) {
	switch x := v.Interface().(type) {
	case shapes.Time:
		buf.WriteString(x.UTC().Format("2006-01-02T15:04:05.000Z"))
	case string:
		_ = xml.EscapeText(buf, []byte(x))
	case bool:
		buf.WriteString(strconv.FormatBool(x))
	case float64:
		buf.WriteString(strconv.FormatFloat(x, 'g', -1, 64))
	default:
		switch v.Kind() {
		case reflect.Slice:
			for i := range v.Len() {
				element(buf, item, func() { valueXML(buf, v.Index(i), listElement) })
			}
		case reflect.Struct:
			structureXML(buf, v)
		default:
			panic("emrsim/wire: the query protocol knows no " + v.Type().String())
		}
	}
}
