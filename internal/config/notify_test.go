package config

import (
	"strings"
	"testing"

	"emrguard/internal/notify"
	"emrguard/internal/store"
)

const oneScope = "scopes:\n  - {name: prod, region: us-east-1}\nclusters:\n  - {match: {}, mode: observe}\n"

func TestNotifyDefaults(t *testing.T) {
	cfg, err := Parse("a.yaml", []byte(oneScope))
	if err != nil {
		t.Fatal(err)
	}
	if d := notify.Defaults(); cfg.Notify.GroupWait != d.GroupWait || cfg.Notify.GiveUp != d.GiveUp || cfg.Notify.On() {
		t.Errorf("the defaults are %+v", cfg.Notify)
	}
	cfg, err = Parse("a.yaml", []byte(oneScope+"notify:\n  sinks:\n    - {name: m, smtp: {server: 'h:25', from: a@b.c, to: [d@e.f]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s := cfg.Notify.Sinks[0].SMTP; s.TLS != notify.StartTLS || cfg.Notify.Sinks[0].Type() != "smtp" {
		t.Errorf("smtp is %+v", s)
	}
}

// TestNotifyProblems: all problems at once, each at its place, and none repeats what may be a secret.
func TestNotifyProblems(t *testing.T) {
	_, err := Parse("a.yaml", []byte(oneScope+`notify:
  group_wait: 2h
  give_up: 1s
  sinks:
    - {name: Chat, slack: {}}
    - {name: a, slack: {url_file: x, url_env: hooks/T0/SECRET}}
    - {name: a, webhook: {url: "http://u:SECRET@example.org/"}}
    - {name: w, webhook: {url: "https://example.org/?key=SECRET", secret_envs: ["1SECRET"]}}
    - {name: n}
    - {name: two, slack: {url_file: x}, webhook: {url: "https://example.org/"}}
    - {name: m, smtp: {server: example.org, tls: tsl, from: nobody, to: [], password_file: x}}
    - {name: m2, smtp: {server: "example.org:25", tls: none, from: a@b.c}}
    - {name: t, sns: {topic_arn: "arn:aws:sqs:us-east-1:1:x", role_arn: x, external_id: yy, endpoint: "http://example.org"}}
    - {name: b, eventbridge: {}}
    - {name: u, slack: {url: x}}
  routes:
    - {sinks: [a, nobody], kinds: [recovery.opened, pool.], severity: loud, scopes: [prdo], clusters: ["x["]}
    - {kinds: [ban.set], severity: critical, sinks: [a]}
    - {kinds: [pool.]}
`))
	if err == nil {
		t.Fatal("no problems")
	}
	text := err.Error()
	for _, want := range []string{
		"a.yaml:6:3: notify.group_wait: 2h is outside 0s to 1h", "notify.give_up: 1s is outside 1m", `sinks[0].name: "Chat" is no sink name`, "sinks[0].slack: give url_file or url_env",
		"sinks[1].slack: give only one", "sinks[1].slack.url_env: not the name of an environment variable", `sinks[2].name: "a" is the name of two sinks`, "sinks[2].webhook.url: a user and password",
		"sinks[3].webhook.url: what follows a ?", "sinks[3].webhook.secret_envs[0]", "sinks[4]: nothing says where it goes", "sinks[5]: slack and webhook are given",
		"sinks[6].smtp.server: want host:port", `sinks[6].smtp.tls: "tsl"`, `sinks[6].smtp.from: "nobody" is no email`, "sinks[6].smtp.to: nobody is listed", "sinks[6].smtp.username: a password without",
		"sinks[7].smtp.tls: none is for a server on this machine", "sinks[7].smtp.to: missing", "sinks[8].sns.topic_arn", "sinks[8].sns.role_arn", "sinks[8].sns.endpoint: plain http",
		"sinks[9].eventbridge.bus_arn: missing", "sinks[10].slack.url: unknown key", `routes[0].sinks[1]: there is no sink "nobody"`, `routes[0].kinds[0]: "recovery.opened"`, `routes[0].severity: "loud"`,
		`routes[0].scopes[0]: there is no scope "prdo"; did you mean "prod"?`, "routes[1].severity: none of the route's kinds is ever critical", "routes[2].sinks: missing",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not told: %s", want)
		}
	}
	if strings.Contains(text, "SECRET") {
		t.Errorf("a secret is told:\n%s", text)
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestNotifyPermissions(t *testing.T) {
	cfg, err := Parse("a.yaml", []byte(oneScope+`notify:
  sinks:
    - {name: t, sns: {topic_arn: "arn:aws:sns:us-east-1:111122223333:x", role_arn: "arn:aws:iam::111122223333:role/notify"}}
    - {name: t2, sns: {topic_arn: "arn:aws:sns:us-east-1:111122223333:y"}}
    - {name: b, eventbridge: {bus_arn: "arn:aws:events:eu-west-1:111122223333:event-bus/default"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range cfg.IAMPolicies() {
		for _, s := range p.Policy.Statement {
			for _, r := range s.Resource {
				got[p.Principal+" "+s.Action[0]] += r
			}
		}
	}
	for key, want := range map[string]string{
		"arn:aws:iam::111122223333:role/notify sns:Publish": "arn:aws:sns:us-east-1:111122223333:x", " sns:Publish": "arn:aws:sns:us-east-1:111122223333:y",
		" events:PutEvents": "arn:aws:events:eu-west-1:111122223333:event-bus/default", " sts:AssumeRole": "arn:aws:iam::111122223333:role/notify",
	} {
		if got[key] != want {
			t.Errorf("%s is allowed on %q, want %q", key, got[key], want)
		}
	}
}

// TestNoScopeIsReserved: a configuration cannot name the scope that the notifications keep their documents in.
func TestNoScopeIsReserved(t *testing.T) {
	_, err := Parse("a.yaml", []byte(strings.Replace(oneScope, "name: prod", "name: "+store.NotifyScope, 1)))
	if err == nil || !store.Reserved(store.NotifyScope) || !strings.Contains(err.Error(), "is no scope name") {
		t.Errorf("a scope %s is refused with %v", store.NotifyScope, err)
	}
}
