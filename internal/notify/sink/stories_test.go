package sink

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"emrguard/internal/notify"
	"emrguard/internal/simtest"
	"emrguard/internal/store"
	"emrguard/internal/store/memory"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt")

// stories are what somebody is paged for. They are played by the real guard against the simulator; a sink with the default route gets the messages.
var stories = []struct {
	name   string
	script []string // a line each, "act …" and "run …" among them
}{
	{"stuck", []string{
		"world", "cluster etl\ntask TASK 6 SPOT", "start", "run 2m", "act do=capacity pool=us-east-1a/m5.xlarge/SPOT parts=6", "act do=resize group=task to=9", "run 32m",
	}},
	{"stuck_and_relieved", []string{
		"world", "cluster etl\ntask TASK 6", "start", "run 2m", "act do=stick group=task", "act do=resize group=task to=9", "run 2h45m",
	}},
	{"replacements_stuck_and_rest", []string{
		"world", "cluster etl\ntask TASK 6 SPOT", "start", "run 2m", "act do=capacity pool=us-east-1a/m5.xlarge/SPOT parts=6", "act do=resize group=task to=9", "run 2h10m",
	}},
	{"blocked", []string{
		"world set=max_groups:0", "cluster etl\ntask TASK 6", "start", "run 2m", "act do=stick group=task", "act do=resize group=task to=9", "run 40m",
	}},
	{"contested", []string{
		"world seed=8 sweep=1m", "cluster etl\ntask TASK 6", "start", "run 2m", "act do=stick group=task", "act do=resize group=task to=9", "run 40m",
		"act do=resize group=task to=9", "run 6m", "act do=resize group=task to=9", "run 6m", "act do=resize group=task to=9", "run 10m",
	}},
	{"refused_permission", []string{
		"world", "cluster etl\ntask TASK 6", "start", "run 2m", "fault\nModifyInstanceGroups error=AccessDeniedException", "act do=stick group=task", "act do=resize group=task to=9", "run 40m",
	}},
	{"refused_reads", []string{
		"world", "cluster etl\ntask TASK 6", "start", "run 2m", "fault\nListInstanceGroups error=AccessDeniedException", "run 20m",
	}},
	{"drought_of_40_clusters", drought(40)},
}

// drought is a region in which no Spot instance is to be had any more, with so many clusters that ask for more.
func drought(n int) []string {
	out := []string{"world"}
	for i := range n {
		out = append(out, fmt.Sprintf("cluster etl-%02d\ntask TASK 6 SPOT", i))
	}
	out = append(out, "start", "run 10m", fmt.Sprintf("act do=capacity pool=us-east-1a/m5.xlarge/SPOT parts=%d", 6*n))
	for i := range n {
		out = append(out, fmt.Sprintf("act do=resize cluster=etl-%02d group=task to=9", i))
	}
	return append(out, "run 45m")
}

// TestStories compares what is sent with testdata/NAME.txt, as mail and as Slack shows it; -update writes it anew. Who is paged has to find in each: the
// cluster by name and id, the group, the figures, why, what emrguard did and does next, and the way back or how to stop.
func TestStories(t *testing.T) {
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			var got string
			synctest.Test(t, func(t *testing.T) { got = tell(t, story.script) })
			file := filepath.Join("testdata", story.name+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(string(want), got); d != "" {
				t.Errorf("the messages changed (-want +got)\n%s", d)
			}
		})
	}
}

// mailbox is a sink that keeps what it gets.
type mailbox struct {
	mu  sync.Mutex
	got []notify.Message
}

// Send implements notify.Sender.
func (m *mailbox) Send(_ context.Context, message notify.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, message)
	return nil
}

// deaf takes what a notifier tells of itself.
type deaf struct{ t *testing.T }

func (d deaf) Notified(o notify.Outcome) {
	if o.Err != nil {
		d.t.Errorf("%+v", o)
	}
}
func (d deaf) Waiting([]notify.Waiting, time.Time) {}

// tell plays a script, with a notifier beside it whose clock goes with the world's, and returns the messages.
func tell(t *testing.T, script []string) string {
	s := memory.New("storeaaa")
	p := &simtest.Player{OpenStore: func(string) (store.Store, error) { return s, nil }, Silent: true}
	box := &mailbox{}
	settings := notify.Defaults()
	settings.Sinks = []notify.Sink{{Name: "chat", Slack: &notify.Slack{URLEnv: "CHAT"}}}
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	for _, line := range script {
		first, input, _ := strings.Cut(line, "\n")
		c, err := simtest.ParseCommand(first)
		if err != nil {
			t.Fatal(err)
		}
		if input != "" {
			c.Input = input + "\n"
		}
		steps := 1
		if c.Name == "run" {
			length, err := time.ParseDuration(c.Args[0].Key)
			if err != nil {
				t.Fatal(err)
			}
			steps, c.Args[0].Key = int(length/(5*time.Second)), "5s"
		}
		for range steps {
			if _, err := p.Do(c); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(p.World.Now()))
			synctest.Wait()
		}
		if c.Name == "world" {
			n := notify.New(notify.Options{Store: s, Owner: "me", Settings: settings, Senders: map[string]notify.Sender{"chat": box}, Watch: deaf{t}, Chance: func() float64 { return 0.5 },
				Term: 30 * time.Second})
			n.Start(ctx)
			working.Go(func() { n.Run(ctx, false) })
		}
	}
	cancel()
	working.Wait()
	var b strings.Builder
	for _, m := range box.got {
		mail, err := (&smtp{from: "emrguard@example.org", to: []string{"oncall@example.org"}}).mail(m)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "===== %s\n--- mail, subject %q\n%s\n--- Slack\n", m.Created.Format(time.DateTime), mail.GetGenHeader("Subject"), m.Text)
		for _, block := range (&slack{}).body(m).Blocks {
			if block.Text != nil {
				b.WriteString(block.Text.Text + "\n")
			}
			for _, e := range block.Elements {
				b.WriteString(e.Text + "\n")
			}
			b.WriteString("·\n")
		}
	}
	return cmp.Or(b.String(), "nothing was sent\n")
}
