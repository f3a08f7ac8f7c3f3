package emrsim

// The states of clusters, groups and instances, as the API spells them. AWS publishes no transition diagram for groups; what the
// simulator does is:
//
//	PROVISIONING -> BOOTSTRAPPING -> RUNNING <-> RESIZING
//	                                 RUNNING <-> RECONFIGURING
//	any of these -> SUSPENDED -> RESIZING or RUNNING
//	any -> TERMINATING -> TERMINATED
//
// RUNNING->RESIZING, RESIZING->RUNNING, RUNNING->RECONFIGURING, RECONFIGURING->RUNNING, RECONFIGURING->SUSPENDED and
// any->SUSPENDED are documented by their events (EMR Management Guide, emr-manage-cloudwatch-events).
const (
	stateStarting         = "STARTING"
	stateAwaiting         = "AWAITING_FULFILLMENT"
	stateProvisioning     = "PROVISIONING"
	stateBootstrapping    = "BOOTSTRAPPING"
	stateRunning          = "RUNNING"
	stateWaiting          = "WAITING"
	stateResizing         = "RESIZING"
	stateReconfiguring    = "RECONFIGURING"
	stateSuspended        = "SUSPENDED"
	stateTerminating      = "TERMINATING"
	stateTerminated       = "TERMINATED"
	stateTerminatedErrors = "TERMINATED_WITH_ERRORS"
)

const (
	roleMaster = "MASTER"
	roleCore   = "CORE"
	roleTask   = "TASK"
)

const (
	marketOnDemand = "ON_DEMAND"
	marketSpot     = "SPOT"
)

const (
	ofGroups = "INSTANCE_GROUP"
	ofFleets = "INSTANCE_FLEET"
)
