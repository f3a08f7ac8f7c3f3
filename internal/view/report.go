package view

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/phrase"
	"emrguard/internal/store"
)

// Report is what `emrguard report` shows: what happened in a period, or would have.
type Report struct {
	Now     time.Time `json:"now" doc:"the present time"`
	From    time.Time `json:"from" doc:"the period's begin"`
	To      time.Time `json:"to" doc:"its end, which is not part of it"`
	Summary []string  `json:"summary" doc:"three sentences: what was repaired, what was scaled, what needs a look"`
	Notes   []string  `json:"notes" doc:"what the report cannot know, because the history does not reach back or cannot be read"`
	Watched int       `json:"clusters_watched" doc:"clusters that have not ended, at present"`
	Open    int       `json:"recoveries_open" doc:"open recoveries at present, those of scaling and returns aside"`
	NoData  int       `json:"policies_without_data" doc:"policies that lacked data points when they were judged last"`
	Total   Figures   `json:"total" doc:"all clusters and what concerns a scope as a whole, added up"`

	Unwatched []Unwatched `json:"unwatched" doc:"when nobody watched a scope, since no emrguard ran for it or it could not read EMR: counts go on there as they were read last"`

	Clusters []ClusterReport `json:"clusters" doc:"those to which something happened, by scope, name and id"`
}

// ClusterReport is the part of a report about one cluster.
type ClusterReport struct {
	Scope       string  `json:"scope" doc:"name of the scope"`
	Cluster     string  `json:"cluster,omitempty" doc:"id of the cluster; absent for what concerns the scope"`
	ClusterName string  `json:"cluster_name,omitempty" doc:"name of the cluster, if it is still known"`
	Figures     Figures `json:"figures" like:"total" doc:"the cluster's part"`
}

// Report completes the tally. World is the present state; names are those of ended clusters that are still known.
func (t *Tally) Report(w World, names map[store.Key]string) Report {
	r := Report{Now: w.Now, From: t.from, To: t.to, Notes: []string{}, Unwatched: []Unwatched{}, Total: Figures{Recoveries: []RecoveryFigures{}, Causes: []CauseFigures{}, Scaling: []ScalingFigures{}}, Clusters: []ClusterReport{}}
	for _, s := range w.Scopes {
		r.Unwatched = append(r.Unwatched, t.lookout.of(s, w.Now, t.from, t.to)...)
	}
	w.clusters(func(_ Scope, c Cluster) {
		r.Watched++
		for _, open := range c.Recoveries {
			if (&RecoveryFigures{Kind: string(open.Kind)}).repairs() {
				r.Open++
			}
		}
		r.NoData += c.noData()
	})
	for key, c := range t.clusters {
		f := t.total(c)
		if f.nothing() {
			continue
		}
		row := ClusterReport{Scope: key.Scope, Cluster: key.Cluster, ClusterName: names[key], Figures: f}
		if live := w.cluster(key.Scope, key.Cluster); live != nil {
			row.ClusterName = live.Cluster.Name
		}
		r.Clusters = append(r.Clusters, row)
	}
	slices.SortFunc(r.Clusters, func(a, b ClusterReport) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.ClusterName, b.ClusterName), cmp.Compare(a.Cluster, b.Cluster))
	})
	for i := range r.Clusters {
		r.Total.add(&r.Clusters[i].Figures)
		r.Clusters[i].Figures.round()
	}
	r.Total.round()
	r.Summary = []string{r.repaired(), r.scaled(), r.toLookAt()}
	return r
}

// nothing says whether all figures are 0.
func (f *Figures) nothing() bool {
	return len(f.Recoveries) == 0 && len(f.Scaling) == 0 && f.Schedules == ScheduleFigures{} && f.Terminations == TerminationFigures{} &&
		!slices.ContainsFunc(f.counts(), func(n *int) bool { return *n != 0 }) && !slices.ContainsFunc(f.lengths(), func(s *float64) bool { return *s != 0 })
}

// round cuts lengths of time to milliseconds: sums of fractions leave a tail of digits.
func (f *Figures) round() {
	for _, s := range append(f.lengths(), &f.Schedules.LateFor, &f.Schedules.Latest) {
		*s = math.Round(*s*1000) / 1000
	}
}

