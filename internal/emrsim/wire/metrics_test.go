package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// metrics is a client of the AWS SDK for CloudWatch that sends each call once.
func (s *served) metrics(in string) *cloudwatch.Client {
	return cloudwatch.New(cloudwatch.Options{
		Region: in, BaseEndpoint: aws.String(s.url), Retryer: aws.NopRetryer{}, HTTPClient: wholeBody{&http.Client{Transport: &http.Transport{}}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
}

// busy is a cluster of 1 core and 2 task nodes (m5.xlarge) of which a job of 24 containers takes all 12, from minute 63 on, seen at minute 91.
func busy(t testing.TB, o emrsim.Options, in string) (*served, string) {
	t.Helper()
	s := serve(t, o, wire.Options{})
	out, apiErr := s.sim.Do(in, "RunJobFlow", runJobFlow("etl", 2))
	if apiErr != nil {
		t.Fatal(apiErr)
	}
	var id struct{ JobFlowId string }
	raw, err := json.Marshal(out)
	if err == nil {
		err = json.Unmarshal(raw, &id)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.pass(t, time.Hour)
	s.sim.AdvanceTo(s.clock.Now())
	if err := s.sim.SetLoad(in, "etl", emrsim.Load{Jobs: []emrsim.Job{{Name: "job", At: 3 * time.Minute, Work: 100 * time.Hour, Width: 24}}}); err != nil {
		t.Fatal(err)
	}
	s.pass(t, 31*time.Minute)
	return s, id.JobFlowId
}

// of is a query for a metric of a cluster.
func of(id, metric, cluster string, stat types.Statistic) types.MetricDataQuery {
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{Period: aws.Int32(300), Stat: aws.String(string(stat)), Metric: &types.Metric{
		Namespace: aws.String("AWS/ElasticMapReduce"), MetricName: &metric, Dimensions: []types.Dimension{{Name: aws.String("JobFlowId"), Value: &cluster}}}}}
}

// Every operation of CloudWatch that the simulator knows is called through the AWS SDK, which speaks RPC v2 with CBOR.
func TestEveryMetricOperationThroughTheSDK(t *testing.T) {
	s, id := busy(t, emrsim.Options{Seed: 4}, region)
	c, ctx := s.metrics(region), t.Context()
	end := s.clock.Now()
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(end.Add(-20 * time.Minute).Truncate(5 * time.Minute)), EndTime: &end, ScanBy: types.ScanByTimestampAscending,
		MetricDataQueries: []types.MetricDataQuery{of("pending", "ContainerPending", id, types.StatisticAverage), of("idle", "IsIdle", id, types.StatisticMaximum), of("none", "TotalLoad", id, types.StatisticSum)}}
	data, err := c.GetMetricData(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if len(data.MetricDataResults) != 3 || data.NextToken != nil {
		t.Fatalf("%+v", data)
	}
	pending, none := data.MetricDataResults[0], data.MetricDataResults[2]
	if n := len(pending.Values); n < 3 || n != len(pending.Timestamps) || pending.Values[n-1] != 12 || pending.StatusCode != types.StatusCodeComplete ||
		!pending.Timestamps[1].Equal(in.StartTime.Add(5*time.Minute)) || *pending.Label != "ContainerPending" {
		t.Errorf("%+v", pending)
	}
	if none.Values == nil || len(none.Values) != 0 || none.StatusCode != types.StatusCodeComplete {
		t.Errorf("a metric that is not there: %+v", none)
	}
	in.MaxDatapoints = aws.Int32(2)
	points, pages := 0, 0
	for p := cloudwatch.NewGetMetricDataPaginator(c, in); p.HasMorePages(); pages++ {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.MetricDataResults {
			points += len(r.Values)
		}
	}
	if want := 2 * len(pending.Values); points != want || pages < want/2 {
		t.Errorf("%d points on %d pages, want %d", points, pages, want)
	}

	stats, err := c.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("AWS/ElasticMapReduce"), MetricName: aws.String("MemoryTotalMB"),
		Dimensions: in.MetricDataQueries[0].MetricStat.Metric.Dimensions, StartTime: in.StartTime, EndTime: in.EndTime, Period: aws.Int32(600),
		Statistics: types.StatisticAverage.Values()})
	if err != nil {
		t.Fatal(err)
	}
	if d := stats.Datapoints[0]; *d.SampleCount != 2 || *d.Sum != 2*36864 || *d.Average != 36864 || *d.Minimum != 36864 || *d.Maximum != 36864 || d.Unit != types.StandardUnitCount {
		t.Errorf("%+v", d)
	}

	values := make([]types.MetricDatum, 400) // large enough for the SDK to send it as gzip
	for i := range values {
		values[i] = types.MetricDatum{MetricName: aws.String("Depth"), Value: aws.Float64(float64(i)), Timestamp: aws.Time(end.Add(-time.Minute)), Unit: types.StandardUnitCount}
	}
	if _, err := c.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("Mine"), MetricData: values}); err != nil {
		t.Fatal(err)
	}
	list, err := c.ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: aws.String("Mine")})
	if err != nil || len(list.Metrics) != 1 || *list.Metrics[0].MetricName != "Depth" {
		t.Errorf("%+v, %v", list, err)
	}
	depth := types.MetricDataQuery{Id: aws.String("d"), MetricStat: &types.MetricStat{Period: aws.Int32(60), Stat: aws.String("Sum"), Metric: &types.Metric{Namespace: aws.String("Mine"), MetricName: aws.String("Depth")}}}
	sum, err := c.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{StartTime: in.StartTime, EndTime: in.EndTime, MetricDataQueries: []types.MetricDataQuery{depth}})
	if err != nil || len(sum.MetricDataResults[0].Values) != 1 || sum.MetricDataResults[0].Values[0] != 399*200 {
		t.Errorf("%+v, %v", sum, err)
	}
	if got := s.sim.Operations(emrsim.CloudWatch); len(got) != 4 {
		t.Errorf("served are %v", got)
	}
}

