package simtest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/emrsim/shapes"
	"emrguard/internal/guard"
	"emrguard/internal/store"
)

// rule takes pools, termination and wrap of a rule, as a configuration file has them, for the world's clusters.
func (p *player) rule(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	text := "scopes: [{name: sim, region: us-east-1}]\nclusters:\n  - match: {}\n    mode: enforce\n"
	for line := range strings.Lines(d.Input) {
		text += "    " + line
	}
	cfg, err := config.Parse("rule", []byte(text+"\n"))
	if err != nil {
		return err.Error() + "\n"
	}
	p.w.SetScaling(&cfg.Clusters[0].Scaling, cfg.Clusters[0].Wrap)
	return ""
}

// metric publishes data points of a metric in the namespace Jobs, one for each five minutes from now on: "metric Backlog 5 5 0".
func (p *player) metric(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	at := p.w.Now().Truncate(5 * time.Minute)
	cluster := p.w.Truth(p.cluster).ID
	in := &shapes.PutMetricDataInput{Namespace: ptr("Jobs")}
	for _, a := range d.CmdArgs[1:] {
		if a.Key != "none" {
			v, err := strconv.ParseFloat(a.Key, 64)
			check(t, err)
			in.MetricData = append(in.MetricData, shapes.MetricDatum{MetricName: ptr(d.CmdArgs[0].Key), Value: ptr(v), Timestamp: &shapes.Time{Time: at},
				Dimensions: []shapes.Dimension{{Name: ptr(emr.JobFlowID), Value: ptr(cluster)}}})
		}
		at = at.Add(5 * time.Minute)
	}
	if _, err := p.w.Sim.Do(Region, "PutMetricData", in); err != nil {
		return err.Error() + "\n"
	}
	return ""
}

// scaled prints what is remembered of the configured pools.
func (p *player) scaled(t *testing.T) string {
	t.Helper()
	doc, err := p.s.Load(t.Context(), store.Key{Scope: ScopeName, Cluster: p.w.Truth(p.cluster).ID})
	check(t, err)
	var s guard.State
	check(t, json.Unmarshal(doc.Body, &s))
	var b strings.Builder
	for _, c := range s.Scaling {
		fmt.Fprintf(&b, "%s is %s, %d to %d", c.Name, p.named(string(c.Origin)), c.Bounds.Min, c.Bounds.Max)
		if c.BoundsBy != "" {
			fmt.Fprintf(&b, " by %s", c.BoundsBy)
		}
		if pl := s.Pool(c.Origin); pl != nil {
			fmt.Fprintf(&b, ", wants %d", pl.Wanted)
		}
		b.WriteByte('\n')
		if c.Deferred != nil {
			fmt.Fprintf(&b, "  deferred: schedule %s of %s: %s\n", c.Deferred.Schedule, c.Deferred.Due.Format(time.TimeOnly), p.named(c.Deferred.Reason))
		}
		for _, v := range c.Verdicts {
			if v.Reason != "" {
				fmt.Fprintf(&b, "  %s at %s: %s\n", v.Policy, v.At.Format(time.TimeOnly), v.Reason)
			}
		}
	}
	return b.String()
}

// explain prints the asks of the last scaling decision, from the record as it is stored.
func (p *player) explain(t *testing.T) string {
	t.Helper()
	type ask struct {
		By     string `json:"by"`
		Target int    `json:"target"`
		Reason string `json:"reason"`
	}
	var data struct {
		Ask    ask `json:"ask"`
		Others []struct {
			Ask    ask    `json:"ask"`
			WhyNot string `json:"why_not"`
		} `json:"others"`
	}
	for _, r := range p.w.Records {
		if r.Kind == "scaling.decided" {
			data.Others = nil
			check(t, json.Unmarshal(r.Data, &data))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d: %s\n", data.Ask.By, data.Ask.Target, data.Ask.Reason)
	for _, o := range data.Others {
		fmt.Fprintf(&b, "not %s: %d: %s\n", o.Ask.By, o.Ask.Target, o.WhyNot)
	}
	return b.String()
}
