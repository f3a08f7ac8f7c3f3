package emrsim

import "strings"

// family is a family of EC2 instance types: GiB of memory and On-Demand dollars an hour for each vCPU, and whether it has Arm
// processors or its own disks. All of them belong to EC2's Standard families, whose vCPUs share one quota in each market.
type family struct {
	name  string
	gib   float64
	price float64
	arm   bool
	disks bool
}

// families are those the simulator knows. The prices are AWS's list prices for Linux in us-east-1 as published in 2024, and are
// taken for every region; within a family they rise with the vCPUs.
var families = []family{
	{"c5", 2, 0.0425, false, false}, {"c6g", 2, 0.034, true, false}, {"c6i", 2, 0.0425, false, false}, {"m5", 4, 0.048, false, false},
	{"m5d", 4, 0.0565, false, true}, {"m6g", 4, 0.0385, true, false}, {"m6i", 4, 0.048, false, false}, {"m7g", 4, 0.0408, true, false},
	{"r5", 8, 0.063, false, false}, {"r5d", 8, 0.072, false, true}, {"r6g", 8, 0.0504, true, false}, {"r6i", 8, 0.063, false, false},
}

// sizes are the vCPUs of the sizes that all families have.
var sizes = []struct {
	name string
	vcpu int
}{{"xlarge", 4}, {"2xlarge", 8}, {"4xlarge", 16}, {"8xlarge", 32}, {"12xlarge", 48}, {"16xlarge", 64}}

// machine is what one instance of a type has.
type machine struct {
	vcpus int
	mib   int     // of memory
	price float64 // On-Demand dollars an hour
}

// machineOf returns what an instance of a type has, and false for a type the simulator does not know.
func machineOf(name string) (machine, bool) {
	kind, size, _ := strings.Cut(name, ".")
	for _, f := range families {
		if f.name != kind {
			continue
		}
		for _, s := range sizes {
			if s.name == size {
				return machine{s.vcpu, int(f.gib * 1024 * float64(s.vcpu)), f.price * float64(s.vcpu)}, true
			}
		}
	}
	return machine{}, false
}

// SupportsType says whether clusters may have instances of a type: those that ListSupportedInstanceTypes lists.
func SupportsType(name string) bool {
	_, ok := machineOf(name)
	return ok
}
