package emrsim

import (
	"slices"
	"strconv"
	"strings"

	"emrguard/internal/emrsim/shapes"
)

// checkGroup checks one group of a request by itself.
func checkGroup(g *shapes.InstanceGroupConfig) *APIError {
	switch {
	case g.InstanceRole == nil:
		return missing("instanceGroups.1.member.instanceRole")
	case g.InstanceType == nil:
		return missing("instanceGroups.1.member.instanceType")
	case g.InstanceCount == nil:
		return missing("instanceGroups.1.member.instanceCount")
	case !slices.Contains([]string{roleMaster, roleCore, roleTask}, *g.InstanceRole):
		return validation("Instance role '%s' is not valid.", *g.InstanceRole)
	case g.Market != nil && *g.Market != marketSpot && *g.Market != marketOnDemand:
		return validation("Market '%s' is not valid.", *g.Market)
	case !SupportsType(*g.InstanceType):
		return badType(*g.InstanceType)
	case *g.InstanceCount < 0 || *g.InstanceCount > maxGroupInstance:
		return badCount(*g.InstanceCount)
	case g.BidPrice != nil && !positive(*g.BidPrice):
		return validation("Bid price '%s' is not valid.", *g.BidPrice)
	}
	return nil
}

func positive(price string) bool {
	f, err := strconv.ParseFloat(price, 64)
	return err == nil && f > 0
}

func badType(name string) *APIError { return validation("Instance type '%s' is not supported.", name) }

func badCount(n int) *APIError {
	return validation("Instance count %d is not between 0 and %d.", n, maxGroupInstance)
}

func tooManyGroups() *APIError {
	return validation("A job flow may have at most %d task instance groups.", maxTaskGroups)
}

// checkTypes checks the types of a fleet.
func checkTypes(types []shapes.InstanceTypeConfig) *APIError {
	for _, t := range types {
		if !SupportsType(value(t.InstanceType)) {
			return badType(value(t.InstanceType))
		}
	}
	return nil
}

// checkFleets checks the fleets of a request: one for each role, each with a type.
func checkFleets(in *shapes.JobFlowInstancesConfig) *APIError {
	seen := map[string]bool{}
	for _, f := range in.InstanceFleets {
		role := value(f.InstanceFleetType)
		switch {
		case role == "":
			return missing("instanceFleets.1.member.instanceFleetType")
		case seen[role]:
			return validation("A job flow may have at most one %s instance fleet.", strings.ToLower(role))
		case len(f.InstanceTypeConfigs) == 0 || f.InstanceTypeConfigs[0].InstanceType == nil:
			return validation("An instance fleet must have at least one instance type.")
		}
		if err := checkTypes(f.InstanceTypeConfigs); err != nil {
			return err
		}
		seen[role] = true
	}
	if len(in.InstanceFleets) > 0 && !seen[roleMaster] {
		return validation("A job flow must have exactly one master instance fleet.")
	}
	return nil
}
