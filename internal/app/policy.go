package app

import (
	"emrguard/internal/budget"
	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/guard"
)

// policy shows the engine the rules of a configuration.
type policy struct{ cfg *config.Config }

// Candidate implements engine.Policy.
func (p policy) Candidate(scope string, c emr.ClusterSummary) bool { return p.cfg.Candidate(scope, c) }

// For implements engine.Policy.
func (p policy) For(scope string, c emr.Cluster) engine.Effective {
	e := p.cfg.For(scope, c)
	mode := guard.Off
	switch e.Mode {
	case config.Enforce:
		mode = guard.Enforce
	case config.Observe:
		mode = guard.Observe
	case config.Off:
	}
	return engine.Effective{Mode: mode, Settings: e.Settings, Scaling: e.Scaling, Wrapped: e.Wrapped, Why: e.Why}
}

// scopes are the engine's scopes of a configuration.
func scopes(cfg *config.Config) []engine.Scope {
	var out []engine.Scope
	for _, s := range cfg.Scopes {
		rates := map[emr.Op]budget.Rate{}
		for op, r := range s.APIRates {
			rates[op] = budget.Rate{Burst: float64(r.Burst), PerSecond: r.PerSecond}
		}
		out = append(out, engine.Scope{Name: s.Name, Share: s.APIShare, Rates: rates, Sweep: s.Sweep, Queue: s.EventsQueue})
	}
	return out
}

// Policy is the rules of a configuration as the engine sees them.
func Policy(cfg *config.Config) engine.Policy { return policy{cfg} }
