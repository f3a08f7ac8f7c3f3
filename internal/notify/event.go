package notify

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"emrguard/internal/store"
	"emrguard/internal/view"
)

// Event is one thing that happened, as messages tell it.
type Event struct {
	ID          string    `json:"id" doc:"of its record; emrguard explain takes it"`
	Kind        string    `json:"kind" doc:"what happened, for example recovery.open"`
	Severity    Severity  `json:"severity" doc:"info, warning or critical"`
	At          time.Time `json:"at" doc:"when"`
	Scope       string    `json:"scope" doc:"name of the scope"`
	Cluster     string    `json:"cluster,omitempty" doc:"id of the cluster; absent when it concerns the scope"`
	ClusterName string    `json:"cluster_name,omitempty" doc:"name of the cluster, if it is known"`
	Group       string    `json:"group,omitempty" doc:"id of the group"`
	GroupLabel  string    `json:"group_label,omitempty" doc:"its name"`
	Pool        string    `json:"pool,omitempty" doc:"id of the pool"`
	PoolLabel   string    `json:"pool_label,omitempty" doc:"its name, where no group is named"`
	Recovery    string    `json:"recovery,omitempty" doc:"id of the recovery"`
	Requested   int       `json:"requested,omitempty" doc:"instances that the group was asked for, where that is why it is told"`
	Running     int       `json:"running,omitempty" doc:"of these, those that ran"`
	What        string    `json:"what" doc:"what happened, in words"`
	Why         string    `json:"why" doc:"the reason"`
	Cause       string    `json:"cause,omitempty" doc:"why EMR gives the group no instances, as it says: only where the begin of a repair is told, and it is known by then"`
	Done        string    `json:"done,omitempty" doc:"what emrguard has done about it by the time the message was made; not of severity info"`
	Stand       string    `json:"stand,omitempty" doc:"how many instances of the pool ran at that time; not of severity info"`
	Next        string    `json:"next,omitempty" doc:"what emrguard does next by itself, and when; not of severity info"`
	Author      string    `json:"author,omitempty" doc:"who asked for it; absent for emrguard's own"`
	Unchanged   bool      `json:"unchanged,omitempty" doc:"true: emrguard only observes or runs dry, and nothing was changed"`
	Undo        string    `json:"undo,omitempty" doc:"the way back: a command that takes it back, holds it or tells more"`
	Undoing     string    `json:"undoing,omitempty" doc:"what that command does"`
	Page        string    `json:"page,omitempty" doc:"URL of the page that tells it; only with web.public_url"`

	topic string
}

// The bounds of an event's texts, in characters: those of a message have to fit into what receivers take.
const (
	maxReason = 400
	maxName   = 128
)

// The bounds of those that are made when a message is, in bytes: what a sink's document holds of them is most of it.
const (
	maxCause  = 480
	maxDone   = 220
	maxNext   = 400
	maxListed = 40 // of a name in a list
)

// dryRun is said of what was decided and not done.
const dryRun = "nothing was changed"

// events turns records into events, without those that are not notified, oldest first. Names come from the documents of the clusters;
// a cluster that cannot be read is told by its id. Site is where the dashboard is, empty if that is not known. The error is the store's.
func events(ctx context.Context, s store.Store, records []store.Record, site string) ([]Event, error) {
	var out []Event
	worlds := map[store.Key]view.World{}
	for _, r := range records {
		k, ok := classify(r)
		if !ok {
			continue
		}
		w, known := worlds[r.Key]
		if !known {
			var err error
			if w, err = world(ctx, s, r.Key); err != nil {
				return nil, err
			}
			worlds[r.Key] = w
		}
		v := w.Events([]store.Record{r})[0]
		e := Event{
			ID: r.ID, Kind: r.Kind, Severity: k.severity, At: r.At.UTC(), Scope: r.Scope, Cluster: r.Cluster, ClusterName: shorten(v.ClusterName, maxName), Group: r.Group,
			GroupLabel: shorten(v.GroupLabel, maxName), Pool: r.Pool, Recovery: r.Recovery, What: k.what, Why: shorten(v.Told(), maxReason), Author: shorten(r.Author, maxName),
			Unchanged: strings.HasPrefix(r.Kind, "would."), Undo: k.command(r), Undoing: k.undoing, Page: pageOf(site, r), topic: k.topic,
		}
		if r.Pool != "" && r.Group == "" {
			about := r
			about.Group = r.Pool
			e.PoolLabel = shorten(w.Events([]store.Record{about})[0].GroupLabel, maxName)
		}
		if r.Kind == "recovery.open" {
			e.began(r)
		}
		out = append(out, e)
	}
	return out, nil
}

// began adds to the begin of a repair how many ran, and which of a chain it is.
func (e *Event) began(r store.Record) {
	began, ok := view.BeganOf(r)
	if !slices.Contains(repairs, began.Kind) {
		return
	}
	if ok {
		e.Requested, e.Running = began.Requested, began.Running
	}
	var at chain
	if json.Unmarshal(r.Data, &at) == nil {
		e.What = nth(r.Group, r.Pool, at.Number, at.Settings.Chain)
	}
}

// pageOf is the URL that tells a record: the recovery's story with what follows, or what led to the record and what came of it.
func pageOf(site string, r store.Record) string {
	site = strings.TrimRight(site, "/")
	switch {
	case site == "":
		return ""
	case r.Recovery != "":
		return site + view.RecoveryPath(store.RecoveryKey{Key: r.Key, Recovery: r.Recovery})
	}
	return site + "/explain/" + url.PathEscape(r.ID)
}

// world is the world with one cluster, as far as its document can be read.
func world(ctx context.Context, s store.Store, key store.Key) (view.World, error) {
	if key.Cluster == "" {
		return view.World{}, nil
	}
	doc, err := s.Load(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrCorrupt):
		return view.World{}, nil
	case err != nil:
		return view.World{}, err
	}
	return view.New(doc.Saved, []view.Scope{view.NewScope(key.Scope, []store.Document{doc}, store.Lease{}, nil)}), nil
}

// shorten cuts a text after so many characters.
func shorten(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	runes := []rune(text)
	if len(runes) <= longest {
		return text
	}
	return strings.TrimRight(string(runes[:longest-1]), " ,;:") + "…"
}

// clip cuts a text after so many bytes, between two characters.
func clip(text string, longest int) string {
	const end = "…"
	if len(text) <= longest {
		return text
	}
	cut := longest - len(end)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.TrimRight(text[:cut], " ,;:") + end
}
