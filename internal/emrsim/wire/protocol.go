package wire

import (
	"bytes"
	"mime"
	"net/http"
	"strings"

	"emrguard/internal/emrsim"
)

// protocol is how a service's requests are found and read, and its answers written.
type protocol struct {
	service emrsim.Service
	scope   string   // the service's name in a SigV4 credential scope
	takes   []string // content types of requests; "": none given
	gives   string   // content type of answers
	prefix  string   // of operations' names
	place   string   // where the name stands, for messages
	example string   // an operation
	decode  func(body []byte, in any) error
	encode  func(buf *bytes.Buffer, op, requestID string, out any)
	fail    func(buf *bytes.Buffer, requestID string, e *emrsim.APIError)
}

// SQS has two, in the order of its API model. aws-sdk-go-v2 1.52 and version 1.45 of the AWS CLI speak the first, Debian's 2.9 the second.
var (
	sqsJSON = &protocol{
		service: emrsim.SQS, scope: sqsScope, takes: []string{jsonType10, jsonType}, gives: jsonType10, prefix: "AmazonSQS.", place: "the X-Amz-Target header",
		example: "ReceiveMessage", decode: decodeJSON, encode: encodeJSON,
		fail: func(buf *bytes.Buffer, _ string, e *emrsim.APIError) {
			encode(buf, commonError{Type: "com.amazonaws.sqs#" + e.Type, Message: e.Message})
		},
	}
	sqsQuery = &protocol{
		service: emrsim.SQS, scope: sqsScope, takes: []string{formType}, gives: "text/xml", place: "the parameter Action",
		example: "ReceiveMessage", decode: decodeForm, encode: encodeXML("http://queue.amazonaws.com/doc/2012-11-05/"), fail: failXML("http://queue.amazonaws.com/doc/2012-11-05/"),
	}
)

// sqsScope is SQS's name in credential scopes.
const sqsScope = "sqs"

// cloudWatchName is CloudWatch's name of old, in its two newer protocols; monitoringScope that in credential scopes.
const (
	cloudWatchName  = "GraniteServiceVersion20100801"
	monitoringScope = "monitoring"
)

// emrJSON is EMR's protocol; a request that is none of the others' is taken for one of its.
var emrJSON = &protocol{
	service: emrsim.EMR, scope: "elasticmapreduce", takes: []string{jsonType}, gives: jsonType, prefix: "ElasticMapReduce.", place: "the X-Amz-Target header",
	example: "ListClusters", decode: decodeJSON, encode: encodeJSON,
	fail: func(buf *bytes.Buffer, _ string, e *emrsim.APIError) { encode(buf, errorBody(e)) },
}

// CloudWatch has three protocols, in the order of its API model. aws-sdk-go-v2 1.75 speaks the first, version 1.45 of the AWS CLI the
// second, Debian's 2.9 and older SDKs the third.
var (
	rpcCBOR = &protocol{
		service: emrsim.CloudWatch, scope: monitoringScope, takes: []string{cborType, ""}, gives: cborType, place: "the path",
		example: "GetMetricData", decode: decodeCBOR, encode: encodeCBOR, fail: failCBOR,
	}
	metricsJSON = &protocol{
		service: emrsim.CloudWatch, scope: monitoringScope, takes: []string{jsonType10, jsonType}, gives: jsonType10, prefix: cloudWatchName + ".",
		place: "the X-Amz-Target header", example: "GetMetricData", decode: decodeJSON, encode: encodeJSON,
		fail: func(buf *bytes.Buffer, _ string, e *emrsim.APIError) { encode(buf, metricsError(e)) },
	}
	query = &protocol{
		service: emrsim.CloudWatch, scope: monitoringScope, takes: []string{formType}, gives: "text/xml", place: "the parameter Action",
		example: "GetMetricData", decode: decodeForm, encode: encodeXML(xmlSpace), fail: failXML(xmlSpace),
	}
)

// ec2Query is EC2's protocol: the parameters of the query protocol, and answers in a form of its own.
var ec2Query = &protocol{
	service: emrsim.EC2, scope: ec2Scope, takes: []string{formType}, gives: "text/xml;charset=UTF-8", place: "the parameter Action",
	example: "DescribeSpotPriceHistory", decode: decodeForm, encode: encodeEC2, fail: failEC2,
}

// ec2Scope is EC2's name in credential scopes.
const ec2Scope = "ec2"

// rpcPath is the path of smithy's RPC v2, before the operation.
const rpcPath = "/service/" + cloudWatchName + "/operation/"

// protocolOf tells which protocol a request speaks.
func protocolOf(r *http.Request) *protocol {
	switch {
	case strings.HasPrefix(r.URL.Path, rpcPath):
		return rpcCBOR
	case mediaOf(r) == formType && strings.Contains(r.Header.Get("Authorization"), "/"+sqsScope+"/"):
		return sqsQuery
	case mediaOf(r) == formType && strings.Contains(r.Header.Get("Authorization"), "/"+ec2Scope+"/"):
		return ec2Query
	case mediaOf(r) == formType:
		return query
	case strings.HasPrefix(r.Header.Get("X-Amz-Target"), sqsJSON.prefix):
		return sqsJSON
	case strings.HasPrefix(r.Header.Get("X-Amz-Target"), metricsJSON.prefix):
		return metricsJSON
	}
	return emrJSON
}

// name is the operation's name with its prefix, as the request's head has it; inBody: only its body has it.
func (p *protocol) name(r *http.Request) (name string, inBody bool) {
	switch p {
	case rpcCBOR:
		return strings.TrimPrefix(r.URL.Path, rpcPath), false
	case query, sqsQuery, ec2Query:
		return "", true
	}
	return r.Header.Get("X-Amz-Target"), false
}

// mediaOf is a request's content type without its parameters; empty when it is none.
func mediaOf(r *http.Request) string {
	given := r.Header.Get("Content-Type")
	if given == jsonType { // nearly always
		return given
	}
	media, _, err := mime.ParseMediaType(given)
	if err != nil {
		return given
	}
	return media
}
