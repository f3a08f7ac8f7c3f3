package proof

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"emrguard/internal/emr"
)

// callFaults are what may go wrong with calls: an operation, the share of its calls in a run where much goes wrong, and the effect.
var callFaults = []struct {
	op     string
	rate   float64
	effect string
}{
	{"*", 0.03, "throttle"}, {"*", 0.03, "lose-answer"}, {"*", 0.03, "refuse"}, {"*", 0.02, "error=InternalFailure"}, {"*", 0.02, "error-after=InternalServerError"},
	{"*", 0.02, "error=ServiceUnavailable"}, {"*", 0.05, "delay=20s"}, {"*", 0.02, "delay=40s"},
	{"ListInstanceGroups", 0.03, "empty"}, {"ListInstanceGroups", 0.03, "lose-groups=1"}, {"ListInstanceGroups", 0.05, "lose-pages"}, {"ListInstanceGroups", 0.05, "low=2"},
	{"ListInstanceGroups", 0.05, "resizing"}, {"ListInstanceGroups", 0.1, "stale=2m"}, {"ListInstanceGroups", 0.03, "stale=10m"}, {"ListInstances", 0.2, "empty"}, {"ListInstances", 0.2, "lose-pages"},
	{"ListInstances", 0.2, "error=InvalidRequestException"}, {"ListClusters", 0.2, "lose-pages"}, {"ListClusters", 0.1, "empty"},
	{"ModifyInstanceGroups", 0.1, "ignore"}, {"ModifyInstanceGroups", 0.05, "hang"}, {"ModifyInstanceGroups", 0.1, "late=90s"}, {"ModifyInstanceGroups", 0.1, "lose-answer"},
	{"ModifyInstanceGroups", 0.05, "error=ValidationException"}, {"ModifyInstanceGroups", 0.03, "error=AccessDeniedException"},
	{"AddInstanceGroups", 0.2, "late=2m"}, {"AddInstanceGroups", 0.1, "late=4m30s"}, {"AddInstanceGroups", 0.3, "lose-answer"}, {"AddInstanceGroups", 0.2, "throttle"},
	{"AddInstanceGroups", 0.1, "error-after=InternalFailure"}, {"AddInstanceGroups", 0.1, "hang"},
	{"DescribeCluster", 0.05, "error=InvalidRequestException"}, {"GetManagedScalingPolicy", 0.2, "error=InternalFailure"}, {"GetMetricData", 0.1, "error=InvalidParameterValue"},
	{"DeleteMessageBatch", 0.3, "error=AccessDenied"}, {"ReceiveMessage", 0.1, "error=AccessDenied"}, {"TerminateJobFlows", 0.3, "error=ValidationException"}, {"TerminateJobFlows", 0.3, "throttle"},
	{"ListInstanceGroups", 0.05, "lose-groups=60"}, {"ListInstanceGroups", 0.03, "error=AccessDeniedException"}, {"AddInstanceGroups", 0.1, "error=AccessDeniedException"},
	{"AddInstanceGroups", 0.1, "error=ValidationException"}, {"ListClusters", 0.05, "error=AccessDeniedException"},
	{"DescribeCluster", 0.2, "refuse"}, {"GetManagedScalingPolicy", 0.2, "throttle"}, {"TerminateJobFlows", 0.3, "lose-answer"},
	{"GetMetricData", 0.2, "throttle"}, {"GetMetricData", 0.1, "error=InternalServiceFault"}, {"GetMetricData", 0.1, "lose-answer"}, {"GetMetricData", 0.05, "empty"},
	{"ReceiveMessage", 0.1, "lose-answer"}, {"ReceiveMessage", 0.1, "throttle"}, {"ReceiveMessage", 0.1, "empty"}, {"DeleteMessageBatch", 0.3, "lose-answer"}, {"DeleteMessageBatch", 0.3, "throttle"},
	{"GetMetricData", 0.2, "delay=25s"}, {"GetMetricData", 0.1, "fail-series=1"}, {"GetMetricData", 0.1, "stale=10m"}, {"GetMetricData", 0.05, "hang"},
}

