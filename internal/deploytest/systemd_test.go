package deploytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"emrguard/internal/config"
)

// systemd returns the path of one of systemd's commands, or skips the test.
func systemd(t *testing.T, command string) string {
	t.Helper()
	path, err := exec.LookPath(command)
	if err != nil {
		t.Skipf("%s is not installed (Debian's package systemd)", command)
	}
	return path
}

// stageUnit copies the unit into a folder, with a program in the place of emrguard's that is there.
func stageUnit(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "emrguard")
	if err := os.WriteFile(program, []byte("#!/bin/true\n"), 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	unit := strings.ReplaceAll(read(t, deployed("systemd/emrguard.service")), "/usr/local/bin/emrguard", program)
	path := filepath.Join(dir, "emrguard.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSystemdUnitIsValid(t *testing.T) {
	analyze := systemd(t, "systemd-analyze")
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", stageUnit(t)).CombinedOutput()
	// It also says what it finds in other units of the machine.
	if err != nil || strings.Contains(string(out), "emrguard") {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// systemd rates the exposure of a service from 0 to 10; below 2 it calls it OK. What is left is the network.
func TestSystemdUnitIsHardened(t *testing.T) {
	analyze := systemd(t, "systemd-analyze")
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", "--threshold=15", stageUnit(t)).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

func TestSystemdMakesTheUser(t *testing.T) {
	sysusers := systemd(t, "systemd-sysusers")
	root := t.TempDir()
	dir := filepath.Join(root, "usr/lib/sysusers.d")
	for _, d := range []string{dir, filepath.Join(root, "etc")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "emrguard.conf"), []byte(read(t, deployed("systemd/emrguard.sysusers"))), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), sysusers, "--root="+root).CombinedOutput(); err != nil {
		t.Fatalf("systemd-sysusers: %v\n%s", err, out)
	}
	users := read(t, filepath.Join(root, "etc/passwd"))
	if !regexp.MustCompile(`(?m)^emrguard:[^:]*:[1-9]\d*:[1-9]\d*:[^:]*:/var/lib/emrguard:/usr/sbin/nologin$`).MatchString(users) {
		t.Errorf("users: %s", users)
	}
}

// The unit keeps a daemon down that ended with exit code 2, a configuration that cannot be used. One that the watchdog aborted, or that broke down, has to end in
// another way.
func TestSystemdRestartsWhatWasAborted(t *testing.T) {
	if os.Getenv("WAIT_FOR_THE_WATCHDOG") != "" {
		fmt.Println("waiting")
		_, _ = os.Stdin.Read(make([]byte, 1))
		return
	}
	env := []string{"WAIT_FOR_THE_WATCHDOG=1"}
	for _, m := range regexp.MustCompile(`(?m)^Environment=(.*)$`).FindAllStringSubmatch(read(t, deployed("systemd/emrguard.service")), -1) {
		env = append(env, m[1])
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stalled := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -c 0; exec "$0" -test.run=`+t.Name()+`$`, self) // LimitCORE=0
	stalled.Env = env
	stdin, err := stalled.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := stalled.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stalled.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := stalled.Process.Signal(syscall.SIGABRT); err != nil { // WatchdogSignal='s default
		t.Fatal(err)
	}
	_ = stalled.Wait()                                                                 // with an error, of course
	if status := stalled.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() { //nolint:forcetypeassert // on Unix
		t.Errorf("it ended with exit code %d, which systemd takes for a configuration that cannot be used", status.ExitStatus())
	}
}

// The unit, its configuration and its page name the same places.
func TestSystemdUnitFitsItsConfiguration(t *testing.T) {
	unit, text := read(t, deployed("systemd/emrguard.service")), read(t, deployed("systemd/emrguard.yaml"))
	// The lines of the tokens are comments until somebody wants them.
	for name, text := range map[string]string{
		"as it is":    text,
		"with tokens": regexp.MustCompile(`(?m)^#(listen_token|web:|  admin)`).ReplaceAllString(text, "$1"),
	} {
		cfg, err := config.Parse("/etc/emrguard/emrguard.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := cfg.StorePath(); got != "/var/lib/emrguard/emrguard.db" {
			t.Errorf("%s: the store is %s; the unit may write to its StateDirectory alone", name, got)
		}
		for _, file := range []string{cfg.ListenTokenFile, cfg.Web.AdminTokenFile} {
			credential, ok := strings.CutPrefix(file, "/run/credentials/emrguard.service/")
			if file == "" && name == "as it is" {
				continue
			}
			if !ok || !strings.Contains(unit, "\n#LoadCredential="+credential+":/etc/emrguard/"+credential+"\n") {
				t.Errorf("%s: no LoadCredential= for %q", name, file)
			}
		}
	}
	for _, line := range []string{
		"ExecStart=/usr/local/bin/emrguard run -c /etc/emrguard/emrguard.yaml", "ExecReload=/bin/kill -HUP $MAINPID", "StateDirectory=emrguard",
		"RestartPreventExitStatus=2", "User=emrguard", "Type=notify", "Restart=on-failure", "WatchdogSec=60s",
	} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			t.Errorf("the unit has no line %s", line)
		}
	}
}
