package usefulness

import (
	"fmt"
	"strings"
)

// block puts text between the marks of a block of a page: <!-- NAME --> and <!-- /NAME -->, each on a line of its own.
func block(page, name, text string) (string, error) {
	begin, end := fmt.Sprintf("<!-- %s -->\n", name), fmt.Sprintf("<!-- /%s -->\n", name)
	head, rest, ok := strings.Cut(page, begin)
	if !ok {
		return "", fmt.Errorf("the page has no line %q", strings.TrimSpace(begin))
	}
	_, tail, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("the page has no line %q after %q", strings.TrimSpace(end), strings.TrimSpace(begin))
	}
	return head + begin + text + end + tail, nil
}
