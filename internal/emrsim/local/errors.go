package local

import (
	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
)

// failure translates an error answer. Code is the exception's name, or the older code that CloudWatch and SQS have for it, as the SDK shows it.
func failure(op emr.Op, e *emrsim.APIError) *emr.Error {
	if !op.EMR() {
		x := *e
		x.Type = emrsim.QueryCode(e.Type)
		e = &x
	}
	r := emr.Refusal{Code: e.Type, Detail: e.Code, Status: e.Status, Message: e.Message}
	return &emr.Error{Class: r.Class(), Code: e.Type, Message: e.Message}
}

// empty is the error of a success without what was asked for, as package awsapi makes it.
func empty(what string) *emr.Error {
	return &emr.Error{Class: emr.Unavailable, Message: "the answer holds no " + what}
}
