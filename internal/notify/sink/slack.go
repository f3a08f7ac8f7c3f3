package sink

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"emrguard/internal/notify"
)

// slack posts messages to an incoming webhook of Slack.
type slack struct{ *poster }

func (o Options) slack(c *notify.Slack) (Sink, error) {
	address, err := o.secret(c.URLFile, c.URLEnv)
	if err != nil {
		return nil, err
	}
	p, err := o.poster(address)
	if err != nil {
		return nil, errors.New("the webhook's URL: " + err.Error())
	}
	return &slack{p}, nil
}

// Where implements Sink.
func (s *slack) Where() string { return "Slack webhook at " + s.host() }

// Slack's bounds (Block Kit reference: section text 3000 characters; at most 50 blocks, of which a message has at most 8).
const maxSection = 3000

// slackBody is the body of an incoming webhook: text for notifications and chats that know no blocks, and the blocks.
type slackBody struct {
	Text   string  `json:"text"`
	Blocks []block `json:"blocks"`
}

type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text,omitempty"`
	Elements []text `json:"elements,omitempty"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// escape writes the three characters that Slack reads as markup of its own ("Formatting text for app surfaces"), so that no name can
// mention a channel or hide a link.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace

// code is a command in Slack's markup.
func code(command string) string { return "`" + escape(strings.ReplaceAll(command, "`", "'")) + "`" }

// bold is a line in Slack's markup, which an asterisk would end.
func bold(line string) string { return "*" + escape(strings.ReplaceAll(line, "*", "∗")) + "*" }

// body is what Slack gets of a message.
func (s *slack) body(m notify.Message) slackBody {
	section := func(lines []string) block {
		return block{Type: "section", Text: &text{Type: "mrkdwn", Text: cut(strings.Join(lines, "\n"), maxSection)}}
	}
	head := []string{bold(m.Title)}
	for _, f := range m.Facts() {
		head = append(head, escape(f))
	}
	out := slackBody{Text: escape(m.Title), Blocks: []block{section(head)}}
	for _, e := range m.Events {
		lines := []string{bold(e.Heading())}
		for _, l := range e.Lines() {
			text := escape(l.Text)
			if l.Note != "" {
				text = code(l.Text) + " " + escape(l.Note)
			}
			lines = append(lines, l.Head+": "+text)
		}
		out.Blocks = append(out.Blocks, section(lines))
	}
	for _, line := range m.Rest() {
		out.Blocks = append(out.Blocks, section([]string{escape(line)}))
	}
	out.Blocks = append(out.Blocks, block{Type: "context", Elements: []text{{Type: "mrkdwn", Text: "emrguard " + escape(m.ID)}}})
	return out
}

// cut shortens a text that is already escaped, without cutting an entity in two.
func cut(text string, longest int) string {
	runes := []rune(text)
	if len(runes) <= longest {
		return text
	}
	short := string(runes[:longest-1])
	if at := strings.LastIndexByte(short, '&'); at >= 0 && !strings.Contains(short[at:], ";") {
		short = short[:at]
	}
	return short + "…"
}

// Send implements notify.Sender.
func (s *slack) Send(ctx context.Context, m notify.Message) error {
	body, err := json.Marshal(s.body(m))
	if err != nil {
		return &notify.SendError{Permanent: true, Err: err}
	}
	return s.post(ctx, body, nil)
}