// Headline says which period the report is of.
func (r Report) Headline() string {
	return fmt.Sprintf("From %s to %s UTC (%s), %s watched now.", r.From.UTC().Format("2006-01-02 15:04"), r.To.UTC().Format("2006-01-02 15:04"),
		Span(r.To.Sub(r.From)), phrase.Count(r.Watched, "cluster"))
}

// repaired is the sentence about recoveries.
func (r Report) repaired() string {
	var all RecoveryFigures
	for i := range r.Total.Recoveries {
		f := &r.Total.Recoveries[i]
		if f.repairs() {
			all.add(*f)
		}
	}
	var parts sentence
	switch {
	case all.Opened+all.closed() > 0:
		counts := []string{phrase.Count(all.Opened, "recovery") + " began"}
		if all.closed() > 0 && all.Completed+all.Cleared == 0 {
			counts = append(counts, "none completed")
		}
		for _, n := range []struct {
			n    int
			text string
		}{{all.Completed, "completed"}, {all.Cleared, "found nothing to repair"}, {all.Chained, "chained"}, {all.Rested, "rested"}, {all.Blocked, "blocked"},
			{all.Overtaken, "overtaken"}, {all.ClusterEnd, "ended with the cluster"}, {all.Withheld, "withheld"}, {all.Reported, "given up"}, {r.Open, phrase.Are(r.Open) + " open now"}} {
			if n.n > 0 {
				counts = append(counts, fmt.Sprintf("%d %s", n.n, n.text))
			}
		}
		parts.add("%s", strings.Join(counts, ", "))
	case all.Would == 0:
		parts.add("No group was stuck")
	}
	if n := r.Total.Placed; n > 0 {
		parts.add("%s asked for elsewhere", phrase.Count(n, "instance")+" "+phrase.Was(n))
	}
	if all.Would > 0 {
		parts.add("emrguard would have begun %s and placed %s elsewhere", phrase.Count(all.Would, "recovery"), phrase.Count(r.Total.WouldPlace, "instance"))
	}
	if causes := r.Total.causes(); causes != "" {
		parts.add("EMR named the cause: %s", causes)
	}
	if hours := r.Total.Missing / 3600; hours >= 0.05 {
		parts.add("%.1f instance-hours were missing", hours)
	}
	return parts.String()
}

// causes lists why groups got stuck, and how often each.
func (f *Figures) causes() string {
	var parts []string
	for _, c := range f.Causes {
		parts = append(parts, fmt.Sprintf("%s %s", c.Cause, phrase.Times(c.Count+c.Would)))
	}
	return strings.Join(parts, ", ")
}

// scaled is the sentence about scaling.
func (r Report) scaled() string {
	var all ScalingFigures
	for _, s := range r.Total.Scaling {
		all.Up, all.UpInstances, all.Down, all.DownInstances = all.Up+s.Up, all.UpInstances+s.UpInstances, all.Down+s.Down, all.DownInstances+s.DownInstances
		all.WouldUp, all.WouldUpInstances = all.WouldUp+s.WouldUp, all.WouldUpInstances+s.WouldUpInstances
		all.WouldDown, all.WouldDownInstances = all.WouldDown+s.WouldDown, all.WouldDownInstances+s.WouldDownInstances
	}
	var parts sentence
	if all.Up+all.Down > 0 {
		parts.add("Pools were scaled %s", upAndDown(all.Up, all.UpInstances, all.Down, all.DownInstances))
	} else {
		parts.add("Nothing was scaled")
	}
	if all.WouldUp+all.WouldDown > 0 {
		parts.add("pools would have been scaled %s", upAndDown(all.WouldUp, all.WouldUpInstances, all.WouldDown, all.WouldDownInstances))
	}
	if r.Total.Suspended > 0 {
		parts.add("scaling was suspended for %s in all", seconds(r.Total.Suspended))
	}
	if s := r.Total.Schedules; s.Late > 0 {
		parts.add("%s %s late, the latest by %s", phrase.Count(s.Late, "schedule"), phrase.Was(s.Late), seconds(s.Latest))
	}
	t := r.Total.Terminations
	if t.Done > 0 {
		parts.add("%s %s terminated", phrase.Count(t.Done, "cluster"), phrase.Was(t.Done))
	}
	if t.Would > 0 {
		parts.add("%s of a cluster would have begun", phrase.Count(t.Would, "termination"))
	}
	return parts.String()
}