func TestMetricErrorsAsTheSDKSeesThem(t *testing.T) {
	s, id := busy(t, emrsim.Options{Seed: 4}, region)
	c, ctx := s.metrics(region), t.Context()
	end := s.clock.Now()
	ask := func(q ...types.MetricDataQuery) error {
		_, err := c.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{StartTime: aws.Time(end.Add(-time.Hour)), EndTime: &end, MetricDataQueries: q})
		return err
	}
	good := of("a", "IsIdle", id, types.StatisticAverage)
	many := make([]types.MetricDataQuery, 501)
	for i := range many {
		many[i] = of("q"+strconv.Itoa(i), "IsIdle", id, types.StatisticAverage)
	}
	wantCode(t, ask(many...), "ValidationError", "The collection MetricDataQueries must not have a size greater than 500.")
	if err := ask(many[1:]...); err != nil {
		t.Error(err)
	}
	wantCode(t, ask(types.MetricDataQuery{Id: aws.String("m"), Expression: aws.String("a/2")}, good), "ValidationError", "metric math")
	wantCode(t, ask(of("a", strings.Repeat("x", 256), id, types.StatisticAverage)), "ValidationError", "Member must have length less than or equal to 255")
	_, err := c.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{StartTime: &end, EndTime: aws.Time(end.Add(time.Hour)), MetricDataQueries: []types.MetricDataQuery{good}, NextToken: aws.String("x")})
	var token *types.InvalidNextToken
	if wantCode(t, err, "InvalidNextToken", "Invalid nextToken"); !errors.As(err, &token) {
		t.Errorf("%T is no InvalidNextToken", err)
	}
	_, err = c.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/EC2"), MetricData: []types.MetricDatum{{MetricName: aws.String("x"), Value: aws.Float64(1)}}})
	var value *types.InvalidParameterValueException
	if wantCode(t, err, "InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid."); !errors.As(err, &value) {
		t.Errorf("%T is no InvalidParameterValueException", err)
	}
	_, err = c.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("x"), MetricName: aws.String("x"), StartTime: aws.Time(end.Add(-time.Hour)), EndTime: &end, Period: aws.Int32(60)})
	wantCode(t, err, "InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")

	for fault, code := range map[string]string{
		"GetMetricData call=1 throttle": "Throttling", "GetMetricData call=1 error=InternalServiceFault": "InternalServiceError",
		"GetMetricData call=1 error=AccessDeniedException": "AccessDeniedException",
	} {
		s.fault(t, fault)
		wantCode(t, ask(good), code, "")
		for _, f := range s.sim.Faults() {
			s.sim.RemoveFault(f.ID)
		}
	}
	s.fault(t, "GetMetricData call=2 lose-answer")
	for call := 1; call <= 3; call++ {
		if err := ask(good); (err != nil) != (call == 2) {
			t.Errorf("call %d: %v", call, err)
		}
	}
	s.fault(t, "GetMetricData empty")
	out, err := c.GetMetricData(ctx, &cloudwatch.GetMetricDataInput{StartTime: aws.Time(end.Add(-time.Hour)), EndTime: &end, MetricDataQueries: []types.MetricDataQuery{good}})
	if err != nil || out.MetricDataResults != nil {
		t.Errorf("an empty body: %+v, %v", out, err)
	}
}

