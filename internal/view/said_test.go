package view

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"emrguard/internal/store"
)

// TestSaid reads what records say, and whether they are turns of a story or bookkeeping.
func TestSaid(t *testing.T) {
	const add = `{"call":{"op":"AddInstanceGroups","cluster":"j-2","config":{"name":"emrguard/1 task abcdefgh.j-2.ig-21.r1-7","instance_type":"m5.xlarge","market":"SPOT","count":3}}}`
	modify := func(count string) string {
		return `{"call":{"op":"ModifyInstanceGroups","group":"ig-21","count":` + count + `}}`
	}
	for _, c := range []struct {
		kind, reason, data, want string
		small                    bool
	}{
		{kind: "recovery.open", reason: "6 of 9 run", data: `{"kind":"stuck"}`, want: "stuck: 6 of 9 run"},
		{kind: "recovery.open", reason: "6 of 9 run", data: `{"kind":"suspended"}`, want: "given up by EMR: 6 of 9 run"},
		{kind: "recovery.open", reason: "3 instances wanted and asked for nowhere", data: `{"kind":"retry"}`, want: "tried again: 3 instances wanted and asked for nowhere"},
		{kind: "recovery.open", reason: "6 of 9 run", data: `[`, want: "a recovery begins: 6 of 9 run"},
		{kind: "recovery.step", reason: "settle done, next: place", data: `{"from":"settle","to":"place"}`, want: "EMR shows the stop: no more are asked for than run", small: true},
		{kind: "recovery.step", reason: "confirm done, next: release", data: `{"from":"confirm","to":"release"}`, want: "read again, and it still holds", small: true},
		{kind: "recovery.step", reason: "waiting: paused by ann; next: stop, stop at the 6 that run", want: "waits: paused by ann; after that: stop at the 6 that run"},
		{kind: "recovery.step", reason: "waiting: paused by ann; next: place", want: "waits: paused by ann; after that: place"},
		{kind: "recovery.step", reason: "waiting: the cluster is STARTING", data: `{"from":"confirm","to":"confirm"}`, want: "waits: the cluster is STARTING"},
		{kind: "recovery.step", reason: "2 arrived on the stopped group", want: "2 arrived on the stopped group"},
		{kind: "recovery.cause", reason: "…", data: `{"cause":{"cause":"quota","text":"VcpuLimitExceeded: no more"}}`, want: "EMR says why: quota: VcpuLimitExceeded: no more"},
		{kind: "recovery.completed", reason: "3 of 3 run on ig-22", data: `{"kind":"stuck"}`, want: "completed: 3 of 3 run on ig-22"},
		{kind: "recovery.completed", reason: "9 of 9 run on ig-21", data: `{"kind":"return"}`, want: "returned: 9 of 9 run on ig-21"},
		{kind: "recovery.completed", reason: "released: the pool wants 8 and 8 are asked for", data: `{"kind":"surplus"}`, want: "released: the pool wants 8 and 8 are asked for"},
		{kind: "recovery.chained", reason: "the replacement ig-22 got stuck too", data: `{"kind":"stuck"}`, want: "chained: the replacement ig-22 got stuck too; the next recovery goes on with what is missing"},
		{kind: "recovery.chained", reason: "ig-21 does not get it", data: `{"kind":"return"}`, want: "the return failed: ig-21 does not get it"},
		{kind: "recovery.rested", reason: "3 recoveries in a row did not complete a resize", want: "rested: 3 recoveries in a row did not complete a resize"},
		{kind: "recovery.blocked", reason: "no place for 3 instances: banned", want: "blocked: no place for 3 instances: banned"},
		{kind: "recovery.overtaken", reason: "somebody else lowered 9 to 6", want: "ended by what somebody else did: somebody else lowered 9 to 6"},
		{kind: "recovery.cleared", reason: "not stuck after all: 9 of 9 run", want: "ended: not stuck after all: 9 of 9 run"},
		{kind: "recovery.cluster_end", reason: "the cluster is TERMINATED", want: "ended with the cluster: the cluster is TERMINATED"},
		{kind: "recovery.withheld", reason: "EMR managed scaling is in charge of this cluster", want: "ended without more changes: EMR managed scaling is in charge of this cluster"},
		{kind: "recovery.reported", reason: "its pool is gone", want: "given up, a person has to look: its pool is gone"},
		{kind: "ban.set", reason: "takes no launches until 13:55:00: 6 of 9 run", data: `{"until":"2026-01-05T13:55:00Z"}`, want: "banned until 13:55 UTC: no launches go there"},
		{kind: "ban.set", reason: "takes no launches until 13:55:00: 6 of 9 run", data: `{"until":"2026-01-07T13:55:00Z"}`, want: "banned until 2026-01-07 13:55 UTC: no launches go there"},
		{kind: "ban.lifted", reason: "nothing was stopped", want: "the ban is lifted: nothing was stopped"},
		{kind: "call.stop", reason: "stop at the 6 that run", data: modify("6"), want: "stopped at 6: that many run"},
		{kind: "call.stop", reason: "stop at the 0 that run", data: modify("0"), want: "stopped at 0: none run"},
		{kind: "call.stop", reason: "stop at 8: 6 run and 2 are starting", data: modify("8"), want: "stopped at 8: 6 run and 2 are starting"},
		{kind: "call.stop", reason: "repeat the stop, 2. time", data: modify("6"), want: "stopped at 6: repeat the stop, 2. time"},
		{kind: "call.stop", reason: "set the count to the 6 that still run", data: modify("6"), want: "asked EMR for 6: set the count to the 6 that still run"},
		{kind: "call.keep", reason: "2 arrived after the stop and run: keep them", data: modify("8"), want: "asked EMR for 8: 2 arrived after the stop and run: keep them"},
		{kind: "call.launch", reason: "launch 3 on ig-21: the origin", data: modify("9"), want: "asked EMR for 3 more in ig-21, 9 in all: the origin"},
		{kind: "call.release", reason: "release 3 on ig-21: enough runs without them", data: modify("0"), want: "gave 3 of ig-21 back to EMR, 0 stay asked for: enough runs without them"},
		{kind: "call.add", reason: "launch 3 in a new group of the same configuration", data: add, want: "asked EMR for 3 m5.xlarge Spot in task+r1-7, a new group of the same configuration"},
		{kind: "call.add", reason: "launch 3 in a new group of m5.xlarge Spot, rung 2", data: add, want: "asked EMR for 3 m5.xlarge Spot in task+r1-7, a new group, rung 2"},
		{kind: "call.add", reason: "the answer is missing", data: strings.Replace(add, `"count":3`, `"count":0`, 1), want: "asked EMR again for task+r1-7, empty this time: the answer is missing"},
		{kind: "call.add", reason: "launch 3 in a new group", data: `{"call":7}`, want: "launch 3 in a new group"},
		{kind: "answer.stop", data: `{"call":"2-5","error":null}`, want: "EMR accepted it", small: true},
		{kind: "answer.add", data: `{"call":"2-5","added":"ig-22"}`, want: "EMR accepted it and made ig-22", small: true},
		{kind: "answer.add", data: `{"call":"2-5","error":{"class":"invalid","code":"ValidationException","message":"no such type"}}`, want: "refused by EMR, nothing was changed: ValidationException: no such type"},
		{kind: "answer.add", data: `{"call":"2-5","error":{"class":"unavailable","message":"timed out"}}`, want: "no answer from EMR, so nobody knows whether it did so: unavailable: timed out"},
		{kind: "answer.add", data: `{"call":"2-5","error":{"class":"not_sent","message":"the lease has passed"}}`, want: "not sent, nothing was changed: not_sent: the lease has passed"},
		{kind: "group.read", reason: "…", data: `{"delta":{"asked":3,"from":"RUNNING","to":"RESIZING"},"requested":9,"running":6}`, want: "3 more asked for, RESIZING after RUNNING: 6 of 9 run"},
		{kind: "group.read", reason: "…", data: `{"delta":{"arrived":2,"lost":1,"running_by":1,"from":"RESIZING","to":"RESIZING"},"requested":9,"running":7}`, want: "2 arrived, 1 lost: 7 of 9 run"},
		{kind: "group.read", reason: "…", data: `{"delta":{"from":"RESIZING","to":"RUNNING","running_by":-1},"requested":2,"running":2}`, want: "1 ended, RUNNING after RESIZING: 2 of 2 run"},
		{kind: "group.read", reason: "…", data: `{"delta":{"from":"PROVISIONING","to":"BOOTSTRAPPING"},"requested":3,"running":0,"state":"BOOTSTRAPPING"}`, want: "BOOTSTRAPPING after PROVISIONING: 0 of 3 run", small: true},
		{kind: "group.read", reason: "…", data: `{"delta":{"from":"RESIZING","to":"SUSPENDED"},"requested":9,"running":6,"state":"SUSPENDED"}`, want: "SUSPENDED after RESIZING: 6 of 9 run"},
		{kind: "group.read", reason: "6 of 9 run, RESIZING", data: `{}`, want: "6 of 9 run, RESIZING"},
		{kind: "group.seen", reason: "first seen: TASK group", data: `{"state":"RUNNING","requested":6,"running":6}`, want: "first seen: TASK group"},
		{kind: "group.seen", reason: "first seen: TASK group", data: `{"state":"RESIZING","requested":9,"running":6}`, want: "RESIZING, 6 of 9 run, when it was seen first: the others were asked for before that"},
		{kind: "group.dated", reason: "its oldest missing instance is missing since 11:20:00 (instance)", want: "EMR's dates of its instances: its oldest missing instance is missing since 11:20:00"},
		{kind: "group.made", reason: `made: "x" with 3 instances`, want: `EMR made the group: "x" with 3 instances`, small: true},
		{kind: "group.made", reason: `a read shows the group whose answer was missing: "x" with 3 instances`, want: `a read shows the group whose answer was missing: "x" with 3 instances`},
		{kind: "group.ours", reason: "the group carries the token", data: `{"requested":3,"running":0}`, want: "the new group is in EMR's list: 0 of 3 run", small: true},
		{kind: "pool.outside_grow", reason: "…", data: `{"change":{"kind":"outside_grow","from":6,"to":9,"added":3,"reason":"…"},"wanted":9}`, want: "somebody else than emrguard asked for 9 instead of 6: the pool wants 9 now"},
		{kind: "pool.outside_grow", reason: "…", data: `{"change":{"kind":"outside_grow","from":6,"to":9,"back":3,"reason":"…"},"wanted":9}`, want: "somebody else than emrguard asked for 9 instead of 6: the pool wants 9 now; 3 of them came back from where emrguard had placed them"},
		{kind: "pool.rest", reason: "rests until 12:05:00: the probe failed", want: "the pool rests until 12:05:00: the probe failed"},
		{kind: "pool.blocked", reason: "banned; retried at 12:05:00 or when the cluster changes", want: "nobody takes what is missing: banned; retried at 12:05:00 or when the cluster changes"},
		{kind: "scaling.suspended", reason: "ig-21 is RESIZING", want: "scaling suspended: ig-21 is RESIZING"},
		{kind: "scaling.resumed", reason: "the cluster ended", want: "scaling resumed: the cluster ended"},
		{kind: "would.recover", reason: "6 of 9 run; would stop it", want: "stuck: 6 of 9 run; would stop it"},
		{kind: "order.ban", reason: "takes no launches; why: test", want: "banned by hand: takes no launches; why: test"},
		{kind: "cluster.ended", reason: "the cluster ended", want: "the cluster ended"},
	} {
		r := store.Record{At: time.Date(2026, 1, 5, 11, 55, 0, 0, time.UTC), Kind: c.kind, Group: "ig-21", Reason: c.reason, Data: json.RawMessage(c.data)}
		if got := Said(r); got != c.want {
			t.Errorf("%s, %q:\ngot  %s\nwant %s", c.kind, c.reason, got, c.want)
		}
		if got := Bookkeeping(r); got != c.small {
			t.Errorf("%s, %q: bookkeeping is %t", c.kind, c.reason, got)
		}
	}
}