// notable is how long something has to last before a person should look at it.
const notable = time.Minute

// toLookAt is the sentence about what a person should look at.
func (r Report) toLookAt() string {
	var parts sentence
	f := r.Total
	if text := unwatched(r.Unwatched); text != "" {
		parts.add("not watched: %s, for which all counts as it was read last", text)
	}
	if n := f.Contested; n > 0 {
		parts.add("%s %s contested, because somebody keeps raising a banned group", phrase.Count(n, "pool"), phrase.Was(n))
	}
	if n := f.ReturnsFailed; n > 0 {
		parts.add("what was placed elsewhere did not come back to its own group %s", phrase.Times(n))
	}
	for _, l := range []struct {
		seconds float64
		text    string
	}{
		{f.Resting, "pools rested for %s in all, because recoveries kept failing"}, {f.Blocked, "pools were blocked for %s in all, because nobody took what they miss"},
		{f.Blind, "metrics could not be read for %s in all"}, {f.UnusableFor, "reads of groups were unusable for %s in all"},
	} {
		if l.seconds >= notable.Seconds() {
			parts.add(l.text, seconds(l.seconds))
		}
	}
	if n := r.NoData; n > 0 {
		parts.add("%s %s no data, see `emrguard policies`", phrase.Count(n, "policy"), phrase.Have(n))
	}
	reported := 0
	for _, k := range f.Recoveries {
		reported += k.Reported
	}
	if reported > 0 {
		parts.add("%s ended without an end in sight", phrase.Count(reported, "recovery"))
	}
	if n := f.Unmade; n > 0 {
		parts.add("the group of a pool could not be made %s", phrase.Times(n))
	}
	if n := f.Terminations.Held; n > 0 {
		parts.add("%s %s held back", phrase.Count(n, "termination"), phrase.Was(n))
	}
	if n := f.Refused; n > 0 {
		parts.add("%s by hand %s refused", phrase.Count(n, "order"), phrase.Was(n))
	}
	if n := f.Throttled; n > 0 {
		parts.add("AWS refused calls for their rate %s", phrase.Times(n))
	}
	if n := f.ClockDisagreed; n > 0 {
		parts.add("the clock was wrong %s", phrase.Times(n))
	}
	if len(parts) == 0 {
		return "Nothing needs a look."
	}
	return "Needs a look: " + parts.String()
}