// cliMetrics is what "aws cloudwatch get-metric-data" prints.
type cliMetrics struct {
	MetricDataResults []struct {
		Id, Label, StatusCode string
		Timestamps            []any // version 1 prints numbers, version 2 texts
		Values                []float64
	}
	NextToken string
}

// Version 1.45 of the CLI speaks awsJson, Debian's 2.9 AWS's query protocol.
func TestTheAWSCLIReadsMetrics(t *testing.T) {
	s, id := busy(t, emrsim.Options{Seed: 4}, cliRegion)
	end := s.clock.Now().Format(time.RFC3339)
	start := s.clock.Now().Add(-21 * time.Minute).Format(time.RFC3339) // 10:10
	for _, cli := range findCLIs(t, s.url) {
		t.Run(cli.path, func(t *testing.T) {
			run := func(out any, args ...string) {
				t.Helper()
				stdout, stderr, err := cli.call(t, "cloudwatch", args...)
				decodeCLI(t, out, args, stdout, stderr, err)
			}
			refused := func(part string, args ...string) {
				t.Helper()
				if _, stderr, err := cli.call(t, "cloudwatch", args...); err == nil || !strings.Contains(stderr, part) {
					t.Errorf("aws cloudwatch %s: %v, %s, want %s", strings.Join(args, " "), err, stderr, part)
				}
			}
			queries := `[{"Id":"p","MetricStat":{"Metric":{"Namespace":"AWS/ElasticMapReduce","MetricName":"YARNMemoryAvailablePercentage",` +
				`"Dimensions":[{"Name":"JobFlowId","Value":"` + id + `"}]},"Period":300,"Stat":"Average"}},` +
				`{"Id":"a","Label":"a <job>","MetricStat":{"Metric":{"Namespace":"AWS/ElasticMapReduce","MetricName":"AppsRunning",` +
				`"Dimensions":[{"Name":"JobFlowId","Value":"` + id + `"}]},"Period":300,"Stat":"Maximum","Unit":"Count"}}]`
			var data cliMetrics
			run(&data, "get-metric-data", "--start-time", start, "--end-time", end, "--metric-data-queries", queries)
			if len(data.MetricDataResults) != 2 || len(data.MetricDataResults[0].Values) < 3 {
				t.Fatalf("%+v", data)
			}
			p, a := data.MetricDataResults[0], data.MetricDataResults[1]
			if p.Values[0] != 0 || a.Values[0] != 1 || a.Label != "a <job>" || p.StatusCode != "Complete" || len(p.Timestamps) != len(p.Values) {
				t.Errorf("%+v", data)
			}
			var stats struct {
				Label      string
				Datapoints []struct {
					SampleCount, Maximum float64
					Unit                 string
				}
			}
			run(&stats, "get-metric-statistics", "--namespace", "AWS/ElasticMapReduce", "--metric-name", "ContainerPending", "--dimensions", "Name=JobFlowId,Value="+id,
				"--start-time", start, "--end-time", end, "--period", "600", "--statistics", "Maximum", "SampleCount")
			if len(stats.Datapoints) < 2 || stats.Datapoints[0].Maximum != 12 || stats.Datapoints[0].SampleCount != 2 || stats.Datapoints[0].Unit != "Count" {
				t.Errorf("%+v", stats)
			}
			name := "Depth-" + strconv.Itoa(len(cli.path))
			run(nil, "put-metric-data", "--namespace", "Mine", "--metric-name", name, "--value", "2.5", "--dimensions", "Queue=etl")
			var list struct {
				Metrics []struct {
					MetricName string
					Dimensions []struct{ Name, Value string }
				}
			}
			run(&list, "list-metrics", "--namespace", "Mine", "--metric-name", name)
			if len(list.Metrics) != 1 || list.Metrics[0].MetricName != name || list.Metrics[0].Dimensions[0].Value != "etl" {
				t.Errorf("%+v", list)
			}
			refused("An error occurred (ValidationError) when calling the GetMetricData operation", "get-metric-data", "--start-time", start, "--end-time", end,
				"--metric-data-queries", `[{"Id":"e","Expression":"m1*2"}]`)
			s.fault(t, "GetMetricStatistics throttle")
			refused("An error occurred (Throttling) when calling the GetMetricStatistics operation", "get-metric-statistics", "--namespace", "n", "--metric-name", "m",
				"--start-time", start, "--end-time", end, "--period", "600", "--statistics", "Maximum")
			for _, f := range s.sim.Faults() {
				s.sim.RemoveFault(f.ID)
			}
		})
	}
}

