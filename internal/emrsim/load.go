package emrsim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Load is the work that arrives on a cluster's YARN. Jobs arrive in streams, in bursts and one by one; see package documentation for how
// they run. Everything random in it has a stream of its own, drawn in the order of arrival, so that the same seed brings the same jobs
// whatever is done to the cluster.
type Load struct {
	Scheduler Scheduler     // default SchedulerFIFO
	Container int           // MiB of one container; default 3072: 4 on an m5.xlarge
	Task      time.Duration // how long a container works on one thing before that is done and kept; default 5m
	HDFS      int           // GiB that lie in HDFS, replicas included
	Streams   []JobStream
	Bursts    []JobBurst
	Jobs      []Job
}

// Scheduler says who gets containers when there are too few.
type Scheduler string

// The schedulers.
const (
	SchedulerFIFO Scheduler = "fifo" // the oldest job first, as the one queue of EMR's default CapacityScheduler does
	SchedulerFair Scheduler = "fair" // all the same, as far as each can use them
)

// Schedulers lists every value.
var Schedulers = []Scheduler{SchedulerFIFO, SchedulerFair}

// JobStream is a Poisson process of jobs. Its rate follows the hour of the day and the day of the week, in UTC.
type JobStream struct {
	Name    string
	Rate    float64   // jobs an hour, before the factors
	Daily   []float64 // factors for the 24 hours of a day; empty: always 1
	Weekend float64   // factor for Saturday and Sunday; 0: the same as on other days
	Work    Dist      // of a job: container time
	Width   Between   // of a job: containers that it can use at once
}

// JobBurst is a number of jobs at a time, once or again and again.
type JobBurst struct {
	Name  string
	At    time.Duration // since the load began
	Every time.Duration // 0: once
	Jobs  int
	Over  time.Duration // they arrive spread over so long, each at a time drawn by lot; 0: at once
	Work  Dist
	Width Between
}

// Job is one job.
type Job struct {
	Name  string
	At    time.Duration // since the load began
	Work  time.Duration // container time
	Width int           // containers it can use at once
}

// Between is a range of whole numbers, both ends included.
type Between struct{ Min, Max int }

// String is the form that UnmarshalText reads: "10..60", or "10" for one number.
func (b Between) String() string {
	if b.Min == b.Max {
		return strconv.Itoa(b.Min)
	}
	return fmt.Sprintf("%d..%d", b.Min, b.Max)
}

// UnmarshalText reads "10" or "10..60".
func (b *Between) UnmarshalText(text []byte) error {
	low, high, isRange := strings.Cut(string(text), "..")
	if !isRange {
		high = low
	}
	from, err := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	if err != nil || err2 != nil || from > to {
		return fmt.Errorf("%q is neither a number nor a range such as 10..60", text)
	}
	*b = Between{from, to}
	return nil
}

// The bounds of a load: one file must not ask for more than a simulator can hold.
const (
	maxWidth     = 100_000
	maxJobRate   = 3600 // an hour
	maxBurstJobs = 10_000
	maxFactor    = 1000
	minContainer = 128
	maxContainer = 512 << 10
	maxTask      = 24 * time.Hour
	maxHDFS      = 1 << 24
)

// LoadProblem is a value of a Load that cannot be.
type LoadProblem struct {
	Path    string // for example streams[0].rate
	Message string
}

// String is "path: message".
func (p LoadProblem) String() string { return p.Path + ": " + p.Message }

