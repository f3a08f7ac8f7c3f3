package emrsim

import (
	"slices"
	"strings"

	"emrguard/internal/emrsim/shapes"
)

// release is one EMR release the simulator lists, with the applications that people filter by.
type release struct{ label, hadoop, spark, hive string }

// releases are some of EMR's, newest first, as its Release Guide lists their applications.
var releases = []release{
	{"emr-7.5.0", "3.4.0", "3.5.2", "3.1.3"}, {"emr-7.3.0", "3.3.6", "3.5.1", "3.1.3"}, {"emr-7.2.0", "3.3.6", "3.5.1", "3.1.3"},
	{"emr-7.1.0", "3.3.6", "3.5.0", "3.1.3"}, {"emr-7.0.0", "3.3.6", "3.5.0", "3.1.3"}, {"emr-6.15.0", "3.3.6", "3.4.1", "3.1.3"},
	{"emr-6.14.0", "3.3.3", "3.4.1", "3.1.3"}, {"emr-6.10.0", "3.3.3", "3.3.1", "3.1.3"}, {"emr-6.9.0", "3.3.3", "3.3.0", "3.1.3"},
	{"emr-6.5.0", "3.2.1", "3.1.2", "3.1.2"}, {"emr-6.0.0", "3.2.1", "2.4.4", "3.1.2"}, {"emr-5.36.0", "2.10.1", "2.4.8", "2.3.9"},
	{"emr-5.30.0", "2.8.5", "2.4.5", "2.3.6"}, {"emr-5.29.0", "2.8.5", "2.4.4", "2.3.6"},
}

func (r release) applications() []shapes.SimplifiedApplication {
	return []shapes.SimplifiedApplication{
		{Name: ptr("Hadoop"), Version: &r.hadoop}, {Name: ptr("Hive"), Version: &r.hive}, {Name: ptr("Spark"), Version: &r.spark},
	}
}

// has says whether the release carries an application, given as "spark" or "spark@3.5.0".
func (r release) has(application string) bool {
	name, version, _ := strings.Cut(strings.ToLower(application), "@")
	return slices.ContainsFunc(r.applications(), func(a shapes.SimplifiedApplication) bool {
		return strings.ToLower(*a.Name) == name && (version == "" || *a.Version == version)
	})
}

func (c *request) listReleaseLabels(in *shapes.ListReleaseLabelsInput) (*shapes.ListReleaseLabelsOutput, *APIError) {
	filter := value(in.Filters)
	var labels []string
	for _, r := range releases {
		if strings.HasPrefix(r.label, value(filter.Prefix)) && (filter.Application == nil || r.has(*filter.Application)) {
			labels = append(labels, r.label)
		}
	}
	list, next, err := page(c, labels, in.NextToken, "all", results(in.MaxResults))
	if err != nil {
		return nil, err
	}
	return &shapes.ListReleaseLabelsOutput{ReleaseLabels: listOf(list), NextToken: next}, nil
}

// describeReleaseLabel describes the newest release when none is named (EMR API reference).
func (c *request) describeReleaseLabel(in *shapes.DescribeReleaseLabelInput) (*shapes.DescribeReleaseLabelOutput, *APIError) {
	r, err := findRelease(in.ReleaseLabel)
	if err != nil {
		return nil, err
	}
	list, next, err := page(c, r.applications(), in.NextToken, r.label, results(in.MaxResults))
	if err != nil {
		return nil, err
	}
	return &shapes.DescribeReleaseLabelOutput{ReleaseLabel: &r.label, Applications: list, NextToken: next, AvailableOSReleases: []shapes.OSRelease{}}, nil
}

func findRelease(label *string) (release, *APIError) {
	if label == nil {
		return releases[0], nil
	}
	i := slices.IndexFunc(releases, func(r release) bool { return r.label == *label })
	if i < 0 {
		return release{}, invalidRequest("", "The supplied release label is invalid: %s.", *label)
	}
	return releases[i], nil
}

// results is the page size of the operations that have one: MaxResults, 100 at most.
func results(given *int) int {
	if given == nil || *given < 1 {
		return 100
	}
	return min(*given, 100)
}

// typesPage is the page of ListSupportedInstanceTypes; AWS does not document its size.
const typesPage = 50

func (c *request) listSupportedInstanceTypes(in *shapes.ListSupportedInstanceTypesInput) (*shapes.ListSupportedInstanceTypesOutput, *APIError) {
	if _, err := findRelease(in.ReleaseLabel); err != nil {
		return nil, err
	}
	var types []shapes.SupportedInstanceType
	for _, f := range families {
		for _, s := range sizes {
			types = append(types, f.instanceType(s.name, s.vcpu))
		}
	}
	list, marker, err := page(c, types, in.Marker, value(in.ReleaseLabel), typesPage)
	if err != nil {
		return nil, err
	}
	return &shapes.ListSupportedInstanceTypesOutput{SupportedInstanceTypes: list, Marker: marker}, nil
}

func (f family) instanceType(size string, vcpu int) shapes.SupportedInstanceType {
	architecture, disks, storage := "X86_64", 0, 0
	if f.arm {
		architecture = "ARM64"
	}
	if f.disks {
		disks = max(1, vcpu/16)
		storage = vcpu * 75 / 2 // GB: 150 for an xlarge
	}
	return shapes.SupportedInstanceType{
		Type: ptr(f.name + "." + size), VCPU: &vcpu, MemoryGB: ptr(f.gib * float64(vcpu)), StorageGB: &storage, NumberOfDisks: &disks,
		EbsStorageOnly: ptr(!f.disks), Is64BitsOnly: ptr(true), InstanceFamilyId: ptr(f.name), Architecture: &architecture,
		EbsOptimizedAvailable: ptr(true), EbsOptimizedByDefault: ptr(true),
	}
}
