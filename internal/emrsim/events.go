package emrsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// QueueName is the name of the SQS queue to which EventBridge sends EMR's events, one in each region (Options.Events).
const QueueName = "emr-events"

// EventTiming says how EMR's events come to the queue. EventBridge delivers as best effort (EventBridge reference, EMR events); AWS gives no
// figures. Events that are delayed by different times arrive in another order than they were sent in.
type EventTiming struct {
	On       bool    // there are events, and a queue; false: neither
	Delay    Dist    // from what happens until its message is in the queue; zero: 500ms..2s..20s
	LossRate float64 // share of the events that never arrive
	DupRate  float64 // share of the others that arrive a second time, with another delay
}

// eventMessage is an event as EventBridge writes it.
type eventMessage struct {
	Version    string   `json:"version"`
	ID         string   `json:"id"`
	DetailType string   `json:"detail-type"`
	Source     string   `json:"source"`
	Account    string   `json:"account"`
	Time       string   `json:"time"`
	Region     string   `json:"region"`
	Resources  []string `json:"resources"`
	Detail     any      `json:"detail"`
}

// groupStateDetail is the detail of "EMR Instance Group State Change". The counts are texts, as in the published sample.
type groupStateDetail struct {
	Market    string `json:"market"`
	Severity  string `json:"severity"`
	Requested string `json:"requestedInstanceCount"`
	Type      string `json:"instanceType"`
	Role      string `json:"instanceGroupType"`
	Group     string `json:"instanceGroupId"`
	Cluster   string `json:"clusterId"`
	Running   string `json:"runningInstanceCount"`
	State     string `json:"state"`
	Message   string `json:"message"`
}

// groupTroubleDetail is the detail of "EMR Instance Group Resize" and "EMR Instance Group Provisioning". Which members it has is known from
// AWS's own programs that read them, not from a published sample.
type groupTroubleDetail struct {
	Severity string `json:"severity"`
	Code     string `json:"eventCode"`
	Role     string `json:"instanceGroupType"`
	Group    string `json:"instanceGroupId"`
	Cluster  string `json:"clusterId"`
	Message  string `json:"message"`
}

// clusterStateDetail is the detail of "EMR Cluster State Change". The reason is JSON inside a text.
type clusterStateDetail struct {
	Severity string `json:"severity"`
	Reason   string `json:"stateChangeReason"`
	Name     string `json:"name"`
	Cluster  string `json:"clusterId"`
	State    string `json:"state"`
	Message  string `json:"message"`
}

// bus is a region's way from EMR to the queue: EventBridge, with randomness of its own.
type bus struct {
	rng  *rand.Rand
	sent uint64
	box  mailbox
}

// emit sends an event on its way.
func (r *region) emit(detailType string, detail any) {
	s, b := r.s, &r.bus
	b.sent++
	m := eventMessage{Version: "0", ID: uuid(s.opt.Seed+b.sent, "event", r.name), DetailType: detailType, Source: "aws.emr", Account: s.opt.Account,
		Time: s.now.UTC().Format(time.RFC3339), Region: r.name, Resources: []string{}, Detail: detail}
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		panic("emrsim: an event does not encode: " + err.Error())
	}
	text := string(bytes.TrimSuffix(body.Bytes(), []byte("\n")))
	o := s.opt.Events
	lost, twice := b.rng.Float64() < o.LossRate, b.rng.Float64() < o.DupRate
	if lost {
		return
	}
	deliveries := 1
	if twice {
		deliveries = 2
	}
	for range deliveries {
		s.after(o.Delay.draw(b.rng), func() { b.box.put(s.now, uuid(s.opt.Seed+b.box.next(), "message", r.name), text) })
	}
}

// uuid is an id as AWS makes them.
func uuid(seed uint64, name ...string) string {
	rng := stream(seed, name...)
	a, b := rng.Uint64(), rng.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, 0x8000|b>>48&0x3fff, b&0xffffffffffff)
}

