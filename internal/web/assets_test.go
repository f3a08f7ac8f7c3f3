package web

import (
	"regexp"
	"strings"
	"testing"

	"emrguard/internal/store/memory"
)

// TestAssetsAreKept holds that a browser keeps what a page is made of for good, and takes another content for another thing.
func TestAssetsAreKept(t *testing.T) {
	l := newLab(t, memory.New("abcdefgh"), mustParse(t, oneScope))
	urls := regexp.MustCompile(`/assets/[^"]+`).FindAllString(l.page("/").Body.String(), -1)
	if len(urls) < 3 {
		t.Fatalf("the page names %q", urls)
	}
	urls = append(urls, iconURL(7), iconURL(100))
	if icon := l.do("GET", iconURL(100), "").Body.String(); iconURL(100) != iconURL(12345) || !strings.Contains(icon, ">99+<") {
		t.Errorf("the icon for many: %s", icon)
	}
	kinds := map[string]string{"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
	for _, url := range urls {
		name := url[strings.LastIndex(url, "/")+1:]
		w := l.do("GET", url, "")
		tag := w.Header().Get("ETag")
		if w.Code != 200 || tag == "" || !strings.Contains(url, strings.Trim(tag, `"`)) || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Header().Get("Content-Type") != kinds[name[strings.Index(name, ".")+1:]] {
			t.Errorf("%s: %d %v", url, w.Code, w.Header())
		}
		if w := l.do("GET", url, "", "If-None-Match: "+tag); w.Code != 304 {
			t.Errorf("%s, asked for again: %d", url, w.Code)
		}
		old := l.do("GET", "/assets/0123456789abcdef/"+name, "")
		if old.Code != 200 || old.Body.String() != w.Body.String() || old.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s under the hash of another version: %d %v", name, old.Code, old.Header())
		}
	}
}
