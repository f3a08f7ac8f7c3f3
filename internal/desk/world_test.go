package desk

import (
	"testing"

	"emrguard/internal/config"
)

const oneScope = "listen: none\nscopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: enforce}]\n"

func mustParse(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("emrguard.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}