// Tables are the figures for people: recoveries by kind, scaling by who asked, clusters. Those without rows are left out.
func (r Report) Tables() []Table {
	var out []Table
	for _, t := range []Table{r.recoveries(), r.scaling(), r.clusters()} {
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

func (r Report) recoveries() Table {
	t := Table{Head: []string{"RECOVERIES", "OPENED", "COMPLETED", "CLEARED", "CHAINED", "RESTED", "BLOCKED", "OVERTAKEN", "REPORTED", "OTHER", "PLACED", "WOULD"}}
	for _, f := range r.Total.Recoveries {
		t.Add(f.Kind, some(f.Opened), some(f.Completed), some(f.Cleared), some(f.Chained), some(f.Rested), some(f.Blocked), some(f.Overtaken), some(f.Reported),
			some(f.ClusterEnd+f.Withheld), some(f.Placed), some(f.Would))
	}
	return t
}

func (r Report) scaling() Table {
	t := Table{Head: []string{"SCALING BY", "UP", "DOWN", "WOULD UP", "WOULD DOWN"}}
	cell := func(n, instances int, sign string) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprintf("%d (%s%d)", n, sign, instances)
	}
	for _, f := range r.Total.Scaling {
		t.Add(f.By, cell(f.Up, f.UpInstances, "+"), cell(f.Down, f.DownInstances, "-"), cell(f.WouldUp, f.WouldUpInstances, "+"), cell(f.WouldDown, f.WouldDownInstances, "-"))
	}
	return t
}

func (r Report) clusters() Table {
	t := Table{Head: []string{"CLUSTER", "ID", "RECOVERIES", "PLACED", "MISSING HOURS", "SUSPENDED", "UP", "DOWN", "NOTES"}}
	for _, c := range r.Clusters {
		f := c.Figures
		recoveries, would := 0, 0
		for i := range f.Recoveries {
			if k := &f.Recoveries[i]; k.repairs() {
				recoveries, would = recoveries+k.Opened, would+k.Would
			}
		}
		var all ScalingFigures
		for _, s := range f.Scaling {
			all.UpInstances, all.WouldUpInstances = all.UpInstances+s.UpInstances, all.WouldUpInstances+s.WouldUpInstances
			all.DownInstances, all.WouldDownInstances = all.DownInstances+s.DownInstances, all.WouldDownInstances+s.WouldDownInstances
		}
		hours := ""
		if h := f.Missing / 3600; h >= 0.05 {
			hours = strconv.FormatFloat(h, 'f', 1, 64)
		}
		t.Add(cmp.Or(c.ClusterName, c.Cluster, "scope "+c.Scope), c.Cluster, both(recoveries, would), both(f.Placed, f.WouldPlace), hours, spanOf(f.Suspended),
			both(all.UpInstances, all.WouldUpInstances), both(all.DownInstances, all.WouldDownInstances), strings.Join(f.notes(), "\n"))
	}
	return t
}

// notes are what else happened on a cluster, in a few words each.
func (f *Figures) notes() []string {
	var out []string
	add := func(n int, length float64, text string) {
		if n == 0 && length == 0 {
			return
		}
		if length > 0 {
			text += " for " + seconds(length)
		}
		if n > 1 {
			text += ", " + phrase.Times(n)
		}
		out = append(out, text)
	}
	add(f.Contested, 0, "contested")
	if causes := f.causes(); causes != "" {
		out = append(out, "stuck for "+causes)
	}
	add(f.ReturnsFailed, 0, "did not return")
	add(f.Rests, f.Resting, "rested")
	add(f.Blocks, f.Blocked, "blocked")
	add(f.Bans, 0, "banned by emrguard")
	add(f.BansByHand, 0, "banned by hand")
	add(f.Schedules.Late, f.Schedules.LateFor, "schedules late")
	add(f.NotFollowed, 0, "a policy held and waited")
	add(f.Made, 0, "group made")
	add(f.Unmade, 0, "group could not be made")
	add(f.WouldMake, 0, "group would have been made")
	add(f.Terminations.Notices, 0, "notice of termination")
	add(f.Terminations.Held, 0, "termination held back")
	add(f.Terminations.Would, 0, "would have been terminated")
	add(f.Terminations.Done, 0, "terminated")
	add(f.Unread, f.Blind, "metrics unreadable")
	add(f.Unusable, f.UnusableFor, "reads unusable")
	add(f.Refused, 0, "orders refused")
	add(f.Throttled, 0, "calls refused for their rate")
	add(f.ClockDisagreed, 0, "clock wrong")
	add(f.Ended, 0, "ended")
	return out
}

// both is a count with what would have been.
func both(n, would int) string {
	switch {
	case would == 0:
		return some(n)
	case n == 0:
		return fmt.Sprintf("(would %d)", would)
	}
	return fmt.Sprintf("%d (would %d)", n, would)
}

// some is a count, and nothing for 0.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// sentence is made of parts.
type sentence []string

func (s *sentence) add(format string, args ...any) { *s = append(*s, fmt.Sprintf(format, args...)) }

// String is the whole sentence.
func (s *sentence) String() string { return strings.Join(*s, "; ") + "." }

// upAndDown says how often pools were scaled, and by how many instances.
func upAndDown(up, upInstances, down, downInstances int) string {
	var parts []string
	if up > 0 {
		parts = append(parts, fmt.Sprintf("up %s (+%d)", phrase.Times(up), upInstances))
	}
	if down > 0 {
		parts = append(parts, fmt.Sprintf("down %s (-%d)", phrase.Times(down), downInstances))
	}
	return strings.Join(parts, " and ")
}

func seconds(s float64) string { return Span(time.Duration(s * float64(time.Second))) }

// spanOf is a length of time, and nothing for 0.
func spanOf(s float64) string {
	if s == 0 {
		return ""
	}
	return seconds(s)
}
