// Package wire serves a simulator over HTTP as Amazon EMR, CloudWatch, SQS and EC2 would, so that the AWS CLI, boto3 and the AWS SDKs work
// against it unchanged.
//
// # The API
//
// POST / with Content-Type application/x-amz-json-1.1 and X-Amz-Target ElasticMapReduce.<Operation>. The region is that of the
// SigV4 credential scope in the Authorization header; the signature itself is not checked, and any key is taken. Without the header
// the answer is AWS's MissingAuthenticationTokenException, unless Options.DefaultRegion is set. Requests are checked against the API
// model before they reach the simulator; what is wrong comes back as EMR's errors do: a __type, a message and, for
// InvalidRequestException, an ErrorCode.
//
// Point a client at it with AWS_ENDPOINT_URL=http://host:port, a region, and any access key. Version 1 of the AWS CLI replaces that
// endpoint by its own for EMR in most regions (its customization overridesslcommonname), though not in us-east-1 and eu-central-1;
// there, and everywhere with --endpoint-url, it comes here.
//
// CloudWatch is on the same endpoint, in each of the three protocols that its API model names; its requests are scoped to the service
// "monitoring". Which one a request speaks is told by its path and content type:
//
//	Smithy RPC v2, CBOR   POST /service/GraniteServiceVersion20100801/operation/<Operation>      aws-sdk-go-v2 1.75
//	awsJson 1.0           POST / with X-Amz-Target GraniteServiceVersion20100801.<Operation>     AWS CLI 1.45
//	query, XML            POST / with a form: Action=<Operation>&…                               AWS CLI 2.9 (Debian)
//
// An error's code differs between them, and clients of the first two that send X-Amzn-Query-Mode learn that of the last from the
// header X-Amzn-Query-Error, as from AWS: Throttling for a ThrottlingException (emrsim.QueryCode).
//
// SQS has the queue of EMR's events, where the simulator's options turn them on: http://host:port/<account>/emr-events, of which only the
// last part counts. Its requests are scoped to the service "sqs" and come as awsJson 1.0 (X-Amz-Target AmazonSQS.<Operation>) or as a
// form (Debian's AWS CLI). A ReceiveMessage that waits for a message looks for one each second of simulated time.
//
// EC2 has DescribeSpotPriceHistory. Its requests are scoped to the service "ec2" and come as a form; its answers have an XML form of their own.
//
// # Time
//
// A Clock maps real time to simulated time. Each request first moves the simulator to the clock's time, and every answer carries it
// in its Date header, so that a client whose clock runs at the same speed sees no skew. Delays of injected faults pass in simulated
// time.
//
// # The simulator's own pages
//
// Under /_sim/, on the same listener, JSON; ?region= names a region, us-east-1 or the server's default without it. An error is
// {"error": "what is wrong"} with a status of 400, 404, 409 or 413.
//
//	GET    /_sim/                  what there is
//	GET    /_sim/clock             {"now", "speed", "manual"}
//	GET    /_sim/truth             clusters, groups, instances and capacity as they are, and every change (emrsim.Truth)
//	GET    /_sim/load?cluster=REF  the jobs of a cluster, and its state at every fifth minute of the last hour, or of ?last= (LoadPage)
//	GET    /_sim/log?after=SEQ     the last 1,000 API requests with what was answered (Request), those after a sequence number
//	GET    /_sim/faults            the faults in force (emrsim.FaultStatus)
//	POST   /_sim/faults            faults as emrsim.ParseFault reads them, one a line; all are added or none
//	DELETE /_sim/faults?id=N       one fault, or all without an id
//	POST   /_sim/capacity          {"pool": "zone/type/market", "parts": [6], "reclaim": false}
//	POST   /_sim/actions?who=NAME  one emrsim.Action: {"do": "interrupt", "cluster": "etl", "group": "TASK", "count": 2}
//	POST   /_sim/advance?by=10m    moves a clock that is moved by hand
//
// A browser's page of another origin is refused the pages that change anything.
package wire
