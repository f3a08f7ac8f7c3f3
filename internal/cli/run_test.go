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

// background is an emrguard that runs in the test's process.
type background struct {
	t       *testing.T
	log     *logBuffer
	hangups chan os.Signal
	cancel  context.CancelFunc
	code    chan int
}

// startDaemon starts `emrguard run` with a configuration file and environment, and waits until it has its scope. AWS does not answer it, but for
// scopes with an endpoint.
func startDaemon(t *testing.T, file string, env func(string) string) *background {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9") // nobody listens there
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r := &background{t: t, log: newLogBuffer(), hangups: make(chan os.Signal), cancel: cancel, code: make(chan int, 1)}
	d := &Deps{
		Stdin: strings.NewReader(""), Stdout: &bytes.Buffer{}, Stderr: r.log, Version: "v1", Env: env,
		IsTTY: func(any) bool { return false }, Hangups: func() (<-chan os.Signal, func()) { return r.hangups, func() {} },
	}
	go func() { r.code <- Run(ctx, d, []string{"run", "-c", file}) }()
	r.log.await(t, `"msg":"scope.taken"`)
	return r
}

// noEnv is an empty environment.
func noEnv(string) string { return "" }

// hangUp asks it to read its configuration again, and waits until the log says a text.
func (r *background) hangUp(text string) {
	r.t.Helper()
	r.hangups <- syscall.SIGHUP
	r.log.await(r.t, text)
}

// stop ends it, which has to be quick.
func (r *background) stop() {
	r.t.Helper()
	began := time.Now()
	r.cancel()
	if c := <-r.code; c != exitOK {
		r.t.Errorf("exit code %d", c)
	}
	if took := time.Since(began); took >= 5*time.Second {
		r.t.Errorf("the shutdown took %s", took)
	}
}

func TestReloadOnHangup(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "emrguard.yaml")
	const good = "listen: none\nscopes: [{name: prod, region: us-east-1}]\nclusters: [{match: {}, mode: observe}]\n"
	writeFile(t, file, good)
	d := startDaemon(t, file, noEnv)

	writeFile(t, file, strings.Replace(good, "observe", "observed", 1))
	d.hangUp(`"msg":"reload.refused"`)
	d.log.await(t, "the old configuration stays in force")

	writeFile(t, file, strings.Replace(good, "observe", "enforce", 1)+"log: {level: debug}\n")
	d.hangUp(`enforce, was observe; takes effect now`)
	d.log.await(t, `"msg":"reload","config"`)
	d.log.await(t, `"level":"DEBUG"`) // the calls are logged from now on

	d.stop()
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
	if got.code != exitFindings || page.OK || problems["listener "] != 1 || problems["store "] != 1 || problems["network a"] != 1 || problems["network b"] != 1 {
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
