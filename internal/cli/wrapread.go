package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"emrguard/internal/app"
	"emrguard/internal/awsapi"
	"emrguard/internal/config"
	"emrguard/internal/emr"
)

// running is a cluster as AWS tells it at the moment.
type running struct {
	scope   config.Scope
	cluster emr.Cluster
	groups  []emr.Group // MASTER, CORE, TASK, the older first; none of a cluster of fleets
	managed bool        // EMR managed scaling is attached
}

// wholeID is a cluster's id, in contrast to a name.
var wholeID = regexp.MustCompile(`^j-[A-Z0-9]+$`)

// maxPages bounds the pages of one list.
const maxPages = 1000

// readCluster asks the scopes in their order for a cluster, by its id or by the name of a live one, and reads it with its groups.
func readCluster(ctx context.Context, d *Deps, scopes []config.Scope, ref string) (running, error) {
	var found []running
	var troubles, names []string
	for _, s := range scopes {
		names = append(names, s.Name)
		client, err := awsapi.New(ctx, app.ScopeOptions(s, d.Version))
		if err != nil {
			return running{}, fmt.Errorf("scope %s: %w", s.Name, err)
		}
		r := &clusterReader{client: client}
		ids := []emr.ClusterID{emr.ClusterID(ref)}
		if !wholeID.MatchString(ref) {
			ids, err = r.named(ctx, ref)
		}
		for _, id := range ids {
			var got running
			if got, err = r.read(ctx, id); err == nil {
				got.scope = s
				found = append(found, got)
			}
		}
		if e := (*emr.Error)(nil); err != nil && (!errors.As(err, &e) || e.Class != emr.NotFound) {
			troubles = append(troubles, fmt.Sprintf("scope %s: %v", s.Name, err))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var ids []string
		for _, f := range found {
			ids = append(ids, fmt.Sprintf("%s in scope %s", f.cluster.ID, f.scope.Name))
		}
		return running{}, usageError("%q is the name of several clusters: %s; name one by its id", ref, strings.Join(ids, ", "))
	case len(troubles) > 0:
		return running{}, fmt.Errorf("cluster %s was not found: %s", ref, strings.Join(troubles, "; "))
	}
	return running{}, usageError("there is no cluster %s in scope %s", ref, strings.Join(names, ", "))
}

// clusterReader reads one scope, one page a call.
type clusterReader struct{ client *awsapi.Client }

// do sends a call and names it in its error.
func (r *clusterReader) do(ctx context.Context, call emr.Call) (emr.Result, error) {
	res := r.client.Do(ctx, call)
	if res.Err != nil {
		return res, fmt.Errorf("%s: %w", call.Op, res.Err)
	}
	return res, nil
}

// pages sends a list's calls until its last page.
func (r *clusterReader) pages(ctx context.Context, call emr.Call, each func(emr.Result)) error {
	for range maxPages {
		res, err := r.do(ctx, call)
		if err != nil {
			return err
		}
		each(res)
		if call.Marker = res.Marker; call.Marker == "" {
			return nil
		}
	}
	return fmt.Errorf("%s: more than %d pages", call.Op, maxPages)
}

// named lists the live clusters of a name.
func (r *clusterReader) named(ctx context.Context, name string) (ids []emr.ClusterID, err error) {
	err = r.pages(ctx, emr.Call{Op: emr.ListClusters}, func(res emr.Result) {
		for _, c := range res.Clusters {
			if c.Name == name {
				ids = append(ids, c.ID)
			}
		}
	})
	return ids, err
}

// read describes a cluster. Of one that has ended or is made of fleets nothing more is asked.
func (r *clusterReader) read(ctx context.Context, id emr.ClusterID) (running, error) {
	res, err := r.do(ctx, emr.Call{Op: emr.DescribeCluster, Cluster: id})
	if err != nil {
		return running{}, err
	}
	out := running{cluster: *res.Cluster}
	if out.cluster.State.Ended() || out.cluster.Collection == emr.Fleets {
		return out, nil
	}
	err = r.pages(ctx, emr.Call{Op: emr.ListInstanceGroups, Cluster: id}, func(res emr.Result) { out.groups = append(out.groups, res.Groups...) })
	if err != nil {
		return running{}, err
	}
	roles := []emr.Role{emr.Master, emr.Core, emr.Task}
	slices.SortFunc(out.groups, func(a, b emr.Group) int {
		return cmp.Or(cmp.Compare(slices.Index(roles, a.Role), slices.Index(roles, b.Role)), a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	res, err = r.do(ctx, emr.Call{Op: emr.GetManagedScalingPolicy, Cluster: id})
	if err != nil {
		return running{}, err
	}
	out.managed = res.ManagedScaling
	return out, nil
}
