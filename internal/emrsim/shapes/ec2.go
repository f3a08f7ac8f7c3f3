package shapes

// These are structures of EC2's API 2016-11-15, as far as the simulator has it. Members of answers are named as EC2's XML has them; a tag item is the name
// of a list's elements there.

// DescribeSpotPriceHistoryInput is the API structure of that name.
type DescribeSpotPriceHistoryInput struct {
	DryRun              *bool       `json:"DryRun,omitzero"`
	StartTime           *Time       `json:"StartTime,omitzero"`
	EndTime             *Time       `json:"EndTime,omitzero"`
	InstanceTypes       []string    `json:"InstanceTypes,omitzero" query:"InstanceType"`
	ProductDescriptions []string    `json:"ProductDescriptions,omitzero" query:"ProductDescription"`
	AvailabilityZone    *string     `json:"AvailabilityZone,omitzero"`
	Filters             []EC2Filter `json:"Filters,omitzero" query:"Filter"`
	MaxResults          *int        `json:"MaxResults,omitzero"`
	NextToken           *string     `json:"NextToken,omitzero"`
}

// EC2Filter is the API structure Filter.
type EC2Filter struct {
	Name   *string  `json:"Name,omitzero"`
	Values []string `json:"Values,omitzero" query:"Value"`
}

// DescribeSpotPriceHistoryOutput is the API structure DescribeSpotPriceHistoryResult.
type DescribeSpotPriceHistoryOutput struct {
	SpotPriceHistory []SpotPrice `json:"spotPriceHistorySet,omitzero" item:"item"`
	NextToken        *string     `json:"nextToken,omitzero"`
}

// SpotPrice is the API structure of that name.
type SpotPrice struct {
	InstanceType       *string `json:"instanceType,omitzero"`
	ProductDescription *string `json:"productDescription,omitzero"`
	SpotPrice          *string `json:"spotPrice,omitzero"`
	Timestamp          *Time   `json:"timestamp,omitzero"`
	AvailabilityZone   *string `json:"availabilityZone,omitzero"`
}
