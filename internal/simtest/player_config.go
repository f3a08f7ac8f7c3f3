package simtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"emrguard/internal/config"
	"emrguard/internal/emr"
	"emrguard/internal/engine"
	"emrguard/internal/guard"
	"emrguard/internal/recovery"
)

// Rules is what the engine follows of a configuration.
func Rules(cfg *config.Config) engine.Policy { return rules{cfg} }

type rules struct{ cfg *config.Config }

// Candidate implements engine.Policy.
func (r rules) Candidate(scope string, c emr.ClusterSummary) bool { return r.cfg.Candidate(scope, c) }

// For implements engine.Policy.
func (r rules) For(scope string, c emr.Cluster) engine.Effective {
	e := r.cfg.For(scope, c)
	return engine.Effective{Mode: guard.Mode(e.Mode), Settings: e.Settings, Scaling: e.Scaling, Wrapped: e.Wrapped, Why: e.Why}
}

// settings reads mode=… and set=(key:value,…).
func (p *Player) settings(a *args, s *recovery.Settings, mode *guard.Mode) error {
	*mode = guard.Mode(a.text("mode", string(guard.Enforce)))
	for _, kv := range a.list("set") {
		k, v, _ := strings.Cut(kv, ":")
		if err := setting(s, k, v); err != nil {
			return err
		}
	}
	return s.Validate()
}

func setting(s *recovery.Settings, k, v string) (err error) {
	spans := map[string]*time.Duration{"after": &s.After, "ban": &s.Ban, "pace": &s.Pace, "settle": &s.Settle, "progress_grace": &s.ProgressGrace, "shrink_after": &s.ShrinkAfter,
		"starting_grace": &s.StartingGrace, "rest_max": &s.RestMax, "after_capacity_error": &s.AfterCapacity}
	counts := map[string]*int{"chain": &s.Chain, "max_groups": &s.MaxGroups, "reserve_slots": &s.ReserveSlots, "max": &s.Max}
	switch {
	case spans[k] != nil:
		*spans[k], err = time.ParseDuration(v)
	case counts[k] != nil:
		*counts[k], err = strconv.Atoi(v)
	case k == "enforce_bans":
		s.EnforceBans, err = strconv.ParseBool(v)
	case k == "outside_growth":
		s.OutsideGrowth = recovery.Growth(v)
	case k == "return":
		s.Return = recovery.ReturnMode(v)
	default:
		return fmt.Errorf("no setting %q", k)
	}
	return err
}

func (p *Player) reload(a *args) (string, error) {
	settings, mode := p.World.o.Settings, guard.Enforce
	if err := p.settings(a, &settings, &mode); err != nil {
		return "", err
	}
	p.World.SetSettings(mode, settings)
	return "", nil
}

func (p *Player) ladder(a *args) (string, error) {
	settings := p.World.o.Settings
	var err error
	if settings.Fallback, err = ladder(a.c.Input); err != nil {
		return "", err
	}
	if err := settings.Validate(); err != nil {
		return "", err
	}
	p.World.SetSettings(p.World.o.Mode, settings)
	return "", nil
}

// ladder reads rungs, one a line.
func ladder(text string) ([]recovery.Rung, error) {
	var out []recovery.Rung
	for line := range strings.Lines(text) {
		c, err := ParseCommand("rung " + line)
		if err != nil {
			return nil, err
		}
		a := &args{c: c}
		r := recovery.Rung{Same: a.flag("same"), Market: emr.Market(a.text("market", "")), BidPrice: a.text("bid", ""), After: a.span("after", 0), Max: a.number("max", 0)}
		if types := a.text("types", ""); types != "" {
			r.Types = strings.Split(types, ",")
		}
		if err := a.unknown(); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// rule takes pools, termination and wrap of a rule, as a configuration file has them, for the world's clusters.
func (p *Player) rule(a *args) (string, error) {
	cfg, err := parseRules("- match: {}\n  mode: enforce\n" + indented(a.c.Input))
	if err != nil {
		return err.Error() + "\n", nil //nolint:nilerr // what a configuration must not say is a result like others
	}
	p.World.SetScaling(&cfg.Clusters[0].Scaling, cfg.Clusters[0].Wrap)
	return "", nil
}

// config takes the rules of a configuration.
func (p *Player) config(a *args) (string, error) {
	cfg, err := parseRules(a.c.Input)
	if err != nil {
		return "", err
	}
	p.World.SetPolicy(Rules(cfg))
	return "", nil
}

// parseRules reads the entries of clusters in a configuration.
func parseRules(text string) (*config.Config, error) {
	return config.Parse("rule", []byte("scopes: [{name: sim, region: us-east-1}]\nclusters:\n"+indented(text)+"\n"))
}

// indented puts two blanks before every line.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + line)
	}
	return b.String()
}
