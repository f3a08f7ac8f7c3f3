package notify

import (
	"cmp"
	"slices"

	"emrguard/internal/emr"
)

// least is the severity from which on the route takes events.
func (r *Route) least() Severity {
	if len(r.Kinds) > 0 {
		return cmp.Or(r.Severity, Info)
	}
	return cmp.Or(r.Severity, Warning)
}

// matches says whether the route takes an event.
func (r *Route) matches(e *Event) bool {
	return e.Severity.rank() >= r.least().rank() &&
		(len(r.Kinds) == 0 || matchesKind(r.Kinds, e.Kind)) &&
		(len(r.Scopes) == 0 || slices.Contains(r.Scopes, e.Scope)) &&
		(len(r.Clusters) == 0 || e.Cluster != "" && slices.ContainsFunc(r.Clusters, func(p string) bool {
			return emr.Like(p, e.Cluster) || e.ClusterName != "" && emr.Like(p, e.ClusterName)
		}))
}

// to lists the sinks that get an event, in the order of the configuration, each once.
func (s *Settings) to(e *Event) []string {
	routes := s.Routes
	if len(routes) == 0 {
		all := Route{}
		for i := range s.Sinks {
			all.Sinks = append(all.Sinks, s.Sinks[i].Name)
		}
		routes = []Route{all}
	}
	var out []string
	for i := range s.Sinks {
		name := s.Sinks[i].Name
		if slices.ContainsFunc(routes, func(r Route) bool { return slices.Contains(r.Sinks, name) && r.matches(e) }) {
			out = append(out, name)
		}
	}
	return out
}
