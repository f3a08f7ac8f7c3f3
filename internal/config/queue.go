package config

import (
	"net/url"
	"regexp"
	"strings"
)

// queuePath is the path of a standard queue's URL: the account and the name (SQS Developer Guide, queue and message identifiers).
var queuePath = regexp.MustCompile(`^/([0-9]{12})/([A-Za-z0-9_-]{1,80})$`)

// queue checks the URL of a scope's queue of events.
func (v *validator) queue(path string, s Scope) {
	u, err := url.Parse(s.EventsQueue)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Hostname())) || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		v.problem(path, "want the https URL of an SQS queue; for example https://sqs.%s.amazonaws.com/111122223333/emr-events", s.Region)
		return
	}
	if !queuePath.MatchString(u.Path) {
		v.problem(path, "%q does not end with the account and the name of a standard queue; for example /111122223333/emr-events", u.Path)
	}
	for label := range strings.SplitSeq(u.Hostname(), ".") {
		if region.MatchString(label) && region.MatchString(s.Region) && label != s.Region {
			v.problem(path, "the queue is in region %s, and the scope in %s, where EventBridge has its events", label, s.Region)
		}
	}
	for _, other := range v.cfg.Scopes {
		if other.Name != s.Name && other.EventsQueue == s.EventsQueue {
			v.problem(path, "scope %s has the same queue; a message is given to one reader only, so each scope needs its own", other.Name)
		}
	}
}

// queueARN is the ARN of the scope's queue of events.
func (s Scope) queueARN() string {
	account, name := "*", "*"
	if u, err := url.Parse(s.EventsQueue); err == nil {
		if m := queuePath.FindStringSubmatch(u.Path); m != nil {
			account, name = m[1], m[2]
		}
	}
	return strings.Join([]string{"arn", s.Partition(), "sqs", s.Region, account, name}, ":")
}