// postMetrics sends one raw request to CloudWatch.
func (s *served) postMetrics(t testing.TB, path, contentType, target, body string) (reply, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if target != "" {
		r.Header.Set("X-Amz-Target", "GraniteServiceVersion20100801."+target)
	}
	r.Header.Set("Authorization", strings.Replace(signed(region), "elasticmapreduce", "monitoring", 1))
	return answer(t, r)
}

func TestMetricsInAWSJSON(t *testing.T) {
	s, id := busy(t, emrsim.Options{Seed: 4}, region)
	end := s.clock.Now().Unix()
	body := `{"StartTime":` + strconv.FormatInt(end-600, 10) + `,"EndTime":` + strconv.FormatInt(end, 10) + `.5,"MetricDataQueries":[{"Id":"a","MetricStat":{"Metric":{` +
		`"Namespace":"AWS/ElasticMapReduce","MetricName":"IsIdle","Dimensions":[{"Name":"JobFlowId","Value":"` + id + `"}]},"Period":3600,"Stat":"Sum"}}]}`
	resp, text := s.postMetrics(t, "/", "application/x-amz-json-1.0", "GetMetricData", body)
	want := `{"MetricDataResults":[{"Id":"a","Label":"IsIdle","Timestamps":[` + strconv.FormatInt(end-600, 10) + `.000],"Values":[0],"StatusCode":"Complete","Messages":[]}],"Messages":[]}`
	if text != want || resp.Header.Get("Content-Type") != "application/x-amz-json-1.0" || resp.Header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("%s, %v", text, resp.Header)
	}
	resp, text = s.postMetrics(t, "/", "application/x-amz-json-1.0", "GetMetricData", `{"StartTime":1}`)
	if !strings.Contains(text, `"__type":"com.amazonaws.cloudwatch#ValidationException","message":"2 validation errors detected`) || resp.StatusCode != 400 {
		t.Errorf("%s", text)
	}
	if _, text = s.postMetrics(t, "/", "application/x-amz-json-1.0", "ListInstanceGroups", `{}`); !strings.Contains(text, "UnknownOperationException") ||
		!strings.Contains(text, "served are: GetMetricData, GetMetricStatistics, ListMetrics, PutMetricData") {
		t.Errorf("an operation of EMR: %s", text)
	}
	if _, text = s.post(t, "GetMetricData", `{}`, nil); !strings.Contains(text, "UnknownOperationException") {
		t.Errorf("an operation of CloudWatch, asked of EMR: %s", text)
	}
	if _, text = s.postMetrics(t, "/", "application/x-amz-json-1.0", "ListMetrics", ``); !strings.Contains(text, `"MetricName":"IsIdle"`) {
		t.Errorf("ListMetrics: %s", text)
	}
}

