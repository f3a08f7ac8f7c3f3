package wire_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"emrguard/internal/emrsim"
	"emrguard/internal/emrsim/wire"
)

// cliRegion is one of the few where version 1 of the AWS CLI heeds AWS_ENDPOINT_URL for EMR (see the package documentation).
const cliRegion = "us-east-1"

// awsCLI is the AWS CLI, version 1 or 2, against a served simulator.
type awsCLI struct {
	path, home, endpoint string
}

// findCLIs returns each AWS CLI on this machine: that of PATH and Debian's. There may be one; without any it is as with findCLI.
func findCLIs(t *testing.T, endpoint string) []*awsCLI {
	t.Helper()
	list := []*awsCLI{findCLI(t, endpoint)}
	const debian = "/usr/bin/aws"
	if exec.Command(debian, "--version").Run() == nil && list[0].path != debian {
		list = append(list, &awsCLI{path: debian, home: t.TempDir(), endpoint: endpoint})
	}
	return list
}

// findCLI returns the CLI on this machine. Without one the test is skipped, but fails where CI or EMRGUARD_REQUIRE_AWSCLI is set.
func findCLI(t *testing.T, endpoint string) *awsCLI {
	t.Helper()
	path, err := exec.LookPath("aws")
	if err != nil {
		if os.Getenv("CI") == "true" || os.Getenv("EMRGUARD_REQUIRE_AWSCLI") != "" {
			t.Fatal("the AWS CLI is not installed: ", err)
		}
		t.Skip("the AWS CLI is not installed: ", err)
	}
	return &awsCLI{path: path, home: t.TempDir(), endpoint: endpoint}
}

// try runs "aws emr …" and returns its output and what it wrote to standard error.
func (c *awsCLI) try(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return c.call(t, "emr", args...)
}

// call runs "aws SERVICE …".
func (c *awsCLI) call(t *testing.T, service string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.path, append([]string{service, "--endpoint-url", c.endpoint}, args...)...) // older versions do not know AWS_ENDPOINT_URL
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + c.home, "AWS_REGION=" + cliRegion, "AWS_DEFAULT_REGION=" + cliRegion,
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_PAGER=", "AWS_DEFAULT_OUTPUT=json", "AWS_CONFIG_FILE=" + c.home + "/none", "AWS_SHARED_CREDENTIALS_FILE=" + c.home + "/none",
		"LC_ALL=C.UTF-8",
	}
	cmd.Dir = c.home
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// run runs "aws emr …", which must succeed, and decodes its JSON output into out unless that is nil.
func (c *awsCLI) run(t *testing.T, out any, args ...string) {
	t.Helper()
	stdout, stderr, err := c.try(t, args...)
	decodeCLI(t, out, append([]string{"emr"}, args...), stdout, stderr, err)
}

func decodeCLI(t *testing.T, out any, args []string, stdout, stderr string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("aws %s: %v\n%s%s", strings.Join(args, " "), err, stdout, stderr)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal([]byte(stdout), out); err != nil {
		t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, stdout)
	}
}

// describedCluster is what "aws emr describe-cluster" prints: DescribeCluster, ListInstanceGroups and ListBootstrapActions as one.
type describedCluster struct {
	Cluster struct {
		Status         struct{ State string }
		InstanceGroups []struct {
			Id, InstanceGroupType, Name                  string
			RequestedInstanceCount, RunningInstanceCount *int
			Status                                       struct{ State string }
		}
		BootstrapActions []struct{ Name string }
		Tags             []struct{ Key, Value string }
	}
}

func TestTheAWSCLITellsTheStoryOfACluster(t *testing.T) {
	s := serve(t, emrsim.Options{Seed: 5}, wire.Options{})
	cli := findCLI(t, s.url)
	var created struct{ ClusterId string }
	cli.run(t, &created, "create-cluster", "--name", "etl", "--release-label", "emr-7.5.0", "--use-default-roles", "--no-auto-terminate",
		"--tags", "team=data", "--bootstrap-actions", "Path=s3://b/setup.sh,Name=setup", "--instance-groups",
		"InstanceGroupType=MASTER,InstanceCount=1,InstanceType=m5.xlarge", "InstanceGroupType=CORE,InstanceCount=2,InstanceType=m5.xlarge",
		"InstanceGroupType=TASK,Name=task,InstanceCount=6,InstanceType=m5.xlarge,BidPrice=0.2")
	id := created.ClusterId
	s.pass(t, time.Hour)

	var list struct {
		Clusters []struct {
			Id, Name string
			Status   struct{ State string }
		}
	}
	cli.run(t, &list, "list-clusters", "--active")
	if len(list.Clusters) != 1 || list.Clusters[0].Id != id || list.Clusters[0].Status.State != "WAITING" {
		t.Fatalf("list-clusters: %+v", list)
	}
	var added struct{ InstanceGroupIds []string }
	cli.run(t, &added, "add-instance-groups", "--cluster-id", id, "--instance-groups", "InstanceGroupType=TASK,Name=spare,InstanceCount=3,InstanceType=m5.xlarge")
	if len(added.InstanceGroupIds) != 1 {
		t.Fatalf("add-instance-groups: %+v", added)
	}
	s.pass(t, time.Hour)
	cli.run(t, nil, "modify-instance-groups", "--cluster-id", id, "--instance-groups", "InstanceGroupId="+added.InstanceGroupIds[0]+",InstanceCount=0")
	s.pass(t, 3*time.Hour)

	var described describedCluster
	cli.run(t, &described, "describe-cluster", "--cluster-id", id)
	x := described.Cluster
	if len(x.InstanceGroups) != 4 || len(x.BootstrapActions) != 1 || len(x.Tags) != 1 {
		t.Fatalf("describe-cluster: %+v", x)
	}
	for _, g := range x.InstanceGroups {
		want := map[string]int{"task": 6, "spare": 0, "MASTER": 1, "CORE": 2}[g.Name]
		if g.RequestedInstanceCount == nil || *g.RequestedInstanceCount != want || *g.RunningInstanceCount != want || g.Status.State != "RUNNING" {
			t.Errorf("group %s: %+v, want %d running", g.Name, g, want)
		}
	}

	if _, stderr, err := cli.try(t, "describe-cluster", "--cluster-id", "j-NONE"); err == nil ||
		!strings.Contains(stderr, "An error occurred (InvalidRequestException) when calling the DescribeCluster operation") || !strings.Contains(stderr, "Cluster id 'j-NONE' is not valid.") {
		t.Errorf("an unknown cluster: %v, %s", err, stderr)
	}
	if _, stderr, err := cli.try(t, "list-studios"); err == nil || !strings.Contains(stderr, "UnknownOperationException") || !strings.Contains(stderr, "ListInstanceGroups") {
		t.Errorf("an operation that is not served: %v, %s", err, stderr)
	}
	cli.run(t, nil, "terminate-clusters", "--cluster-ids", id)
	s.pass(t, time.Hour)
	cli.run(t, &described, "describe-cluster", "--cluster-id", id)
	if got := described.Cluster.Status.State; got != "TERMINATED" {
		t.Errorf("after terminate-clusters the cluster is %s", got)
	}
}
