package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"emrguard/internal/desk"
	"emrguard/internal/guard"
	"emrguard/internal/view"
)

// orderBody is an order as people and programs write it. It has no field for who gives it: that is whom the server takes the sender for.
type orderBody struct {
	Kind       string `json:"kind" enum:"ban,unban,pause,resume,scale,return,adopt" doc:"what to do"`
	Scope      string `json:"scope,omitempty" maxLength:"64" doc:"name of the scope; needed to pause or resume a whole scope, else only where names are in several"`
	Cluster    string `json:"cluster,omitempty" maxLength:"300" doc:"id or name of the cluster: pause, resume, adopt. Absent with pause and resume: the whole scope"`
	Group      string `json:"group,omitempty" maxLength:"300" doc:"ban and unban: the group, by id, name or CLUSTER/GROUP; scale and return: the pool, likewise"`
	For        string `json:"for,omitempty" maxLength:"20" doc:"ban: how long, as in 90m or 2h; 1m to 720h"`
	To         *int   `json:"to,omitempty" minimum:"0" maximum:"2000" doc:"scale: instances the pool is to want"`
	By         *int   `json:"by,omitempty" minimum:"-2000" maximum:"2000" doc:"scale, in place of to: so many instances more than the pool wants when the order comes in, or fewer"`
	Force      bool   `json:"force,omitempty" doc:"scale and return: in spite of a suspension"`
	Reason     string `json:"reason,omitempty" maxLength:"1000" doc:"why, for the history"`
	OnBehalfOf string `json:"on_behalf_of,omitempty" maxLength:"100" doc:"who asked you for it, for the history, which names them after you: nobody checks it. Printable characters"`
}

