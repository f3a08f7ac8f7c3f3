package view

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/store"
)

// History is what `emrguard history` shows.
type History struct {
	Now     time.Time `json:"now" doc:"the time all ages refer to"`
	Records []Event   `json:"records" doc:"oldest first"`
	Older   int64     `json:"older,omitempty" doc:"what is before them: give it as before; absent at the beginning of the history. A search that has read its most gives it, too, with fewer records than asked for"`
}

// Event is one row of the history.
type Event struct {
	Seq         int64           `json:"seq" doc:"order of writing, ascending"`
	ID          string          `json:"id" doc:"unique in the store; emrguard explain takes it"`
	At          time.Time       `json:"at" doc:"when"`
	Scope       string          `json:"scope" doc:"name of the scope"`
	Cluster     string          `json:"cluster,omitempty" doc:"id of the cluster; absent when it concerns the scope"`
	ClusterName string          `json:"cluster_name,omitempty" doc:"name of the cluster, if it is still known"`
	Word        string          `json:"word" doc:"seen, decided, called, answered, done or asked"`
	Kind        string          `json:"kind" doc:"what happened, for example call.stop; docs/recovery.md explains the rules behind it"`
	Group       string          `json:"group,omitempty" doc:"id of the group"`
	GroupLabel  string          `json:"group_label,omitempty" doc:"its name as tables show it"`
	Pool        string          `json:"pool,omitempty" doc:"id of the pool"`
	Recovery    string          `json:"recovery,omitempty" doc:"id of the recovery"`
	Sentence    string          `json:"sentence" doc:"what happened, for people, with the names of groups"`
	Bookkeeping bool            `json:"bookkeeping,omitempty" doc:"no turn of a story: it only shows that something went as it should, such as the answer to a call"`
	Reason      string          `json:"reason" doc:"why, or what was seen, as emrguard wrote it down"`
	Author      string          `json:"author,omitempty" doc:"who asked for it; absent for emrguard's own"`
	Data        json.RawMessage `json:"data,omitempty" doc:"what it was made on; its content depends on the kind"`

	told string // the reason with the labels of groups
}

// Events shows records with the names of what they are about.
func (w World) Events(records []store.Record) []Event {
	out := make([]Event, 0, len(records))
	for _, r := range records {
		e := Event{Seq: r.Seq, ID: r.ID, At: r.At, Scope: r.Scope, Cluster: r.Cluster, Word: Word(r.Kind), Kind: r.Kind, Group: r.Group, Pool: r.Pool,
			Recovery: r.Recovery, Reason: r.Reason, Author: r.Author, Data: r.Data}
		if string(e.Data) == "null" {
			e.Data = nil
		}
		meant := recordOf(r)
		e.told, e.Sentence, e.Bookkeeping = r.Reason, printable(meant.said()), meant.bookkeeping()
		if c := w.cluster(r.Scope, r.Cluster); c != nil {
			e.told, e.Sentence = c.Labelled(r.Reason), printable(c.named(meant.said()))
			e.ClusterName, e.GroupLabel = c.Cluster.Name, labelOf(c, r.Group)
		}
		out = append(out, e)
	}
	return out
}

// cluster returns a cluster that has not ended, or nil.
func (w World) cluster(scope, id string) *Cluster {
	for i := range w.Scopes {
		if w.Scopes[i].Name != scope {
			continue
		}
		for j := range w.Scopes[i].Clusters {
			if c := &w.Scopes[i].Clusters[j]; string(c.Cluster.ID) == id {
				return c
			}
		}
	}
	return nil
}

func labelOf(c *Cluster, group string) string {
	if group == "" {
		return ""
	}
	return c.label(emr.GroupID(group))
}

// Table is the history for people.
func (v History) Table() Table {
	t := Table{Head: []string{"TIME", "CLUSTER", "GROUP", "KIND", "ID", "WHAT"}}
	for _, e := range v.Records {
		t.Add(e.At.UTC().Format("2006-01-02 15:04:05"), orID(e.ClusterName, e.Cluster), orID(e.GroupLabel, e.Group), e.Kind, e.ID, e.Said())
	}
	return t
}

// Told is the reason with the labels of groups beside their ids.
func (e Event) Told() string { return printable(e.told) }

// Says says whether a text is in the event's reason, kind, author, or a name or id of what it is about, upper and lower case being the same.
func (e Event) Says(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{e.Reason, e.told, e.Sentence, e.Kind, e.Author, e.Cluster, e.ClusterName, e.Group, e.GroupLabel, e.Recovery}, func(s string) bool {
		return strings.Contains(strings.ToLower(s), text)
	})
}

// Said is what happened, and who asked for it.
func (e Event) Said() string {
	if e.Author == "" {
		return e.Sentence
	}
	return e.Sentence + " (by " + printable(e.Author) + ")"
}

// Line is the event as one line of text.
func (e Event) Line() string {
	about := orID(e.ClusterName, e.Cluster)
	if e.Group != "" {
		about += "/" + orID(e.GroupLabel, e.Group)
	}
	return printable(fmt.Sprintf("%s  %s  %s: %s", e.At.UTC().Format("2006-01-02 15:04:05"), about, e.Kind, e.Said()))
}
