package emrsim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"
)

// span reads a duration of a test; nothing is 0.
func span(t *testing.T, text string) Span {
	t.Helper()
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return Span(d)
}

// setLoad reads a load: "job at=5m work=1h width=4", "stream rate=6 work=1h..2h width=4..8 daily=8:1,9:2 weekend=0.5" (hours that are not
// named have the factor 0) and "burst at=1h every=24h jobs=3 over=10m work=1h width=4".
func (p *player) setLoad(d *datadriven.TestData) string {
	p.t.Helper()
	var l Load
	for _, a := range d.CmdArgs {
		p.set(&l, a.Key, strings.Join(a.Vals, ","))
	}
	for line := range strings.Lines(d.Input) {
		words := strings.Fields(line)
		values := map[string]string{}
		for _, w := range words[1:] {
			key, val, _ := strings.Cut(w, "=")
			values[key] = val
		}
		at, every := time.Duration(span(p.t, values["at"])), time.Duration(span(p.t, values["every"]))
		over, name := time.Duration(span(p.t, values["over"])), values["name"]
		work, err := ParseDist(values["work"])
		if err != nil {
			p.t.Fatal(err)
		}
		var width Between
		if err := width.UnmarshalText([]byte(values["width"])); err != nil {
			p.t.Fatal(err)
		}
		switch words[0] {
		case "job":
			l.Jobs = append(l.Jobs, Job{name, at, work.Min, width.Min})
		case "burst":
			n, _ := strconv.Atoi(values["jobs"])
			l.Bursts = append(l.Bursts, JobBurst{name, at, every, n, over, work, width})
		case "stream":
			rate, _ := strconv.ParseFloat(values["rate"], 64)
			weekend, _ := strconv.ParseFloat(values["weekend"], 64)
			l.Streams = append(l.Streams, JobStream{name, rate, factors(values["daily"]), weekend, work, width})
		}
	}
	if err := p.SetLoad(east, p.id, l); err != nil {
		return err.Error()
	}
	return "ok"
}

// factors reads "8:1,9:2": the hour 8 has the factor 1, the hour 9 2 and all others 0.
func factors(text string) []float64 {
	if text == "" {
		return nil
	}
	out := make([]float64, 24)
	for part := range strings.SplitSeq(text, ",") {
		hour, factor, _ := strings.Cut(part, ":")
		h, _ := strconv.Atoi(hour)
		out[h], _ = strconv.ParseFloat(factor, 64)
	}
	return out
}

func (p *player) set(l *Load, key, val string) {
	number, _ := strconv.Atoi(val)
	switch key {
	case "scheduler":
		l.Scheduler = Scheduler(val)
	case "task":
		l.Task = time.Duration(span(p.t, val))
	case "container":
		l.Container = number
	case "hdfs":
		l.HDFS = number
	}
}

// since is a time as the transcripts show it.
func (p *player) since(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.Sub(p.opt.Start).Round(time.Second).String()
}

func (p *player) jobs() string {
	var b strings.Builder
	for _, j := range p.Jobs(east, p.id) {
		fmt.Fprintf(&b, "%s: arrived %s, started %s, ended %s; work %.4g, left %.4g, redone %.4g; %d of %d containers; ideal %.4g, delay %.4g",
			j.Name, p.since(j.Arrived), p.since(j.Started), p.since(j.Ended), j.Work, j.Left, j.Redone, j.Have, j.Width, j.Ideal, j.Delay)
		if j.Killed {
			b.WriteString("; killed")
		}
		b.WriteString("\n")
	}
	for _, c := range p.Snapshot(east).Clusters {
		if c.ID == p.id {
			fmt.Fprintf(&b, "delay %.4g, waited %.4g, redone %.4g; workers %.4g, idle %.4g", c.Load.Delay, c.Load.Waited, c.Load.Redone, c.WorkerMinutes, c.IdleMinutes)
		}
	}
	return b.String()
}

// yarn shows the samples that differ from those before.
func (p *player) yarn() string {
	var b strings.Builder
	last := ""
	for _, s := range p.Samples(east, p.id, p.opt.Start, p.Now().Add(time.Second)) {
		line := fmt.Sprintf("up=%t idle=%t core=%d/%d task=%d/%d active=%d lost=%d gone=%d containers=%d+%d/%d memory=%d/%d apps=%d+%d/%d hdfs=%.4g",
			s.Up, s.Idle, s.CoreRunning, s.CoreRequested, s.TaskRunning, s.TaskRequested, s.Active, s.Lost, s.Decommissioned,
			s.Allocated, s.Pending, s.Capacity, s.MemoryUsed, s.MemoryTotal, s.Running, s.Waiting, s.Submitted, s.HDFS)
		if line != last {
			fmt.Fprintf(&b, "%8s %s\n", p.since(s.At), line)
		}
		last = line
	}
	return b.String()
}