// sum stands for an order as it was asked for: it is the same for the same order, however its request was written.
func (b orderBody) sum() string {
	raw, err := json.Marshal(b)
	if err != nil {
		panic(err) // texts, numbers and truth values
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// author is who gives an order, for the history. Whom the server takes the sender for comes first, whatever the order says; the name that it gives
// besides is in quotation marks, out of which it cannot break.
func (b orderBody) author(ctx context.Context) string {
	name := who(ctx).Name
	if b.OnBehalfOf != "" {
		name += fmt.Sprintf(", on behalf of %q", b.OnBehalfOf)
	}
	return name
}

// needsGroup says whether an order is about one group or pool; else it is about a cluster or a scope.
func (b orderBody) needsGroup() bool {
	return slices.Contains([]guard.OrderKind{guard.OrderBan, guard.OrderUnban, guard.OrderScale, guard.OrderReturn}, guard.OrderKind(b.Kind))
}

// mistakes is everything that is wrong with an order whatever the state is. A field that an order of this kind does not take is a mistake, too: whoever
// wrote it expects something of it.
func (b orderBody) mistakes() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	kind := guard.OrderKind(b.Kind)
	if !slices.Contains(view.OrderKinds(), kind) {
		return &desk.RequestError{Err: fmt.Errorf("kind: %q is no order; there are %v", b.Kind, view.OrderKinds())}
	}
	for _, f := range []struct {
		name  string
		given bool
		takes []guard.OrderKind
		hint  string
	}{
		{"group", b.Group != "", []guard.OrderKind{guard.OrderBan, guard.OrderUnban, guard.OrderScale, guard.OrderReturn}, "it is about a whole cluster, or with scope alone about a whole scope"},
		{"for", b.For != "", []guard.OrderKind{guard.OrderBan}, "only a ban lasts for a given time"},
		{"to", b.To != nil, []guard.OrderKind{guard.OrderScale}, "only scale has a number of instances"},
		{"by", b.By != nil, []guard.OrderKind{guard.OrderScale}, "only scale has a number of instances; who asked for it is on_behalf_of"},
		{"force", b.Force, []guard.OrderKind{guard.OrderScale, guard.OrderReturn}, "no suspension holds it back"},
	} {
		if f.given && !slices.Contains(f.takes, kind) {
			wrong("%s takes no %s: %s", b.Kind, f.name, f.hint)
		}
	}
	if b.needsGroup() && b.Group == "" {
		wrong("%s needs group: a group or pool by its id, its name or as CLUSTER/NAME", b.Kind)
	}
	if !b.needsGroup() && b.Cluster == "" && (kind == guard.OrderAdopt || b.Scope == "") {
		orScope := ", or to " + b.Kind + " a whole scope, scope"
		if kind == guard.OrderAdopt {
			orScope = ""
		}
		wrong("%s needs cluster%s", b.Kind, orScope)
	}
	if kind == guard.OrderBan && b.For == "" {
		wrong("ban needs for, how long it lasts, as in 90m or 2h; 1m to 720h")
	}
	if _, err := time.ParseDuration(b.For); err != nil && b.For != "" {
		wrong("for: %q is no length of time; write 90m or 2h", b.For)
	}
	switch {
	case kind != guard.OrderScale:
	case b.To == nil && b.By == nil:
		wrong("scale needs to, the number of instances that the pool is to want, or by, how many more or fewer")
	case b.To != nil && b.By != nil:
		wrong("scale takes either to or by, not both")
	case b.By != nil && *b.By == 0:
		wrong("by: 0 changes nothing; give how many instances more, or as a negative number how many fewer")
	}
	if !utf8.ValidString(b.OnBehalfOf) || strings.ContainsFunc(b.OnBehalfOf, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.TrimSpace(b.OnBehalfOf) != b.OnBehalfOf {
		wrong("on_behalf_of: %q is no name: it has characters that cannot be printed, or a space at an end", b.OnBehalfOf)
	}
	if len(errs) == 0 {
		return nil
	}
	return &desk.RequestError{Err: errors.Join(errs...)}
}

// resolve finds what an order names. What is wrong with it is a RequestError.
func (b orderBody) resolve(ctx context.Context, now *snapshot) (desk.Target, guard.Order, error) {
	order := b.named(ctx)
	if err := b.mistakes(); err != nil {
		return desk.Target{}, order, err
	}
	length, _ := time.ParseDuration(b.For) // it is one, or empty
	order.For = guard.Length(length)
	found, err := b.locate(now)
	if err != nil {
		return desk.Target{}, order, err
	}
	order.Group = found.Group
	switch {
	case b.To != nil:
		order.To = *b.To
	case b.By != nil:
		if order.To = found.Wanted + *b.By; order.To < 0 {
			return desk.Target{}, order, &desk.RequestError{Err: fmt.Errorf("pool %s wants %d: by %d leaves less than none", found.Name, found.Wanted, *b.By)}
		}
	}
	return desk.Target{Scope: found.Scope, Cluster: found.Cluster}, order, nil
}

// named is an order without its group and its figures.
func (b orderBody) named(ctx context.Context) guard.Order {
	return guard.Order{Kind: guard.OrderKind(b.Kind), Force: b.Force, Reason: b.Reason, Author: b.author(ctx)}
}

// locate finds the scope, cluster, group or pool that an order is about. What names nothing, or several things, is a RequestError.
func (b orderBody) locate(now *snapshot) (view.Found, error) {
	w, _, err := Which{Scope: b.Scope}.world(now)
	if err != nil {
		return view.Found{}, err
	}
	found := view.Found{Scope: b.Scope}
	if b.Cluster != "" {
		if found, err = w.FindCluster(b.Cluster); err != nil {
			return found, &desk.RequestError{Err: err}
		}
		w = w.Only(found)
	}
	if !b.needsGroup() {
		return found, nil
	}
	found, err = w.FindGroup(b.Group)
	if kind := guard.OrderKind(b.Kind); kind == guard.OrderScale || kind == guard.OrderReturn {
		if pool, poolErr := w.FindPool(b.Group); poolErr == nil || err != nil {
			found, err = pool, poolErr
		}
	}
	if err != nil {
		return found, &desk.RequestError{Err: err}
	}
	return found, nil
}

// words is an order in a few words, for the question whether to give it.
func (b orderBody) words() string {
	target := b.Group
	if target == "" {
		target = b.Cluster
	}
	if target == "" {
		target = "all clusters of scope " + b.Scope
	}
	return strings.TrimSpace(b.Kind + " " + target)
}
