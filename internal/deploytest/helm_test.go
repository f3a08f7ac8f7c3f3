package deploytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"emrguard/internal/config"
)

// chartAnswer is what testdata/chart writes about one values file.
type chartAnswer struct {
	Lint    []string
	Error   string
	Notes   string
	Objects []json.RawMessage
}

// object is what the tests look at of a Kubernetes object. The program that rendered it has decoded it strictly into Kubernetes' own types.
type object struct {
	Kind, APIVersion string
	Metadata         struct {
		Name, Namespace     string
		Labels, Annotations map[string]string
	}
	Data map[string]string
	Spec json.RawMessage
}

// kind returns the one object of a kind.
func (a chartAnswer) kind(t *testing.T, kind string) object {
	t.Helper()
	var found []object
	for _, text := range a.Objects {
		var o object
		if err := json.Unmarshal(text, &o); err != nil {
			t.Fatal(err)
		}
		if o.Kind == kind {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d objects of kind %s", len(found), kind)
	}
	return found[0]
}

// charts are the values files, by what they are for. Their answers come from one run, as Helm takes a while to compile.
var charts = map[string]string{
	"as in the page": `
image: {repository: 111122223333.dkr.ecr.us-east-1.amazonaws.com/emrguard}
tokens: {existingSecret: emrguard-tokens}
serviceAccount: {annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/emrguard"}}
`,
	"everything": `
image: {repository: example.com/emrguard, digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
imagePullSecrets: [{name: pull}]
config:
  web: {public_url: "https://emrguard.example.com"}
  scopes: [{name: prod, region: eu-west-1, events_queue: "https://sqs.eu-west-1.amazonaws.com/111122223333/emrguard-events"}]
  clusters: [{match: {tags: {team: data}}, mode: enforce}]
tokens: {read: read-token-0123456789, admin: admin-token-0123456789}
serviceAccount: {name: guard}
persistence: {size: 10Gi, storageClassName: gp3, accessMode: ReadWriteOnce}
service: {port: 80, annotations: {example.com/x: "1"}}
networkPolicy: {from: [{namespaceSelector: {matchLabels: {team: data}}}], awsCIDRs: [10.0.0.0/16], egress: [{ports: [587, 465], cidrs: [10.1.0.0/16, 10.2.0.0/16]}, {ports: [4318], to: [{podSelector: {matchLabels: {app: collector}}}]}, {ports: [5432]}]}
env: [{name: HTTPS_PROXY, value: "http://proxy:3128"}]
podAnnotations: {example.com/a: b}
podLabels: {team: data}
nodeSelector: {kubernetes.io/arch: amd64}
tolerations: [{key: spot, operator: Exists}]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [a]}]}]}}}
priorityClassName: high
fullnameOverride: guard
`,
	"no policy, own account": `
image: {repository: e}
tokens: {existingSecret: s, secretHasAdmin: true}
networkPolicy: {enabled: false}
serviceAccount: {create: false, name: mine}
`,
	"no image":        `tokens: {existingSecret: s}`,
	"no token":        `image: {repository: e}`,
	"short token":     `{image: {repository: e}, tokens: {read: short}}`,
	"misspelt":        `{image: {repository: e}, tokens: {existingSecret: s}, replicas: 2}`,
	"its own store":   `{image: {repository: e}, tokens: {existingSecret: s}, config: {store: "sqlite:/tmp/x.db"}}`,
	"no such port":    `{image: {repository: e}, tokens: {existingSecret: s}, networkPolicy: {egress: [{ports: [smtp]}]}}`,
	"no ports":        `{image: {repository: e}, tokens: {existingSecret: s}, networkPolicy: {egress: [{cidrs: [10.1.0.0/16]}]}}`,
	"no scope at all": `{image: {repository: e}, tokens: {existingSecret: s}, config: {scopes: []}}`,
}

// refused are the values that the chart must refuse, and a part of what it says.
var refused = map[string]string{
	"no image": "image.repository: where the image", "no token": "tokens.read, or tokens.existingSecret", "short token": "tokens", "misspelt": "replicas",
	"its own store": "store", "no scope at all": "scopes", "no such port": "ports", "no ports": "ports",
}

// renderCharts lints and renders the chart with all values.
func renderCharts(t *testing.T) map[string]chartAnswer {
	t.Helper()
	dir := t.TempDir()
	var names []string
	args := []string{"run", "-modfile=go.tools.mod", "./internal/deploytest/testdata/chart", "deploy/helm/emrguard"}
	for name, text := range charts {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		names, args = append(names, name), append(args, path)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, errOut.String())
	}
	var list []chartAnswer
	if err := json.Unmarshal(out, &list); err != nil || len(list) != len(names) {
		t.Fatalf("%d answers: %v\n%s", len(list), err, out)
	}
	answers := map[string]chartAnswer{}
	for i, name := range names {
		answers[name] = list[i]
	}
	return answers
}

