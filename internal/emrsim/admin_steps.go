package emrsim

import (
	"slices"

	"emrguard/internal/emrsim/shapes"
)

const (
	stepPage       = 50  // ListSteps (EMR API reference)
	stepFilter     = 10  // step ids in one ListSteps (EMR API reference)
	maxActiveSteps = 256 // PENDING and RUNNING steps of a cluster (EMR Management Guide, emr-plan-limits)
)

func (c *request) addJobFlowSteps(in *shapes.AddJobFlowStepsInput) (*shapes.AddJobFlowStepsOutput, *APIError) {
	x, err := c.jobFlow(in.JobFlowId)
	if err != nil {
		return nil, err
	}
	if x.state == stateTerminating || !x.live() {
		return nil, validation("A job flow that is shutting down, terminated, or finished may not be modified.")
	}
	if len(in.Steps) == 0 {
		return nil, validation("At least one step must be specified.")
	}
	active := 0
	for _, st := range x.steps {
		if st.ended.IsZero() {
			active++
		}
	}
	if active+len(in.Steps) > maxActiveSteps {
		return nil, validation("Maximum number of active steps(State = 'Running', 'Pending' or 'Cancel_Pending') for cluster exceeded.")
	}
	out := &shapes.AddJobFlowStepsOutput{StepIds: []string{}}
	for _, config := range in.Steps {
		out.StepIds = append(out.StepIds, x.addStep(config, value(in.ExecutionRoleArn)).id)
	}
	return out, nil
}

func (c *request) cancelSteps(in *shapes.CancelStepsInput) (*shapes.CancelStepsOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	if len(in.StepIds) == 0 || len(in.StepIds) > maxActiveSteps {
		return nil, invalidRequest("", "Between 1 and %d step ids must be specified.", maxActiveSteps)
	}
	for _, id := range in.StepIds {
		if x.step(id) == nil {
			return nil, noSuchStep(id)
		}
	}
	out := &shapes.CancelStepsOutput{}
	for _, id := range in.StepIds {
		info := shapes.CancelStepsInfo{StepId: ptr(id), Status: ptr("SUBMITTED")}
		if !x.step(id).cancel("Cancelled by user request") {
			info.Status, info.Reason = ptr("FAILED"), ptr("Step is not in a state that can be cancelled: "+x.step(id).state)
		}
		out.CancelStepsInfoList = append(out.CancelStepsInfoList, info)
	}
	x.runSteps()
	return out, nil
}

func (c *request) describeStep(in *shapes.DescribeStepInput) (*shapes.DescribeStepOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	st := x.step(value(in.StepId))
	if st == nil {
		return nil, noSuchStep(value(in.StepId))
	}
	s := st.summary()
	return &shapes.DescribeStepOutput{Step: &shapes.Step{
		Id: s.Id, Name: s.Name, Config: s.Config, ActionOnFailure: s.ActionOnFailure, Status: s.Status,
		ExecutionRoleArn: optional(st.role), LogUri: s.LogUri, EncryptionKeyArn: s.EncryptionKeyArn,
	}}, nil
}

// listSteps returns the newest step first, as EMR does.
func (c *request) listSteps(in *shapes.ListStepsInput) (*shapes.ListStepsOutput, *APIError) {
	x, err := c.cluster(in.ClusterId)
	if err != nil {
		return nil, err
	}
	if len(in.StepIds) > stepFilter {
		return nil, invalidRequest("", "At most %d step ids may be specified.", stepFilter)
	}
	for _, id := range in.StepIds {
		if x.step(id) == nil {
			return nil, noSuchStep(id)
		}
	}
	start, err := c.marker(in.Marker, x.id, len(x.steps))
	if err != nil {
		return nil, err
	}
	out := &shapes.ListStepsOutput{Steps: []shapes.StepSummary{}}
	for i := min(start, len(x.steps)) - 1; i >= 0; i-- {
		st := x.steps[i]
		if len(in.StepIds) > 0 && !slices.Contains(in.StepIds, st.id) || len(in.StepStates) > 0 && !slices.Contains(in.StepStates, st.state) {
			continue
		}
		if len(out.Steps) == stepPage {
			out.Marker = c.mark(x.id, i+1)
			break
		}
		out.Steps = append(out.Steps, st.summary())
	}
	return out, nil
}

func noSuchStep(id string) *APIError { return invalidRequest("", "Step id '%s' is not valid.", id) }

// step finds a step of the cluster by id.
func (c *cluster) step(id string) *step {
	i := slices.IndexFunc(c.steps, func(st *step) bool { return st.id == id })
	if i < 0 {
		return nil
	}
	return c.steps[i]
}

func (st *step) summary() shapes.StepSummary {
	jar := st.config.HadoopJarStep
	if jar == nil {
		jar = &shapes.HadoopJarStepConfig{}
	}
	properties := map[string]string{}
	for _, p := range jar.Properties {
		properties[value(p.Key)] = value(p.Value)
	}
	s := shapes.StepSummary{
		Id: ptr(st.id), Name: st.config.Name, ActionOnFailure: ptr(st.actionOnFailure()),
		Config: &shapes.HadoopStepConfig{Jar: jar.Jar, MainClass: jar.MainClass, Args: listOf(jar.Args), Properties: properties},
		Status: &shapes.StepStatus{
			State: ptr(st.state), StateChangeReason: &shapes.StepStateChangeReason{Message: optional(st.reason)},
			Timeline: &shapes.StepTimeline{CreationDateTime: shapes.At(st.created), StartDateTime: shapes.At(st.started), EndDateTime: shapes.At(st.ended)},
		},
	}
	if m := st.config.StepMonitoringConfiguration; m != nil && m.S3MonitoringConfiguration != nil {
		s.LogUri, s.EncryptionKeyArn = m.S3MonitoringConfiguration.LogUri, m.S3MonitoringConfiguration.EncryptionKeyArn
	}
	return s
}

// actionOnFailure has the default of the API reference: CONTINUE.
func (st *step) actionOnFailure() string {
	if a := value(st.config.ActionOnFailure); a != "" {
		return a
	}
	return "CONTINUE"
}
