package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// logBuffer is a standard error that tells when a line with some text was written.
type logBuffer struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{} // closed and replaced at each write
}

func newLogBuffer() *logBuffer { return &logBuffer{more: make(chan struct{})} }

// Write implements io.Writer.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
	return l.buf.Write(p)
}

// String is what was written so far.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// await waits until the log holds a text.
func (l *logBuffer) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(time.Minute) // only a hang gets here: a failed ListClusters is tried again after ten seconds
	for {
		l.mu.Lock()
		all, more := l.buf.String(), l.more
		l.mu.Unlock()
		if strings.Contains(all, text) {
			return
		}
		select {
		case <-more:
		case <-limit:
			t.Fatalf("the log never said %s:\n%s", text, all)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReloadOnHangup(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9") // nobody listens there
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	dir := t.TempDir()
	file := filepath.Join(dir, "emrguard.yaml")
	const good = "listen: none\nscopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: observe}]\n"
	writeFile(t, file, good)
	log, hangups := newLogBuffer(), make(chan os.Signal)
	d := &Deps{
		Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: log, Version: "v1", Env: func(string) string { return "" },
		IsTTY: func(any) bool { return false }, Hangups: func() (<-chan os.Signal, func()) { return hangups, func() {} },
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	code := make(chan int, 1)
	go func() { code <- Run(ctx, d, []string{"run", "-c", file}) }()
	log.await(t, `"msg":"scope.taken"`)

	writeFile(t, file, strings.Replace(good, "observe", "observed", 1))
	hangups <- syscall.SIGHUP
	log.await(t, `"msg":"reload.refused"`)
	log.await(t, "the old configuration stays in force")

	writeFile(t, file, strings.Replace(good, "observe", "enforce", 1)+"log: {level: debug}\n")
	hangups <- syscall.SIGHUP
	log.await(t, `enforce, was observe; takes effect now`)
	log.await(t, `"msg":"reload","config"`)
	log.await(t, `"level":"DEBUG"`) // the calls are logged from now on

	began := time.Now()
	cancel()
	if c := <-code; c != exitOK {
		t.Errorf("exit code %d", c)
	}
	if took := time.Since(began); took >= 5*time.Second {
		t.Errorf("the shutdown took %s", took)
	}
}

func TestCheckFindsAllProblems(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "guard.db"), "this is no store")
	writeFile(t, filepath.Join(dir, "token"), "short")
	writeFile(t, filepath.Join(dir, "emrguard.yaml"), "store: sqlite:guard.db\nlisten_token_file: token\n"+
		"scopes: [{name: a, region: us-east-1, endpoint: \"http://127.0.0.1:9\"}, {name: b, region: eu-west-1, endpoint: \"http://127.0.0.1:9\"}]\n"+
		"clusters: [{match: {}, mode: enforce}]\n")
	got := runCLI(t, []string{"EMRGUARD_CONFIG=" + filepath.Join(dir, "emrguard.yaml")}, "check", "-o", "json")
	var page checkPage
	if err := json.Unmarshal([]byte(got.out), &page); err != nil {
		t.Fatalf("%v: %s", err, got.out)
	}
	problems := map[string]int{}
	for _, f := range page.Findings {
		if f.Status == statusProblem {
			problems[f.Check+" "+f.Scope]++
		}
	}
	if got.code != exitFindings || page.OK || problems["listener "] != 1 || problems["store "] != 1 || problems["permission a"] != 1 || problems["permission b"] != 1 {
		t.Errorf("code %d, problems %v\n%s", got.code, problems, got.out)
	}
	if got.errOut != "emrguard: 4 problems were found\n" {
		t.Errorf("standard error is %q", got.errOut)
	}
}

func TestIAMPolicyOfARole(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "emrguard.yaml")
	writeFile(t, file, "scopes: [{name: a, region: us-east-1, role_arn: \"arn:aws:iam::111122223333:role/guard\"}]\nclusters: [{match: {}, mode: observe}]\n")
	got := runCLI(t, nil, "iam-policy", "-c", file, "--role", "arn:aws:iam::111122223333:role/guard")
	if got.code != exitOK || !json.Valid([]byte(got.out)) || strings.Contains(got.out, "ModifyInstanceGroups") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.errOut)
	}
	got = runCLI(t, nil, "iam-policy", "-c", file, "--role", "arn:aws:iam::111122223333:role/other")
	if got.code != exitUsage || !strings.Contains(got.errOut, "no scope of "+file+" assumes it; there are arn:aws:iam::111122223333:role/guard") {
		t.Errorf("code %d: %s", got.code, got.errOut)
	}
}