func TestHelmChart(t *testing.T) {
	if testing.Short() {
		t.Skip("Helm takes minutes to compile")
	}
	t.Parallel()
	answers := renderCharts(t)
	for name, a := range answers {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			if text, bad := refused[name]; bad {
				if !strings.Contains(a.Error, text) {
					t.Errorf("it says %q, want %q", a.Error, text)
				}
				return
			}
			if a.Error != "" || len(a.Lint) > 0 {
				t.Fatalf("%s %q", a.Error, a.Lint)
			}
			onePod(t, a)
			restricted(t, a)
			configured(t, a)
			for _, text := range a.Objects {
				var o object
				if err := json.Unmarshal(text, &o); err != nil {
					t.Fatal(err)
				}
				if o.Metadata.Namespace != "guards" || o.Metadata.Labels["app.kubernetes.io/instance"] != "emrguard" {
					t.Errorf("%s %s: %+v", o.Kind, o.Metadata.Name, o.Metadata)
				}
			}
		})
	}
	t.Run("account", func(t *testing.T) {
		account := answers["as in the page"].kind(t, "ServiceAccount")
		if got := account.Metadata.Annotations["eks.amazonaws.com/role-arn"]; got != "arn:aws:iam::111122223333:role/emrguard" {
			t.Errorf("role %s", got)
		}
		if pod := podOf(t, answers["no policy, own account"]); pod.ServiceAccountName != "mine" {
			t.Errorf("service account %s", pod.ServiceAccountName)
		}
	})
	t.Run("network", func(t *testing.T) {
		policy := string(answers["everything"].kind(t, "NetworkPolicy").Spec)
		for _, part := range []string{`"port":53`, `"port":443`, `"cidr":"10.0.0.0/16"`, `"team":"data"`, `"policyTypes":["Ingress","Egress"]`} {
			if !strings.Contains(policy, part) {
				t.Errorf("no %s in %s", part, policy)
			}
		}
		type rule struct {
			Ports []struct{ Port any }
			To    []struct {
				IPBlock     struct{ CIDR string }
				PodSelector struct{ MatchLabels map[string]string }
			}
		}
		rules := func(chart string) (out []rule) {
			var spec struct{ Egress []rule }
			if err := json.Unmarshal(answers[chart].kind(t, "NetworkPolicy").Spec, &spec); err != nil {
				t.Fatal(err)
			}
			return spec.Egress
		}
		plain, more := rules("as in the page"), rules("everything")
		if len(plain) != 3 || len(more) != 6 {
			t.Fatalf("%d and %d rules of egress", len(plain), len(more))
		}
		var got []string
		for _, r := range more[2:5] {
			got = append(got, fmt.Sprint(r))
		}
		want := []string{"{[{587} {465}] [{{10.1.0.0/16} {map[]}} {{10.2.0.0/16} {map[]}}]}", "{[{4318}] [{{} {map[app:collector]}}]}", "{[{5432}] []}"}
		if !slices.Equal(got, want) {
			t.Errorf("egress is %q, want %q", got, want)
		}
	})
}

// statefulSet is what matters of one here.
type statefulSet struct {
	Replicas             int
	ServiceName          string
	Template             struct{ Spec pod }
	VolumeClaimTemplates []struct {
		Metadata struct{ Name string }
		Spec     struct{ AccessModes []string }
	}
	PersistentVolumeClaimRetentionPolicy struct{ WhenDeleted string }
}

type pod struct {
	ServiceAccountName            string
	AutomountServiceAccountToken  *bool
	TerminationGracePeriodSeconds int
	HostNetwork, HostPID          bool
	SecurityContext               securityContext
	Containers                    []struct {
		Image                                       string
		Args                                        []string
		SecurityContext                             securityContext
		LivenessProbe, ReadinessProbe, StartupProbe struct{ HTTPGet struct{ Path string } }
		VolumeMounts                                []struct{ Name, MountPath string }
	}
	Volumes []struct {
		Name   string
		Secret *struct {
			DefaultMode int
			Items       []struct{ Key, Path string }
		}
		ConfigMap, HostPath *json.RawMessage
	}
}