// Check lists everything that is wrong with a load; nothing for a good one.
func (l *Load) Check() []LoadProblem {
	var out []LoadProblem
	refuse := func(bad bool, path, format string, args ...any) {
		if bad {
			out = append(out, LoadProblem{path, fmt.Sprintf(format, args...)})
		}
	}
	refuse(l.Scheduler != "" && !slices.Contains(Schedulers, l.Scheduler), "scheduler", "%q is none of %v", l.Scheduler, Schedulers)
	refuse(l.Container != 0 && (l.Container < minContainer || l.Container > maxContainer), "container", "%d is not between %d and %d MiB",
		l.Container, minContainer, maxContainer)
	refuse(l.Task < 0 || l.Task > maxTask, "task", "%s is not between 0s and %s", l.Task, maxTask)
	refuse(l.HDFS < 0 || l.HDFS > maxHDFS, "hdfs", "%d is not between 0 and %d GiB", l.HDFS, maxHDFS)
	size := func(path string, work Dist, width Between) {
		refuse(work.Min <= 0, path+"work", "%s: a job needs work", work)
		refuse(width.Min < 1 || width.Max < width.Min || width.Max > maxWidth, path+"width", "%s is not between 1 and %d containers", width, maxWidth)
	}
	for i := range l.Streams {
		s, path := &l.Streams[i], fmt.Sprintf("streams[%d].", i)
		refuse(!(s.Rate > 0 && s.Rate <= maxJobRate), path+"rate", "%g is not over 0 and at most %d jobs an hour", s.Rate, maxJobRate)
		refuse(len(s.Daily) != 0 && len(s.Daily) != 24, path+"daily", "%d factors: want one for each of the 24 hours", len(s.Daily))
		refuse(slices.ContainsFunc(s.Daily, badFactor), path+"daily", "a factor is not between 0 and %d", maxFactor)
		refuse(len(s.Daily) == 24 && slices.Max(s.Daily) == 0, path+"daily", "every hour has the factor 0")
		refuse(badFactor(s.Weekend), path+"weekend", "%g is not between 0 and %d", s.Weekend, maxFactor)
		size(path, s.Work, s.Width)
	}
	for i := range l.Bursts {
		b, path := &l.Bursts[i], fmt.Sprintf("bursts[%d].", i)
		refuse(b.At < 0, path+"at", "%s is in the past", b.At)
		refuse(b.Every != 0 && b.Every < time.Minute, path+"every", "%s is under a minute", b.Every)
		refuse(b.Jobs < 1 || b.Jobs > maxBurstJobs, path+"jobs", "%d is not between 1 and %d", b.Jobs, maxBurstJobs)
		refuse(b.Over < 0 || b.Every > 0 && b.Over > b.Every, path+"over", "%s is not between 0s and the time until the next burst", b.Over)
		size(path, b.Work, b.Width)
	}
	for i := range l.Jobs {
		j, path := &l.Jobs[i], fmt.Sprintf("jobs[%d].", i)
		refuse(j.At < 0, path+"at", "%s is in the past", j.At)
		size(path, Fixed(j.Work), Between{j.Width, j.Width})
	}
	return out
}

func badFactor(f float64) bool { return !(f >= 0 && f <= maxFactor) }

// withDefaults is the load with its defaults in the place of zeros. It shares nothing that anybody changes.
func (l Load) withDefaults() Load {
	if l.Scheduler == "" {
		l.Scheduler = SchedulerFIFO
	}
	if l.Container == 0 {
		l.Container = defaultContainer
	}
	if l.Task == 0 {
		l.Task = defaultTask
	}
	l.Streams, l.Bursts, l.Jobs = slices.Clone(l.Streams), slices.Clone(l.Bursts), slices.Clone(l.Jobs)
	return l
}

const (
	defaultContainer = 3072
	defaultTask      = 5 * time.Minute
)

// factor is what the rate of a stream is multiplied with at a time.
func (s *JobStream) factor(at time.Time) float64 {
	f := 1.0
	if len(s.Daily) > 0 {
		f = s.Daily[at.UTC().Hour()]
	}
	if day := at.UTC().Weekday(); s.Weekend > 0 && (day == time.Saturday || day == time.Sunday) {
		f *= s.Weekend
	}
	return f
}

// most is the highest factor of a stream.
func (s *JobStream) most() float64 {
	f := 1.0
	if len(s.Daily) > 0 {
		f = slices.Max(s.Daily)
	}
	return f * max(1, s.Weekend)
}

// SetLoad lets a load begin now on a cluster, in the place of the one before; jobs that are there go on. A load that cannot be is an
// error that names everything wrong with it.
func (s *Sim) SetLoad(region, cluster string, l Load) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.region(region).find(cluster)
	if x == nil {
		return fmt.Errorf("region %s has no cluster %q", s.region(region).name, cluster)
	}
	if bad := l.Check(); len(bad) > 0 {
		words := make([]string, len(bad))
		for i, p := range bad {
			words[i] = p.String()
		}
		return fmt.Errorf("load of cluster %s: %s", x.name, strings.Join(words, "; "))
	}
	x.yarn.begin(l.withDefaults())
	s.drain(s.now)
	return nil
}