func drawLoad(t *rapid.T) Load {
	l := Load{
		Scheduler: rapid.SampledFrom(Schedulers).Draw(t, "scheduler"), Task: time.Duration(rapid.IntRange(1, 20).Draw(t, "task")) * time.Minute,
		Container: rapid.IntRange(1000, 12000).Draw(t, "container"),
		Streams:   []JobStream{{Name: "s", Rate: float64(rapid.IntRange(1, 60).Draw(t, "rate")), Work: Dist{time.Minute, time.Hour, 9 * time.Hour}, Width: Between{1, 30}}},
	}
	if rapid.Bool().Draw(t, "burst") {
		l.Bursts = []JobBurst{{Name: "b", At: 7 * time.Minute, Every: time.Hour, Jobs: 5, Over: 10 * time.Minute, Work: Fixed(time.Hour), Width: Between{3, 3}}}
	}
	return l
}

// TestWorkIsNeitherLostNorMade checks the books of a cluster under load in a world where nodes come and go.
func TestWorkIsNeitherLostNorMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, ids := twoClusters(t, drawOptions(t))
		load := drawLoad(t)
		if err := s.SetLoad(east, ids[0], load); err != nil {
			t.Fatal(err)
		}
		ended := map[int]time.Time{}
		for range rapid.IntRange(1, 25).Draw(t, "moves") {
			drawMove(t).apply(s, ids)
			c := s.Snapshot(east).Clusters[0]
			have, pending := 0, 0
			for i, j := range s.Jobs(east, ids[0]) {
				have += j.Have
				if j.Ended.IsZero() {
					pending += j.Width - j.Have
				}
				switch {
				case j.Left < -1e-9 && !j.Killed || j.Left > j.Work || j.Redone < 0 || j.Have > j.Width:
					t.Fatalf("job %d: %+v", i, j)
				case !j.Ended.IsZero() && !j.Killed && (j.Left > 0 || j.Have > 0 || j.Delay < -1e-4 || j.Ended.Sub(j.Arrived).Minutes() < j.Ideal-1e-4):
					t.Fatalf("job %d ended: %+v", i, j)
				case !ended[i].IsZero() && !j.Ended.Equal(ended[i]):
					t.Fatalf("job %d ended at %s, before at %s", i, j.Ended, ended[i])
				case i > 0 && load.Scheduler == SchedulerFIFO && j.Have > 0 && pending > j.Width-j.Have:
					t.Fatalf("job %d has containers before an older one: %+v", i, s.Jobs(east, ids[0]))
				}
				ended[i] = j.Ended
			}
			l := c.Load
			if have != l.Allocated || pending != l.Pending || have > l.Containers || have < l.Containers && pending > 0 {
				t.Fatalf("%d have and %d miss containers: %+v", have, pending, l)
			}
			if l.Submitted != l.Completed+l.Killed+l.Running+l.Waiting || c.IdleMinutes > c.WorkerMinutes+1e-6 || c.IdleMinutes < -1e-6 {
				t.Fatalf("%+v", c)
			}
			usage := 0.0
			for _, u := range c.Usage {
				usage += u.Paid
				if u.Running > u.Paid+1e-6 || u.Dollars < 0 {
					t.Fatalf("%+v", u)
				}
			}
			if usage+1e-6 < c.WorkerMinutes {
				t.Fatalf("%g paid, %g run", usage, c.WorkerMinutes)
			}
		}
	})
}

// TestTheSameSeedBringsTheSameJobs runs a load in two worlds that are treated differently, the second under the eyes of readers.
func TestTheSameSeedBringsTheSameJobs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawOptions(t)
		load := drawLoad(t)
		arrivals := func(resize int) string {
			s, ids := twoClusters(t, o)
			if err := s.SetLoad(east, "a", load); err != nil {
				t.Fatal(err)
			}
			for i := range 10 {
				if resize > 0 {
					move{modify: &[2]int{0, i * resize}}.apply(s, ids)
					_ = s.Samples(east, "a", s.Now().Add(-time.Hour), s.Now())
					_ = s.Snapshot(east)
				}
				s.AdvanceTo(s.Now().Add(17 * time.Minute))
			}
			var b strings.Builder
			for _, j := range s.Jobs(east, ids[0]) {
				fmt.Fprintln(&b, j.Name, j.Arrived, j.Work, j.Width)
			}
			return b.String()
		}
		if a, b := arrivals(0), arrivals(3); a != b {
			t.Fatalf("the jobs differ:\n%s\n%s", a, b)
		}
	})
}