type securityContext struct {
	RunAsNonRoot             *bool
	RunAsUser, FSGroup       int64
	AllowPrivilegeEscalation *bool
	ReadOnlyRootFilesystem   bool
	Capabilities             struct{ Add, Drop []string }
	SeccompProfile           struct{ Type string }
}

func setOf(t *testing.T, a chartAnswer) statefulSet {
	t.Helper()
	var s statefulSet
	if err := json.Unmarshal(a.kind(t, "StatefulSet").Spec, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func podOf(t *testing.T, a chartAnswer) pod { return setOf(t, a).Template.Spec }

// onePod: never two pods on one store, and the store outlives the release.
func onePod(t *testing.T, a chartAnswer) {
	t.Helper()
	s := setOf(t, a)
	if s.Replicas != 1 || s.PersistentVolumeClaimRetentionPolicy.WhenDeleted != "Retain" || len(s.VolumeClaimTemplates) != 1 {
		t.Errorf("%+v", s)
	}
	if s.ServiceName != a.kind(t, "Service").Metadata.Name {
		t.Errorf("the set's service is %s", s.ServiceName)
	}
	if modes := s.VolumeClaimTemplates[0].Spec.AccessModes; len(modes) != 1 || !strings.HasPrefix(modes[0], "ReadWriteOnce") {
		t.Errorf("access modes %q", modes)
	}
}

// restricted: what the Pod Security Standard of that name asks for, and a root file system without writes.
func restricted(t *testing.T, a chartAnswer) {
	t.Helper()
	p := podOf(t, a)
	c := p.Containers[0]
	image := containerImage(t)
	switch user, _, _ := strings.Cut(image.is["USER"], ":"); {
	case p.SecurityContext.RunAsNonRoot == nil || !*p.SecurityContext.RunAsNonRoot,
		c.SecurityContext.AllowPrivilegeEscalation == nil || *c.SecurityContext.AllowPrivilegeEscalation,
		p.AutomountServiceAccountToken == nil || *p.AutomountServiceAccountToken,
		!c.SecurityContext.ReadOnlyRootFilesystem, p.HostNetwork, p.HostPID,
		!slices.Equal(c.SecurityContext.Capabilities.Drop, []string{"ALL"}), len(c.SecurityContext.Capabilities.Add) > 0,
		p.SecurityContext.SeccompProfile.Type != "RuntimeDefault", user != "65532", p.SecurityContext.RunAsUser != 65532, p.SecurityContext.FSGroup != 65532:
		t.Errorf("pod %+v, container %+v, image's user %s", p.SecurityContext, c.SecurityContext, user)
	}
	if c.StartupProbe.HTTPGet.Path != "/healthz" || c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Errorf("probes %+v", c)
	}
	for _, v := range p.Volumes {
		if v.HostPath != nil {
			t.Errorf("volume %s is the host's", v.Name)
		}
	}
}

// configured: the pod's configuration is valid, and the files it names are mounted.
func configured(t *testing.T, a chartAnswer) {
	t.Helper()
	p := podOf(t, a)
	mounted := map[string]string{}
	for _, m := range p.Containers[0].VolumeMounts {
		mounted[m.Name] = m.MountPath
	}
	file := mounted["config"] + "/emrguard.yaml"
	if args := p.Containers[0].Args; !slices.Equal(args, []string{"run", "-c", file}) {
		t.Errorf("args %q, but the configuration is %s", args, file)
	}
	cfg, err := config.Parse(file, []byte(a.kind(t, "ConfigMap").Data["emrguard.yaml"]))
	if err != nil {
		t.Fatal(err)
	}
	if dir := filepath.Dir(cfg.StorePath()); dir != mounted["state"] {
		t.Errorf("the store is in %s, the volume at %s", dir, mounted["state"])
	}
	var tokens []string
	for _, v := range p.Volumes {
		if v.Secret == nil {
			continue
		}
		if v.Secret.DefaultMode&0o007 != 0 {
			t.Errorf("mode %04o: emrguard refuses a token that everybody may read", v.Secret.DefaultMode)
		}
		for _, i := range v.Secret.Items {
			tokens = append(tokens, mounted[v.Name]+"/"+i.Path)
		}
	}
	want := []string{cfg.ListenTokenFile}
	if cfg.Web.AdminTokenFile != "" {
		want = append(want, cfg.Web.AdminTokenFile)
	}
	if !slices.Equal(tokens, want) {
		t.Errorf("mounted are %q, configured %q", tokens, want)
	}
	if cfg.Listen != "0.0.0.0:8470" || p.TerminationGracePeriodSeconds < 5 {
		t.Errorf("listen %s, %d s to end", cfg.Listen, p.TerminationGracePeriodSeconds)
	}
}