// misfortune draws what goes wrong with calls and with the store during the whole run, each kind with a rate of its own.
func (d *drawer) misfortune() {
	scale, share := 1.0, 4
	switch d.o.Faults {
	case None:
		return
	case Few:
		scale, share = 0.2, 6
	case Many:
	}
	var lines strings.Builder
	for _, f := range callFaults {
		if d.chance(share) {
			fmt.Fprintf(&lines, "%s rate=%g %s\n", f.op, round(min(0.9, f.rate*scale*(0.2+1.6*d.Float64()))), f.effect)
		}
	}
	if lines.Len() > 0 {
		d.add("fault", lines.String())
	}
	if d.chance(3) {
		d.add("store-fault", fmt.Sprintf("%s rate=%g %s\n", one(d, "*", "Save", "Save", "Acquire", "Orders"), round(scale*0.02*d.Float64()+0.001), one(d, "busy", "io-error", "lose-answer")))
	}
}

// repeats lets the pages of one kind of list come twice, in some runs. It draws from a stream of its own, so that what a seed draws else stays what it was
// before pages came twice.
func (d *drawer) repeats(seed uint64) {
	own := rand.New(rand.NewPCG(seed, 5))
	if d.o.Faults == None || own.IntN(5) > 0 {
		return
	}
	op := []emr.Op{emr.ListInstanceGroups, emr.ListInstances, emr.ListClusters}[own.IntN(3)]
	rate := 0.4 * own.Float64()
	if d.o.Faults == Few {
		rate /= 5
	}
	d.add("fault", fmt.Sprintf("%s rate=%g repeat-pages\n", op, round(rate)))
}

// oldLists lets lists of instances show the past, in some runs. It draws from a stream of its own, like repeats.
func (d *drawer) oldLists(seed uint64) {
	own := rand.New(rand.NewPCG(seed, 6))
	if d.o.Faults == None || own.IntN(4) > 0 {
		return
	}
	rate, age := 0.6*own.Float64(), []string{"30s", "2m", "5m", "15m"}[own.IntN(4)]
	if d.o.Faults == Few {
		rate /= 5
	}
	d.add("fault", fmt.Sprintf("%s rate=%g stale=%s\n", emr.ListInstances, round(rate), age))
}

// round keeps rates readable.
func round(f float64) float64 { return math.Round(f*1000)/1000 + 0.001 }

// storm lets one thing go wrong for a while, with every call it fits.
func (d *drawer) storm() {
	for_ := d.upTo(40 * time.Minute)
	f := one(d, callFaults...)
	if d.chance(3) {
		f = one(d, callFaults[0], callFaults[2], callFaults[3])
	}
	d.add("fault", fmt.Sprintf("%s rate=%g from=%s until=%s %s\n", f.op, one(d, 0.5, 0.9, 1), d.now, d.now+for_, f.effect))
}

// badStore lets the store fail for a while.
func (d *drawer) badStore() {
	d.add("store-fault", fmt.Sprintf("%s from=%s until=%s %s\n", one(d, "*", "Save", "Save", "Acquire", "LoadScope", "Load", "Orders"), d.now, d.now+d.upTo(20*time.Minute),
		one(d, "busy", "full", "full", "read-only", "io-error", "lose-answer")))
}

// process lets something happen to the guard's processes and machines.
func (d *drawer) process() {
	if d.o.Faults == None {
		return
	}
	running := 1 + d.IntN(max(1, d.procs))
	switch d.IntN(9) {
	case 0, 1, 2:
		d.addf("kill after=%d restart=%s", 1+d.IntN(60), d.upTo(10*time.Minute))
	case 3:
		d.addf("crash process=%d", running)
		d.pass(d.upTo(5 * time.Minute))
		d.restart()
	case 4:
		d.add("crash", "")
		if d.chance(2) { // an older configuration comes back with an older machine
			d.config = one(d, d.configs...)
			d.add("config", d.config)
		}
		d.pass(d.upTo(10 * time.Minute))
		d.restart()
	case 5:
		d.addf("sleep process=%d", running)
		d.pass(d.upTo(20 * time.Minute))
		d.addf("wake process=%d", running)
	case 6:
		d.addf("skew %s process=%d", one(d, "2m", "-2m", "10m", "-3h", "50s", "-50s"), running)
		d.pass(d.upTo(40 * time.Minute))
		d.addf("skew 0s process=%d", running)
	case 7:
		d.restart() // one more than needed
	case 8:
		d.add("stop", "")
		d.restart()
	}
}

func (d *drawer) restart() {
	d.add("start", "")
	d.procs++
}
