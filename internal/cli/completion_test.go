package cli

import (
	"path/filepath"
	"testing"
	"time"

	"emrguard/internal/emr"
	"emrguard/internal/guard"
	"emrguard/internal/pool"
	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

// A shell is told the names that are in the store, and never those of files.
func TestNamesAreCompletedFromTheStore(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "emrguard.yaml")
	writeFile(t, path, "scopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: observe}]\n")
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, "emrguard.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := s.Acquire(t.Context(), "prod", "guard", "", time.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"web-logs", "etl"} {
		c := guard.New("prod", emr.ClusterSummary{ID: emr.ClusterID("j-" + name), Name: name, State: emr.ClusterWaiting})
		for _, g := range []emr.Group{{ID: "ig-1", Name: "task", Role: emr.Task}, {ID: "ig-2", Name: "spare", Role: emr.Task}} {
			c.Groups = append(c.Groups, guard.Group{Group: g, Seen: time.Now()})
		}
		c.Pools = append(c.Pools, pool.New(c.Groups[0].Group))
		body, err := store.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Save(t.Context(), store.Save{Lease: lease, Docs: []store.Document{{Key: store.Key{Scope: "prod", Cluster: "j-" + name}, Body: body}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	const nothingElse = ":4\n" // no names of files
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"pause", "-c", path, ""}, "etl\nweb-logs\n" + nothingElse},
		{[]string{"adopt", "-c", path, "w"}, "web-logs\n" + nothingElse},
		{[]string{"ban", "-c", path, "etl/"}, "etl/spare\netl/task\n" + nothingElse},
		{[]string{"scale", "-c", path, "etl"}, "etl/task\n" + nothingElse},
		{[]string{"pause", "-c", path, "etl", ""}, nothingElse},
		{[]string{"pause", "-c", filepath.Join(dir, "none.yaml"), ""}, nothingElse},
	} {
		if got := runCLI(t, nil, append([]string{"__complete"}, c.args...)...); got.out != c.want {
			t.Errorf("%v: %q, want %q (%s)", c.args, got.out, c.want, got.errOut)
		}
	}
}
