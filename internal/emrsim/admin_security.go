package emrsim

import (
	"encoding/json"
	"slices"
	"time"

	"emrguard/internal/emrsim/shapes"
)

// securityPage is the page of ListSecurityConfigurations (EMR API reference).
const securityPage = 50

// securityConfiguration is one named document; EMR gives it back as it was given.
type securityConfiguration struct {
	name, document string
	created        time.Time
}

func (c *request) createSecurityConfiguration(in *shapes.CreateSecurityConfigurationInput) (*shapes.CreateSecurityConfigurationOutput, *APIError) {
	name, document := value(in.Name), value(in.SecurityConfiguration)
	switch {
	case name == "":
		return nil, invalidRequest("", "Security configuration name cannot be empty.")
	case !json.Valid([]byte(document)):
		return nil, invalidRequest("", "Security configuration is not valid JSON.")
	case c.security(name) >= 0:
		return nil, invalidRequest("", "SecurityConfiguration with name '%s' already exists.", name)
	}
	c.r.admin.security = append(c.r.admin.security, securityConfiguration{name: name, document: document, created: c.now()})
	return &shapes.CreateSecurityConfigurationOutput{Name: &name, CreationDateTime: shapes.At(c.now())}, nil
}

func (c *request) describeSecurityConfiguration(in *shapes.DescribeSecurityConfigurationInput) (*shapes.DescribeSecurityConfigurationOutput, *APIError) {
	i := c.security(value(in.Name))
	if i < 0 {
		return nil, noSuchSecurityConfiguration(value(in.Name))
	}
	x := c.r.admin.security[i]
	return &shapes.DescribeSecurityConfigurationOutput{Name: &x.name, SecurityConfiguration: &x.document, CreationDateTime: shapes.At(x.created)}, nil
}

func (c *request) listSecurityConfigurations(in *shapes.ListSecurityConfigurationsInput) (*shapes.ListSecurityConfigurationsOutput, *APIError) {
	list, marker, err := page(c, c.r.admin.security, in.Marker, "all", securityPage)
	if err != nil {
		return nil, err
	}
	out := &shapes.ListSecurityConfigurationsOutput{SecurityConfigurations: []shapes.SecurityConfigurationSummary{}, Marker: marker}
	for _, x := range list {
		out.SecurityConfigurations = append(out.SecurityConfigurations, shapes.SecurityConfigurationSummary{Name: &x.name, CreationDateTime: shapes.At(x.created)})
	}
	return out, nil
}

func (c *request) deleteSecurityConfiguration(in *shapes.DeleteSecurityConfigurationInput) (*shapes.DeleteSecurityConfigurationOutput, *APIError) {
	i := c.security(value(in.Name))
	if i < 0 {
		return nil, noSuchSecurityConfiguration(value(in.Name))
	}
	c.r.admin.security = slices.Delete(c.r.admin.security, i, i+1)
	return &shapes.DeleteSecurityConfigurationOutput{}, nil
}

// security is the place of a security configuration in the region's list, or -1.
func (c *request) security(name string) int {
	return slices.IndexFunc(c.r.admin.security, func(x securityConfiguration) bool { return x.name == name })
}

func noSuchSecurityConfiguration(name string) *APIError {
	return invalidRequest("", "Security configuration with name '%s' does not exist.", name)
}

// publicAccess is the account's block-public-access configuration in one region.
type publicAccess struct {
	config *shapes.BlockPublicAccessConfiguration
	since  time.Time
}

// getBlockPublicAccess shows a new account's default: blocked, except port 22 (EMR Management Guide, emr-block-public-access).
func (c *request) getBlockPublicAccess(_ *shapes.GetBlockPublicAccessConfigurationInput) (*shapes.GetBlockPublicAccessConfigurationOutput, *APIError) {
	x := c.r.admin.publicAccess
	if x == nil {
		x = &publicAccess{since: c.s.opt.Start, config: &shapes.BlockPublicAccessConfiguration{
			BlockPublicSecurityGroupRules:          ptr(true),
			PermittedPublicSecurityGroupRuleRanges: []shapes.PortRange{{MinRange: ptr(22), MaxRange: ptr(22)}},
		}}
	}
	return &shapes.GetBlockPublicAccessConfigurationOutput{
		BlockPublicAccessConfiguration: x.config,
		BlockPublicAccessConfigurationMetadata: &shapes.BlockPublicAccessConfigurationMetadata{
			CreationDateTime: shapes.At(x.since), CreatedByArn: ptr("arn:" + partition(c.r.name) + ":iam::" + c.s.opt.Account + ":root"),
		},
	}, nil
}

func (c *request) putBlockPublicAccess(in *shapes.PutBlockPublicAccessConfigurationInput) (*shapes.PutBlockPublicAccessConfigurationOutput, *APIError) {
	if in.BlockPublicAccessConfiguration == nil {
		return nil, missing("blockPublicAccessConfiguration")
	}
	for _, p := range in.BlockPublicAccessConfiguration.PermittedPublicSecurityGroupRuleRanges {
		if p.MaxRange != nil && value(p.MinRange) > *p.MaxRange {
			return nil, invalidRequest("", "Port range %d-%d is not valid.", value(p.MinRange), *p.MaxRange)
		}
	}
	c.r.admin.publicAccess = &publicAccess{config: in.BlockPublicAccessConfiguration, since: c.now()}
	return &shapes.PutBlockPublicAccessConfigurationOutput{}, nil
}