// tellState sends what AWS documents for the changes of a group's state: the start of a resize, its end, a reconfiguration, and a resize that
// EMR gave up (EMR Management Guide, emr-manage-cloudwatch-events). What it sends of a group that is being provisioned is not documented
// with a state, and nothing is sent of that. Every change of the count that EMR acts on while the group resizes counts as a start.
func (g *group) tellState() {
	if !g.sim().opt.Events.On || g.fleet != nil || !g.launched || g.over() {
		return
	}
	if g.c.silent {
		g.told = stateRunning
		return
	}
	was := g.told
	if was == g.state && !g.retold {
		return
	}
	g.told, g.retold = g.state, false
	prefix := fmt.Sprintf("instance group %s in Amazon EMR cluster %s (%s)", g.id, g.c.id, g.c.name)
	at := g.sim().now.UTC().Format(messageTime)
	switch {
	case g.state == stateResizing:
		g.emitState("INFO", fmt.Sprintf("A resize for %s started at %s. It is resizing from an instance count of %d to %d.", prefix, g.began.UTC().Format(messageTime), g.running, g.requested))
	case g.state == stateRunning && was == stateResizing:
		g.emitState("INFO", fmt.Sprintf("The resizing operation for %s is complete. It now has an instance count of %d. The resize started at %s and took %d minutes to complete.",
			prefix, g.running, g.began.UTC().Format(messageTime), int(g.sim().now.Sub(g.began).Minutes())))
	case g.state == stateReconfiguring:
		g.emitState("INFO", fmt.Sprintf("A reconfiguration for %s started at %s.", prefix, at))
	case g.state == stateRunning && was == stateReconfiguring:
		g.emitState("INFO", fmt.Sprintf("A reconfiguration for %s is complete at %s.", prefix, at))
	case g.state == stateSuspended:
		g.emitState("ERROR", fmt.Sprintf("I%s was arrested at %s for the following reason: %s", prefix[1:], at, g.text))
	}
}

func (g *group) emitState(severity, message string) {
	g.c.r.emit("EMR Instance Group State Change", groupStateDetail{Market: g.market, Severity: severity, Requested: strconv.Itoa(g.requested), Type: g.itype,
		Role: g.role, Group: g.id, Cluster: g.c.id, Running: strconv.Itoa(g.running), State: g.state, Message: message})
}

// troubleEvery is how often EMR repeats why EC2 refuses instances. AWS says that it does while the condition lasts, and not how often.
const troubleEvery = 10 * time.Minute

// troubleCodes are the event codes of what EC2 refuses, of a resize and of a group's first instances: AWS spells them differently
// (EMR Management Guide, emr-manage-cloudwatch-events).
var troubleCodes = map[refusal][2]string{
	lacksCapacity:  {"EC2 provisioning - Insufficient Instance Capacity", "EC2 Provisioning - Insufficient Instance Capacity"},
	lacksVCPUs:     {"EC2 Provisioning - vCPU Limit Exceeded", "EC2 Provisioning – vCPU Limit Exceeded"},
	lacksSpotVCPUs: {"EC2 Provisioning - Spot Instance Count Limit Exceeded", "EC2 Provisioning - Spot Instance Count Limit Exceeded"},
	lacksAddresses: {"EC2 Provisioning - Insufficient Free Address in Subnet", "EC2 Provisioning - Insufficient Free Addresses In Subnet"},
}

// tellTrouble sends why EC2 did not give what the group asked for.
func (g *group) tellTrouble(why refusal) {
	code, ok := troubleCodes[why]
	now := g.sim().now
	switch {
	case !g.sim().opt.Events.On || g.fleet != nil || g.c.silent:
		return
	case why == granted:
		g.troubled = time.Time{}
		return
	case !ok || !g.troubled.IsZero() && now.Sub(g.troubled) < troubleEvery:
		return
	}
	g.troubled = now
	detailType, spelling := "EMR Instance Group Resize", code[0]
	if !g.launched {
		detailType, spelling = "EMR Instance Group Provisioning", code[1]
	}
	g.c.r.emit(detailType, groupTroubleDetail{Severity: "WARNING", Code: spelling, Role: g.role, Group: g.id, Cluster: g.c.id, Message: g.resizeText(why)})
}

// tellState sends a change of the cluster's state.
func (c *cluster) tellState() {
	if !c.sim().opt.Events.On || c.told == c.state {
		return
	}
	c.told = c.state
	if c.silent {
		return
	}
	severity := "INFO"
	if c.state == stateTerminatedErrors {
		severity = "CRITICAL"
	}
	reason, err := json.Marshal(map[string]string{"code": c.reasonCode, "message": c.reasonText})
	if err != nil {
		panic("emrsim: a reason does not encode: " + err.Error())
	}
	c.r.emit("EMR Cluster State Change", clusterStateDetail{Severity: severity, Reason: string(reason), Name: c.name, Cluster: c.id, State: c.state,
		Message: fmt.Sprintf("Amazon EMR cluster %s (%s) is %s since %s. %s", c.id, c.name, c.state, c.sim().now.UTC().Format(messageTime), c.reasonText)})
}
