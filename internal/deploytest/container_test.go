package deploytest

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"
)

// deployed is the path of a file or folder under deploy.
func deployed(name string) string {
	return filepath.Join("..", "..", "deploy", filepath.FromSlash(name))
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// instruction is one instruction of a Containerfile, in its stage.
type instruction struct{ stage, name, args string }

// instructions reads a Containerfile: comments left out, continued lines joined.
func instructions(t *testing.T, text string) []instruction {
	t.Helper()
	var out []instruction
	stage, line := "", ""
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		part, more := strings.CutSuffix(l, `\`)
		if line += part; more {
			continue
		}
		name, args, _ := strings.Cut(line, " ")
		if name == "FROM" {
			stage = args
		}
		out = append(out, instruction{stage, name, strings.TrimSpace(args)})
		line = ""
	}
	if line != "" {
		t.Fatalf("the last line is continued: %s", line)
	}
	return out
}

// image is what the last stage of the Containerfile says.
type image struct {
	base             string
	is               map[string]string // instruction to its arguments
	build, uid       string
	entrypoint, args []string
}

func containerImage(t *testing.T) image {
	t.Helper()
	list := instructions(t, read(t, deployed("container/Containerfile")))
	last := list[len(list)-1].stage
	m := image{base: last, is: map[string]string{}}
	for _, i := range list {
		switch {
		case i.stage == last:
			m.is[i.name] = i.args
		case i.name == "RUN" && strings.Contains(i.args, "go build"):
			m.build = i.args
		}
	}
	m.uid, _, _ = strings.Cut(m.is["USER"], ":")
	for key, into := range map[string]*[]string{"ENTRYPOINT": &m.entrypoint, "CMD": &m.args} {
		if err := json.Unmarshal([]byte(m.is[key]), into); err != nil {
			t.Fatalf("%s %s: not in the form that needs no shell: %v", key, m.is[key], err)
		}
	}
	return m
}

func TestContainerImageIsRootlessAndEmpty(t *testing.T) {
	m := containerImage(t)
	if m.base != "scratch" {
		t.Errorf("the last stage is FROM %s; a base image would bring a shell", m.base)
	}
	if uid, err := strconv.Atoi(m.uid); err != nil || uid == 0 {
		t.Errorf("USER %s: Kubernetes' runAsNonRoot needs a number that is not 0", m.is["USER"])
	}
	if m.is["RUN"] != "" || m.is["ADD"] != "" {
		t.Error("the last stage runs or fetches something")
	}
	if m.is["STOPSIGNAL"] != "SIGTERM" || m.is["EXPOSE"] != "8470" {
		t.Errorf("STOPSIGNAL %s, EXPOSE %s", m.is["STOPSIGNAL"], m.is["EXPOSE"])
	}
	_, command, _ := strings.Cut(m.is["HEALTHCHECK"], " CMD ")
	var health []string
	if err := json.Unmarshal([]byte(command), &health); err != nil || !slices.Equal(health, append(slices.Clone(m.entrypoint), "health")) {
		t.Errorf("HEALTHCHECK %s: not the command in the form that needs no shell: %v", m.is["HEALTHCHECK"], err)
	}
	// docker would run what --health-cmd says in a shell.
	for line := range strings.Lines(read(t, deployed("container/README.md"))) {
		if strings.Contains(line, "--health-cmd '") && !strings.Contains(line, "podman run") {
			t.Errorf("the page gives docker a command that needs a shell: %s", line)
		}
	}
	module := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, filepath.Join("..", "..", "go.mod")))
	if want := "golang:" + module[1] + "-"; !strings.Contains(read(t, deployed("container/Containerfile")), want) {
		t.Errorf("the build stage is not of %s, the version of go.mod", want)
	}
}

// buildImage builds the binary with the line of the Containerfile and lays out a root folder like the image's. The caller's user is the only
// one who can write there, but for the state's folder.
func buildImage(t *testing.T, m image) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	build := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(m.build, "/root.d", root))
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "GOFLAGS=") // no -race of the test's
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", m.build, err, out)
	}
	state := filepath.Join(root, "var/lib/emrguard")
	for _, dir := range []string{"etc/emrguard", "etc/ssl/certs", "var/lib/emrguard"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		uid, _ := strconv.Atoi(m.uid)
		if err := os.Chown(state, uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(state, 0o700); err != nil {
		t.Fatal(err)
	}
	return root
}

// The binary that the recipe makes needs nothing but its own file: as another user, in a folder with the image's files and nothing else, it
// serves /healthz and /readyz, reads its configuration again, and ends in time. It writes to nothing but its state.
func TestContainerBinaryRunsAloneAsAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can run a process as another user in another root folder")
	}
	t.Parallel()
	m := containerImage(t)
	root := buildImage(t, m)
	binary := filepath.Join(root, m.entrypoint[0])
	f, err := elf.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary is linked dynamically; the image has no C library")
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	sim := httptest.NewServer(wire.New(emrsim.New(emrsim.Options{}), wire.Options{}))
	defer sim.Close()
	address := freeAddress(t)
	config := fmt.Sprintf("store: sqlite:/var/lib/emrguard/emrguard.db\nlisten: %s\nlisten_token_env: TOKEN\nlog: {format: json}\n"+
		"scopes: [{name: prod, region: us-east-1, endpoint: %q}]\nclusters: [{match: {}, mode: observe}]\n",
		strings.Replace(address, "127.0.0.1", "0.0.0.0", 1), sim.URL)
	if err := os.WriteFile(filepath.Join(root, "etc/emrguard/emrguard.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	before := files(t, root)

	uid, _ := strconv.Atoi(m.uid)
	name, value, _ := strings.Cut(m.is["ENV"], "=")
	env := []string{name + "=" + value, "TOKEN=not-much-of-a-secret"}
	run := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), m.entrypoint[0], args...)
		cmd.Dir, cmd.Env = m.is["WORKDIR"], env
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}} //nolint:gosec // a small number
		return cmd
	}
	daemon := run(m.args...)
	stderr, err := daemon.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			lines <- s.Text()
		}
	}()
	await(t, lines, `"msg":"listen"`)
	for _, path := range []string{"/healthz", "/readyz"} {
		waitFor(t, "http://"+address+path)
	}
	if out, err := run("health").CombinedOutput(); err != nil {
		t.Errorf("emrguard health: %v\n%s", err, out)
	}
	if err := daemon.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, lines, `"msg":"reload"`)
	if out, err := run("status").CombinedOutput(); err != nil {
		t.Errorf("emrguard status beside it: %v\n%s", err, out)
	}
	began := time.Now()
	if err := daemon.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, lines, `"msg":"stop"`)
	if err := daemon.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if took := time.Since(began); took >= 5*time.Second {
		t.Errorf("it took %s to end", took)
	}
	wrote := slices.DeleteFunc(files(t, root), func(f string) bool { return slices.Contains(before, f) })
	for _, f := range wrote {
		if !strings.HasPrefix(f, "var/lib/emrguard/") {
			t.Errorf("it wrote %s; the root file system is read-only in a container", f)
		}
	}
	if len(wrote) == 0 {
		t.Error("it has no store")
	}
}

// files are the files below a folder.
func files(t *testing.T, root string) []string {
	t.Helper()
	var out []string
	if err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// await reads lines until one holds the text.
func await(t *testing.T, lines <-chan string, text string) {
	t.Helper()
	var seen []string
	limit := time.After(30 * time.Second)
	for {
		select {
		case l, ok := <-lines:
			if !ok {
				t.Fatalf("it ended without %s:\n%s", text, strings.Join(seen, "\n"))
			}
			if seen = append(seen, l); strings.Contains(l, text) {
				return
			}
		case <-limit:
			t.Fatalf("no %s within 30s:\n%s", text, strings.Join(seen, "\n"))
		}
	}
}

// waitFor asks a real process until it answers 200.
func waitFor(t *testing.T, url string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(30 * time.Second)
	var last string
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "10.0.3.7:8470" // as a probe names a pod
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close() // nothing of it is used
			if res.StatusCode == http.StatusOK {
				return
			}
			last = res.Status
		} else {
			last = err.Error()
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: %s", url, last)
		}
	}
}
