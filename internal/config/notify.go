package config

import (
	"fmt"
	"reflect"
	"slices"

	"emrguard/internal/suggest"
)

// notify checks the section of the notifications, which knows the most of itself.
func (v *validator) notify() {
	n := &v.cfg.Notify
	v.allMissing("notify", reflect.ValueOf(*n))
	v.settings("notify", n.Validate())
	var scopes []string
	for _, s := range v.cfg.Scopes {
		scopes = append(scopes, s.Name)
	}
	for i, r := range n.Routes {
		path := fmt.Sprintf("notify.routes[%d]", i)
		for j, name := range r.Scopes {
			if !slices.Contains(scopes, name) {
				v.problem(fmt.Sprintf("%s.scopes[%d]", path, j), "there is no scope %q; %s", name, suggest.DidYouMean(name, scopes))
			}
		}
		for j, pattern := range r.Clusters {
			if text := badPattern(pattern); text != "" {
				v.problem(fmt.Sprintf("%s.clusters[%d]", path, j), "%s", text)
			}
		}
	}
}
