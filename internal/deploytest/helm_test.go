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

	"emrguard/internal/cli"
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

// has says whether there is an object of a kind.
func (a chartAnswer) has(kind string) bool {
	return slices.ContainsFunc(a.Objects, func(o json.RawMessage) bool { return bytes.Contains(o, []byte(`"kind":"`+kind+`"`)) })
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
networkPolicy: {from: [{namespaceSelector: {matchLabels: {team: data}}}], monitoringNamespace: monitoring, awsCIDRs: [10.0.0.0/16], egress: [{ports: [587, 465], cidrs: [10.1.0.0/16, 10.2.0.0/16]}, {ports: [4318], to: [{podSelector: {matchLabels: {app: collector}}}]}, {ports: [3128]}]}
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
validate: {enabled: false}
service: {type: LoadBalancer}
config: {web: , scopes: [{name: prod, region: us-east-1}]}
`,
	"files": `
image: {repository: e}
tokens: {existingSecret: s, secretHasAdmin: true}
tls: {secretName: emrguard-tls}
service: {type: LoadBalancer}
prices: {currency: USD, regions: {us-east-1: {m5.xlarge: {on_demand: 0.192, spot: 0.07, emr: 0.048}}}}
extraVolumes: [{name: ca, configMap: {name: mail-ca}}]
extraVolumeMounts: [{name: ca, mountPath: /etc/mail-ca, readOnly: true}]
serviceMonitor: {enabled: true, interval: 1m, labels: {release: stack}, tlsConfig: {serverName: emrguard.example.com, ca: {secret: {name: emrguard-tls, key: ca.crt}}}}
prometheusRule: {enabled: true, labels: {release: stack}}
`,
	"a certificate of one's own": `
image: {repository: e}
tokens: {existingSecret: s}
config: {web: {cert_file: /etc/tls/tls.crt, key_file: /etc/tls/tls.key}, scopes: [{name: prod, region: us-east-1}]}
extraVolumes: [{name: csi, csi: {driver: csi.cert-manager.io, readOnly: true}}]
extraVolumeMounts: [{name: csi, mountPath: /etc/tls}]
serviceMonitor: {enabled: true, tlsConfig: {insecureSkipVerify: true}}
`,
	"no image":        `tokens: {existingSecret: s}`,
	"no token":        `image: {repository: e}`,
	"short token":     `{image: {repository: e}, tokens: {read: short}}`,
	"misspelt":        `{image: {repository: e}, tokens: {existingSecret: s}, replicas: 2}`,
	"its own store":   `{image: {repository: e}, tokens: {existingSecret: s}, config: {store: "sqlite:/tmp/x.db"}}`,
	"no such port":    `{image: {repository: e}, tokens: {existingSecret: s}, networkPolicy: {egress: [{ports: [smtp]}]}}`,
	"no ports":        `{image: {repository: e}, tokens: {existingSecret: s}, networkPolicy: {egress: [{cidrs: [10.1.0.0/16]}]}}`,
	"no price":        `{image: {repository: e}, tokens: {existingSecret: s}, prices: {m5.xlarge: 0.2}}`,
	"no scope at all": `{image: {repository: e}, tokens: {existingSecret: s}, config: {scopes: []}}`,
}

// refused are the values that the chart must refuse, and a part of what it says.
var refused = map[string]string{
	"no image": "image.repository: where the image", "no token": "tokens.read, or tokens.existingSecret", "short token": "tokens", "misspelt": "replicas",
	"its own store": "store", "no scope at all": "scopes", "no such port": "ports", "no ports": "ports", "no price": "m5.xlarge",
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
			if strings.Contains(charts[name], "validate: {enabled: false}") {
				if a.has("Job") {
					t.Error("a job all the same")
				}
			} else {
				validated(t, a)
			}
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
	t.Run("files", func(t *testing.T) { filesMounted(t, answers["files"]) })
	t.Run("tls", func(t *testing.T) {
		for name, scheme := range map[string]string{"as in the page": "HTTP", "files": "HTTPS", "a certificate of one's own": "HTTPS"} {
			c := podOf(t, answers[name]).Containers[0]
			for _, probe := range []probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
				if probe.HTTPGet.Scheme != scheme {
					t.Errorf("%s: a probe speaks %s, want %s", name, probe.HTTPGet.Scheme, scheme)
				}
			}
			if notes := answers[name].Notes; !strings.Contains(notes, "at "+strings.ToLower(scheme)+"://127.0.0.1:8470/") {
				t.Errorf("%s: the notes give another address:\n%s", name, notes)
			}
		}
		const inTheClear = "The service is a LoadBalancer and the listener speaks no TLS"
		if a, b := answers["no policy, own account"].Notes, answers["files"].Notes; !strings.Contains(a, inTheClear) || strings.Contains(b, inTheClear) {
			t.Errorf("who is warned of tokens in the clear:\n%s\n%s", a, b)
		}
	})
	t.Run("monitoring", func(t *testing.T) {
		monitored(t, answers["files"], "https")
		monitored(t, answers["a certificate of one's own"], "https")
		rules := answers["files"].kind(t, "PrometheusRule")
		if want := strings.Count(read(t, deployed("prometheus/emrguard.rules.yaml")), "- alert:"); strings.Count(string(rules.Spec), `"alert":`) != want || want == 0 {
			t.Errorf("%d rules in the file, another number in the chart's: %s", want, rules.Spec)
		}
		if rules.Metadata.Labels["release"] != "stack" || strings.Contains(string(rules.Spec), "{{") != strings.Contains(read(t, deployed("prometheus/emrguard.rules.yaml")), "{{") {
			t.Errorf("%+v: %s", rules.Metadata, rules.Spec)
		}
		peers := string(answers["everything"].kind(t, "NetworkPolicy").Spec)
		if !strings.Contains(peers, `{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}`) {
			t.Errorf("Prometheus is not let in: %s", peers)
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
		want := []string{"{[{587} {465}] [{{10.1.0.0/16} {map[]}} {{10.2.0.0/16} {map[]}}]}", "{[{4318}] [{{} {map[app:collector]}}]}", "{[{3128}] []}"}
		if !slices.Equal(got, want) {
			t.Errorf("egress is %q, want %q", got, want)
		}
	})
}

// statefulSet is what matters of one here.
type statefulSet struct {
	Replicas             int
	PodManagementPolicy  string
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
		Env                                         []struct{ Name, Value string }
		SecurityContext                             securityContext
		LivenessProbe, ReadinessProbe, StartupProbe probe
		VolumeMounts                                []struct{ Name, MountPath string }
	}
	Volumes []struct {
		Name   string
		Secret *struct {
			SecretName  string
			DefaultMode int
			Items       []struct{ Key, Path string }
		}
		ConfigMap, HostPath *json.RawMessage
	}
}

type probe struct{ HTTPGet struct{ Path, Scheme string } }

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
	service := a.kind(t, "Service")
	if s.ServiceName != service.Metadata.Name {
		t.Errorf("the set's service is %s", s.ServiceName)
	}
	// A pod that cannot get ready is replaced by a corrected one, and shows its page meanwhile.
	if s.PodManagementPolicy != "Parallel" || !strings.Contains(string(service.Spec), `"publishNotReadyAddresses":true`) {
		t.Errorf("pod management %s, service %s", s.PodManagementPolicy, service.Spec)
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
	restrictedPod(t, p)
	if p.SecurityContext.FSGroup != 65532 || p.SecurityContext.RunAsUser != 65532 {
		t.Errorf("pod %+v", p.SecurityContext)
	}
	if c.StartupProbe.HTTPGet.Path != "/healthz" || c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Errorf("probes %+v", c)
	}
}

func restrictedPod(t *testing.T, p pod) {
	t.Helper()
	c := p.Containers[0]
	image := containerImage(t)
	switch user, _, _ := strings.Cut(image.is["USER"], ":"); {
	case p.SecurityContext.RunAsNonRoot == nil || !*p.SecurityContext.RunAsNonRoot,
		c.SecurityContext.AllowPrivilegeEscalation == nil || *c.SecurityContext.AllowPrivilegeEscalation,
		p.AutomountServiceAccountToken == nil || *p.AutomountServiceAccountToken,
		!c.SecurityContext.ReadOnlyRootFilesystem, p.HostNetwork, p.HostPID,
		!slices.Equal(c.SecurityContext.Capabilities.Drop, []string{"ALL"}), len(c.SecurityContext.Capabilities.Add) > 0,
		p.SecurityContext.SeccompProfile.Type != "RuntimeDefault", user != "65532", p.SecurityContext.RunAsUser != 65532:
		t.Errorf("pod %+v, container %+v, image's user %s", p.SecurityContext, c.SecurityContext, user)
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

// validated: the job before an upgrade reads the very configuration that the pod will have, with a command that there is, and is no pod of the service.
func validated(t *testing.T, a chartAnswer) {
	t.Helper()
	job := a.kind(t, "Job")
	if got := job.Metadata.Annotations["helm.sh/hook"]; got != "pre-install,pre-upgrade" {
		t.Errorf("hook %q", got)
	}
	var spec struct {
		BackoffLimit *int
		Template     struct {
			Metadata struct{ Labels map[string]string }
			Spec     pod
		}
	}
	if err := json.Unmarshal(job.Spec, &spec); err != nil {
		t.Fatal(err)
	}
	restrictedPod(t, spec.Template.Spec)
	var service struct{ Selector map[string]string }
	if err := json.Unmarshal(a.kind(t, "Service").Spec, &service); err != nil {
		t.Fatal(err)
	}
	for key, value := range service.Selector {
		if spec.Template.Metadata.Labels[key] == value {
			t.Errorf("the job's pod has the label %s: %s of the service's", key, value)
		}
	}
	c := spec.Template.Spec.Containers[0]
	if spec.BackoffLimit == nil || *spec.BackoffLimit != 0 || c.Image != podOf(t, a).Containers[0].Image {
		t.Errorf("job %s", job.Spec)
	}
	env := map[string]string{}
	for _, e := range c.Env {
		env[e.Name] = e.Value
	}
	if got := env["EMRGUARD_YAML"]; strings.TrimSpace(got) != strings.TrimSpace(a.kind(t, "ConfigMap").Data["emrguard.yaml"]) {
		t.Errorf("the job reads\n%s", got)
	}
	run := func() (int, string) {
		var out strings.Builder
		code := cli.Run(t.Context(), &cli.Deps{
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Env: func(name string) string { return env[name] }, IsTTY: func(any) bool { return false },
		}, c.Args)
		return code, out.String()
	}
	if code, out := run(); code != 0 {
		t.Errorf("the job ends with %d: %s", code, out)
	}
	env["EMRGUARD_YAML"] += "\nclusterz: []\n"
	if code, out := run(); code == 0 || !strings.Contains(out, "clusterz") {
		t.Errorf("with a misspelt key the job ends with %d: %s", code, out)
	}
}

// filesMounted: what the configuration names is mounted.
func filesMounted(t *testing.T, a chartAnswer) {
	t.Helper()
	p, data := podOf(t, a), a.kind(t, "ConfigMap").Data
	cfg, err := config.Parse("/etc/emrguard/emrguard.yaml", []byte(data["emrguard.yaml"]))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Prices != "/etc/emrguard/prices.yaml" {
		t.Errorf("prices %s", cfg.Prices)
	}
	if prices, err := config.ParsePrices(cfg.Prices, []byte(data["prices.yaml"])); err != nil || prices.Regions["us-east-1"]["m5.xlarge"].Spot != 0.07 {
		t.Errorf("%+v: %v\n%s", prices, err, data["prices.yaml"])
	}
	mounted := map[string]string{}
	for _, m := range p.Containers[0].VolumeMounts {
		mounted[m.Name] = m.MountPath
	}
	if cfg.Web.CertFile != mounted["tls"]+"/tls.crt" || cfg.Web.KeyFile != mounted["tls"]+"/tls.key" || mounted["ca"] != "/etc/mail-ca" || cfg.Web.AdminTokenFile == "" {
		t.Errorf("mounted %q, web %+v", mounted, cfg.Web)
	}
	secret, ca := "", false
	for _, v := range p.Volumes {
		if v.Name == "tls" && v.Secret != nil && v.Secret.DefaultMode == 0o440 {
			secret = v.Secret.SecretName
		}
		ca = ca || v.Name == "ca" && v.ConfigMap != nil
	}
	if secret != "emrguard-tls" || !ca {
		t.Errorf("volumes %+v", p.Volumes)
	}
}

// monitored: the Prometheus Operator asks the service's port for /metrics with the token for reading.
func monitored(t *testing.T, a chartAnswer, scheme string) {
	t.Helper()
	var spec struct {
		Selector  struct{ MatchLabels map[string]string }
		Endpoints []struct {
			Port, Path, Scheme string
			Authorization      struct{ Credentials struct{ Name, Key string } }
		}
	}
	if err := json.Unmarshal(a.kind(t, "ServiceMonitor").Spec, &spec); err != nil {
		t.Fatal(err)
	}
	service := a.kind(t, "Service")
	for key, value := range spec.Selector.MatchLabels {
		if service.Metadata.Labels[key] != value {
			t.Errorf("the service has no label %s: %s", key, value)
		}
	}
	e := spec.Endpoints[0]
	if !strings.Contains(string(service.Spec), `"name":"`+e.Port+`"`) || e.Path != "/metrics" || e.Scheme != scheme || e.Authorization.Credentials.Name != "s" || e.Authorization.Credentials.Key != "read-token" {
		t.Errorf("%+v", e)
	}
}
