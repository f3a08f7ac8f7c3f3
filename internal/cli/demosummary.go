package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"emrguard/internal/emr"
	"emrguard/internal/emrsim"
	"emrguard/internal/phrase"
	"emrguard/internal/view"
)

// summarize compares the story with the same one without a guard.
func summarize(ctx context.Context, out io.Writer, w *demoWorld, with, without emrsim.Truth) error {
	recoveries, err := w.recoveries(ctx)
	if err != nil {
		return err
	}
	opened, launched := map[string]int{}, map[string]int{}
	for _, r := range recoveries {
		opened[r.Cluster]++
		launched[r.Cluster] += r.Placed
	}
	passed := with.Now.Sub(w.options.Start)
	table := view.Table{Head: []string{"CLUSTER", "MISSING WITHOUT", "MISSING WITH", "RUNNING WITHOUT", "RUNNING WITH", "RECOVERIES", "LAUNCHED", "GROUPS MADE"}}
	var before, after float64
	stillWithout, stillWith := 0, 0
	for _, c := range with.Clusters {
		alone := emrsim.ClusterTruth{}
		for _, o := range without.Clusters {
			if o.ID == c.ID {
				alone = o
			}
		}
		before, after = before+alone.ShortMinutes, after+c.ShortMinutes
		stillWithout, stillWith = stillWithout+max(0, alone.Demand-alone.Workers), stillWith+max(0, c.Demand-c.Workers)
		table.Add(c.Name, minutes(alone.ShortMinutes), minutes(c.ShortMinutes), fmt.Sprintf("%d/%d", alone.Workers, alone.Demand), fmt.Sprintf("%d/%d", c.Workers, c.Demand),
			strconv.Itoa(opened[c.ID]), strconv.Itoa(launched[c.ID]), strconv.Itoa(c.GroupsAdded))
	}
	table.Add("together", minutes(before), minutes(after))
	fmt.Fprintf(out, "\nThe same %s, without and with emrguard (missing in instance-minutes):\n\n", view.Span(passed))
	if err := table.Write(out); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nAt the end %s %s still missing without emrguard, and %d with it.\n", phrase.Count(stillWithout, "instance"), phrase.Are(stillWithout), stillWith)
	reads, changes := 0, 0
	for op, n := range w.sent() {
		if op.Writes() {
			changes += n
		} else {
			reads += n
		}
	}
	_, err = fmt.Fprintf(out, "API calls: %s and %s (%s %d, %s %d), %.1f a minute.\n", phrase.Count(reads, "read"), phrase.Count(changes, "change"), emr.ModifyInstanceGroups,
		w.sent()[emr.ModifyInstanceGroups], emr.AddInstanceGroups, w.sent()[emr.AddInstanceGroups], float64(reads+changes)/max(passed.Minutes(), 1))
	return err
}

func minutes(v float64) string { return strconv.Itoa(int(v + 0.5)) }