// TestLoadDoesNotDependOnHowTimeIsCut is TestHowTimeIsCutDoesNotMatter under load.
func TestLoadDoesNotDependOnHowTimeIsCut(t *testing.T) {
	run := func(advance func(s *Sim, to time.Time)) string {
		s, ids := twoClusters(t, Options{Seed: 9, Unthrottled: true, Timing: Timing{SpotLife: Dist{time.Minute, time.Hour, 4 * time.Hour}}})
		for _, id := range ids {
			if err := s.SetLoad(east, id, Load{Streams: []JobStream{{Rate: 20, Work: Dist{time.Minute, time.Hour, 9 * time.Hour}, Width: Between{1, 30}}}}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 20 {
			move{modify: &[2]int{i % 2, i % 7}}.apply(s, ids)
			advance(s, s.Now().Add(11*time.Minute))
		}
		b, err := json.Marshal([]any{s.Jobs(east, ids[0]), s.Jobs(east, ids[1]), s.Snapshot(east).Pools, s.Samples(east, ids[0], s.opt.Start, s.Now())})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := run(func(s *Sim, to time.Time) { s.AdvanceTo(to) })
	if got := run(func(s *Sim, to time.Time) {
		for s.Now().Before(to) {
			s.AdvanceTo(s.Now().Add(time.Second))
			_ = s.Snapshot(east)
		}
	}); got != want {
		t.Error("second by second differs")
	}
}

func TestLoadsThatCannotBe(t *testing.T) {
	w := newWorld(t, Options{}, spot("task", 1))
	good := JobStream{Rate: 1, Work: Fixed(time.Hour), Width: Between{1, 1}}
	bad := func(change func(s *JobStream)) Load {
		s := good
		change(&s)
		return Load{Streams: []JobStream{s}}
	}
	for _, test := range []struct {
		load Load
		want string
	}{
		{Load{Scheduler: "lifo"}, `scheduler: "lifo" is none of [fifo fair]`},
		{Load{Container: 5}, "container: 5 is not between 128 and"},
		{Load{Task: -time.Second}, "task: -1s is not between 0s and 24h"},
		{Load{HDFS: -1}, "hdfs: -1 is not between 0 and"},
		{bad(func(s *JobStream) { s.Rate = 0 }), "streams[0].rate: 0 is not over 0"},
		{bad(func(s *JobStream) { s.Daily = []float64{1, 2} }), "streams[0].daily: 2 factors: want one for each of the 24 hours"},
		{bad(func(s *JobStream) { s.Daily = make([]float64, 24) }), "streams[0].daily: every hour has the factor 0"},
		{bad(func(s *JobStream) { s.Daily = append(make([]float64, 23), -1) }), "streams[0].daily: a factor is not between 0 and"},
		{bad(func(s *JobStream) { s.Weekend = -1 }), "streams[0].weekend: -1 is not between 0 and"},
		{bad(func(s *JobStream) { s.Work = Dist{} }), "streams[0].work: 0s: a job needs work"},
		{bad(func(s *JobStream) { s.Width = Between{0, 3} }), "streams[0].width: 0..3 is not between 1 and"},
		{Load{Bursts: []JobBurst{{At: -1, Every: 1, Jobs: 0, Over: -1}}}, "bursts[0].at: -1ns is in the past; bursts[0].every: 1ns is under a minute; bursts[0].jobs: 0 is not"},
		{Load{Jobs: []Job{{At: -1}}}, "jobs[0].at: -1ns is in the past; jobs[0].work: 0s: a job needs work; jobs[0].width: 0 is not"},
	} {
		if err := w.SetLoad(east, w.id, test.load); err == nil || !strings.Contains(err.Error(), "load of cluster etl: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
	if err := w.SetLoad(east, "none", Load{}); err == nil {
		t.Error("a load on no cluster is accepted")
	}
	for _, a := range []Action{
		{Do: DoSubmit, Work: Span(time.Hour), Width: 1}, {Do: DoSubmit, Width: 1, Count: 1}, {Do: DoSubmit, Work: Span(time.Hour), Count: 1},
		{Do: DoSurge, Rate: -1}, {Do: DoSurge, Rate: 101}, {Do: DoLag, Time: -1}, {Do: DoLag, Time: Span(25 * time.Hour)},
	} {
		a.Cluster = w.id
		if err := w.Act(east, "test", a); err == nil {
			t.Errorf("%+v is accepted", a)
		}
	}
}

func TestNumbersBetween(t *testing.T) {
	for text, want := range map[string]Between{"7": {7, 7}, "1..9": {1, 9}} {
		var b Between
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want || b.String() != text {
			t.Errorf("%s reads as %v, %s: %v", text, b, b, err)
		}
	}
	for _, text := range []string{"", "x", "9..1", "1..", "1..2..3"} {
		if err := new(Between).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
