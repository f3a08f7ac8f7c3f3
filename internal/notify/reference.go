package notify

import (
	"fmt"
	"strings"

	"emrguard/internal/view"
)

// Reference renders docs/notification-kinds.md.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# Kinds of notifications

<!-- Generated from internal/notify by "go test ./internal/notify -run Reference -update"; edits here are lost. -->

How notifications are set up is in [notifications.md](notifications.md). These kinds of records of the history are notified; all others are in the
history alone. The way back is a command that takes it back, holds it or, where there is no way back, tells more; messages have the ids filled in.

A ` + "`recovery.open`" + ` that is no repair, but an operation asked for by hand, by a policy or by what a pool is owed, is of severity info, and so
is the stop of a launch on a banned group, which ` + "`pool.outside_ban`" + ` tells. So is a
` + "`ban.over`" + ` of a group that has nothing on fallbacks, or is asked for it again by itself. In ` + "`observe`" + ` mode and in a dry run the kinds that begin with ` + "`would.`" + ` say what emrguard would do, and their messages say that nothing was changed.
`)
	topic := ""
	for _, k := range kinds {
		if k.topic != topic {
			topic = k.topic
			fmt.Fprintf(&b, "\n## Topic %s\n\n| kind | severity | what happened | the way back |\n|---|---|---|---|\n", topic)
		}
		undo := ""
		if k.undo != "" {
			undo = fmt.Sprintf("`%s`: %s", k.undo, k.undoing)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.name, k.severity, k.what, undo)
	}
	b.WriteString("\n## The JSON of a message\n\nIt is the body of a webhook and the detail of an EventBridge event. Fields may be added, none is renamed or removed. Times are RFC 3339 in UTC.\n\n" +
		"| field | type | meaning |\n|---|---|---|\n")
	for _, f := range view.Fields(Message{}) {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, f.Type, f.Doc)
	}
	return b.String()
}