func TestBadRequestsForMetrics(t *testing.T) {
	s := serve(t, emrsim.Options{}, wire.Options{MaxBody: 2000})
	const rpc, form = "/service/GraniteServiceVersion20100801/operation/", "application/x-www-form-urlencoded; charset=utf-8"
	tests := []struct {
		name, path, contentType, body string
		status                        int
		parts                         []string
	}{
		{"CBOR that ends", rpc + "ListMetrics", "application/cbor", "\xa1\x69Namespace", 400, []string{"SerializationException", "not the CBOR of a request"}},
		{"CBOR of another type", rpc + "ListMetrics", "application/cbor", "\xa1\x69Namespace\x07", 400, []string{"SerializationException"}},
		{"a time without its tag", rpc + "GetMetricData", "application/cbor", "\xa1\x69StartTime\x07", 400, []string{"SerializationException", "is not tag 1"}},
		{"CBOR that is deep", rpc + "ListMetrics", "application/cbor", "\xa1\x61a" + strings.Repeat("\x81", 50) + "\x00", 400, []string{"SerializationException", "nested level"}},
		{"unknown operation", rpc + "PutDashboard", "application/cbor", "\xa0", 400, []string{"UnknownOperationException", `operation "PutDashboard" is not simulated`}},
		{"no operation", rpc, "application/cbor", "\xa0", 400, []string{"UnknownOperationException", "the path is missing"}},
		{"content type", rpc + "ListMetrics", "application/json", "{}", 415, []string{"UnsupportedMediaTypeException", "CloudWatch speaks application/cbor"}},
		{"too large", rpc + "ListMetrics", "application/cbor", "\xa1\x69Namespace\x79\x0b\xb8" + strings.Repeat("x", 3000), 413, []string{"RequestEntityTooLargeException"}},
		{"no action", "/", form, "Version=2010-08-01", 400, []string{"<Code>InvalidAction</Code>", "the parameter Action is missing"}},
		{"not a form", "/", form, "Action=%zz", 400, []string{"<Code>InvalidAction</Code>"}},
		{"unknown action", "/", form, "Action=PutDashboard", 400, []string{"<ErrorResponse", "<Type>Sender</Type>", "<Code>InvalidAction</Code>"}},
		{"a time", "/", form, "Action=GetMetricData&StartTime=now", 400, []string{"<Code>SerializationException</Code>", "StartTime: &#34;now&#34; is not a time"}},
		{"a number", "/", form, "Action=GetMetricStatistics&Period=five", 400, []string{"Period: &#34;five&#34; can not be converted to an Integer"}},
		{"a Boolean", "/", form, "Action=ListMetrics&IncludeLinkedAccounts=yes", 400, []string{"can not be converted to a Boolean"}},
		{"a list", "/", form, "Action=ListMetrics&Dimensions.member.x.Name=a", 400, []string{"Dimensions.member.x: members of a list are counted from 1"}},
		{"a structure for a text", "/", form, "Action=ListMetrics&Namespace.Name=a", 400, []string{"Namespace has no value"}},
		{"required", "/", form, "Action=GetMetricData", 400, []string{"<Code>ValidationError</Code>", "Value null at &#39;metricDataQueries&#39;"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			resp, text := s.postMetrics(t, test.path, test.contentType, "", test.body)
			if resp.StatusCode != test.status || resp.Header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("status %d, %v", resp.StatusCode, resp.Header)
			}
			for _, part := range test.parts {
				if !strings.Contains(text, part) {
					t.Errorf("no %s in %s", part, text)
				}
			}
		})
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+rpc+"ListMetrics", strings.NewReader("\xa0"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/cbor")
	r.Header.Set("Authorization", signed(region))
	if _, text := answer(t, r); !strings.Contains(text, "correct service: 'monitoring'") {
		t.Errorf("a request that is signed for EMR: %s", text)
	}
	r.Header.Set("Content-Encoding", "gzip")
	r.Body, r.ContentLength = http.NoBody, 0
	r.Header.Set("Authorization", strings.Replace(signed(region), "elasticmapreduce", "monitoring", 1))
	if _, text := answer(t, r); !strings.Contains(text, "is not gzip") {
		t.Errorf("a body that is not gzip: %s", text)
	}
}

// FuzzMetricBodies sends any bytes in any of CloudWatch's protocols: the answer is never a server's error, and never a panic.
func FuzzMetricBodies(f *testing.F) {
	for i := range 12 {
		for _, seed := range []string{"", "{}", "\xa0", "\xa1\x69StartTime\xc1\xfb\x41\xda\x5a\x00\x00\x00\x00\x00", `{"MetricDataQueries":[{"Id":"a","MetricStat":{"Metric":{},"Period":60,"Stat":"Sum"}}],"StartTime":1,"EndTime":2}`,
			`{"Namespace":"x","MetricData":[{"MetricName":"x","Values":[1,2],"Counts":[1,1e300]}]}`, `{"Namespace":"x","MetricName":"y","StartTime":0,"EndTime":253402300799,"Period":2147483647,"Statistics":["Sum"]}`,
			"Namespace=x&MetricData.member.1.MetricName=x&MetricData.member.1.Value=NaN", "StartTime=1970-01-01T00:00:00Z&EndTime=9999-01-01&MetricDataQueries=",
			"MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name=JobFlowId&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value=x"} {
			f.Add(uint8(i), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		w := newFuzzWorld(t)
		ops := w.sim.Operations(emrsim.CloudWatch)
		op := ops[int(kind)%len(ops)]
		path := "/"
		headers := http.Header{}
		switch kind / 4 % 3 {
		case 0:
			path = "/service/GraniteServiceVersion20100801/operation/" + op
			headers.Set("Content-Type", "application/cbor")
		case 1:
			headers.Set("Content-Type", "application/x-amz-json-1.0")
			headers.Set("X-Amz-Target", "GraniteServiceVersion20100801."+op)
		default:
			headers.Set("Content-Type", "application/x-www-form-urlencoded")
			body = append([]byte("Action="+op+"&"), body...)
		}
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(body)))
		r.Header = headers
		answer := httptest.NewRecorder()
		w.server.ServeHTTP(answer, r)
		if !slices.Contains([]int{http.StatusOK, http.StatusBadRequest}, answer.Code) {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	})
}
