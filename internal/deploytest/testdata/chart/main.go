// Command chart lints a Helm chart and renders it with each values file, with Helm's own packages, and decodes what comes out into Kubernetes'
// own types and those of the Prometheus Operator, strictly. It writes a JSON list with one answer for each file.
//
// It is run with go.tools.mod, so that Helm and Kubernetes are no requirements of the guard's module:
//
//	go run -modfile=go.tools.mod ./internal/deploytest/testdata/chart CHART VALUES.yaml ...
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

// answer is what a values file leads to.
type answer struct {
	Lint    []string         `json:"lint"` // what helm lint says, everything but "icon is recommended"
	Error   string           `json:"error,omitempty"`
	Notes   string           `json:"notes"`
	Objects []runtime.Object `json:"objects"`
}

const (
	release   = "emrguard"
	namespace = "guards"
)

func main() {
	if err := monitoring.AddToScheme(scheme.Scheme); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var all []answer
	for _, values := range os.Args[2:] {
		a, err := render(os.Args[1], values)
		if err != nil {
			a.Error = err.Error()
		}
		all = append(all, a)
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render(dir, file string) (a answer, err error) {
	given, err := chartutil.ReadValuesFile(file)
	if err != nil {
		return a, err
	}
	version := &chartutil.KubeVersion{Version: "v1.32.0", Major: "1", Minor: "32"}
	for _, m := range lint.AllWithKubeVersion(dir, given, namespace, version).Messages {
		if !strings.Contains(m.Err.Error(), "icon is recommended") {
			a.Lint = append(a.Lint, m.Error())
		}
	}
	chart, err := loader.Load(dir)
	if err != nil {
		return a, err
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = *version
	values, err := chartutil.ToRenderValues(chart, given, chartutil.ReleaseOptions{Name: release, Namespace: namespace, Revision: 1, IsInstall: true}, capabilities)
	if err != nil {
		return a, err
	}
	files, err := engine.Engine{Strict: true}.Render(chart, values)
	if err != nil {
		return a, err
	}
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Base(name) == "NOTES.txt" {
			a.Notes = files[name]
			continue
		}
		documents := releaseutil.SplitManifests(files[name])
		for _, key := range slices.Sorted(maps.Keys(documents)) {
			object, _, err := decoder.Decode([]byte(documents[key]), nil, nil)
			if err != nil {
				return a, fmt.Errorf("%s: %w\n%s", name, err, documents[key])
			}
			a.Objects = append(a.Objects, object)
		}
	}
	return a, nil
}
