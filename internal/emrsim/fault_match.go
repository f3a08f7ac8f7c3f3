package emrsim

import (
	"fmt"
	"reflect"
	"slices"

	"emrguard/internal/emrsim/shapes"
)

// names says whether a call names the cluster and the group a fault is about.
func (c *request) names(in any, clusterRef, groupRef string) bool {
	if clusterRef == "" && groupRef == "" {
		return true
	}
	v := reflect.Indirect(reflect.ValueOf(in))
	if v.Kind() != reflect.Struct {
		return false
	}
	if refs := metricClusters(in); len(refs) > 0 {
		return groupRef == "" && slices.ContainsFunc(refs, func(id string) bool {
			x := c.r.clusters[id]
			return id == clusterRef || x != nil && x.name == clusterRef
		})
	}
	groups := groupsOf(in)
	x := c.clusterOf(v, groups)
	if clusterRef != "" && (x == nil || x.id != clusterRef && x.name != clusterRef) {
		return false
	}
	if groupRef == "" {
		return true
	}
	for _, id := range groups {
		if id == groupRef {
			return true
		}
		if x == nil {
			continue
		}
		if g := x.group(id); g != nil && g.name == groupRef {
			return true
		}
	}
	return false
}

// metricClusters are the clusters whose metrics a read asks for.
func metricClusters(in any) []string {
	var out []string
	add := func(dimensions []shapes.Dimension) {
		for _, d := range dimensions {
			if value(d.Name) == clusterDimension {
				out = append(out, value(d.Value))
			}
		}
	}
	switch in := in.(type) {
	case *shapes.GetMetricDataInput:
		for _, q := range in.MetricDataQueries {
			if q.MetricStat != nil && q.MetricStat.Metric != nil {
				add(q.MetricStat.Metric.Dimensions)
			}
		}
	case *shapes.GetMetricStatisticsInput:
		add(in.Dimensions)
	}
	return out
}

// clusterOf is the cluster an input names, by whatever member, or by a group of it.
func (c *request) clusterOf(v reflect.Value, groups []string) *cluster {
	for _, member := range []string{"ClusterId", "JobFlowId", "ResourceId"} {
		if id, ok := stringMember(v, member); ok {
			return c.r.clusters[id]
		}
	}
	if f := v.FieldByName("JobFlowIds"); f.IsValid() && f.Len() > 0 {
		return c.r.clusters[f.Index(0).String()]
	}
	for _, id := range groups {
		for _, x := range c.r.order {
			if x.group(id) != nil {
				return x
			}
		}
	}
	return nil
}

func stringMember(v reflect.Value, name string) (string, bool) {
	f := v.FieldByName(name)
	if !f.IsValid() || f.Kind() != reflect.Pointer || f.IsNil() {
		return "", false
	}
	return f.Elem().String(), true
}

// groupsOf lists the groups an input names; those it adds, by their names.
func groupsOf(in any) []string {
	var out []string
	switch in := in.(type) {
	case *shapes.ModifyInstanceGroupsInput:
		for _, g := range in.InstanceGroups {
			out = append(out, value(g.InstanceGroupId))
		}
	case *shapes.AddInstanceGroupsInput:
		for _, g := range in.InstanceGroups {
			out = append(out, value(g.Name))
		}
	case *shapes.ListInstancesInput:
		out = append(out, value(in.InstanceGroupId))
	case *shapes.PutAutoScalingPolicyInput:
		out = append(out, value(in.InstanceGroupId))
	case *shapes.RemoveAutoScalingPolicyInput:
		out = append(out, value(in.InstanceGroupId))
	}
	return out
}

// spoil changes the answer of a read.
func (f *fault) spoil(out any) {
	list, ok := out.(*shapes.ListInstanceGroupsOutput)
	if f.Effect == LosePages {
		setMarker(out, nil)
		return
	}
	if data, isData := out.(*shapes.GetMetricDataOutput); isData && f.Effect == FailSeries {
		for i := max(0, len(data.MetricDataResults)-f.Count); i < len(data.MetricDataResults); i++ {
			r := &data.MetricDataResults[i]
			r.StatusCode, r.Timestamps, r.Values = ptr("InternalError"), []shapes.Time{}, []float64{}
			r.Messages = []shapes.MessageData{{Code: ptr("InternalError"), Value: ptr(fmt.Sprintf("simulated fault %d", f.id))}}
		}
	}
	if !ok {
		return
	}
	switch f.Effect {
	case LoseGroups:
		list.InstanceGroups = list.InstanceGroups[:max(0, len(list.InstanceGroups)-f.Count)]
	case Low:
		for i := range list.InstanceGroups {
			g := &list.InstanceGroups[i]
			g.RunningInstanceCount = ptr(max(0, *g.RunningInstanceCount-f.Count))
		}
	case Resizing:
		for i := range list.InstanceGroups {
			if st := list.InstanceGroups[i].Status; *st.State == stateRunning {
				st.State = ptr(stateResizing)
			}
		}
	}
}

// setMarker lets the answer of a list say where the next page begins; nil: nowhere, it was the last.
func setMarker(out any, next *string) {
	m := reflect.Indirect(reflect.ValueOf(out))
	if m.Kind() != reflect.Struct {
		return
	}
	for _, name := range []string{"Marker", "NextToken"} {
		if marker := m.FieldByName(name); marker.IsValid() && marker.CanSet() {
			marker.Set(reflect.ValueOf(next))
		}
	}
}
