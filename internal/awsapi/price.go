package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/pricing/types"

	"emrguard/internal/emr"
)

// Price is what AWS's price list says of an instance type in the client's region, in US dollars an hour; 0 is not listed.
type Price struct {
	OnDemand float64 // EC2, Linux, shared tenancy
	EMR      float64 // EMR's own, on top
}

// Price asks the price list: two calls of pricing:GetProducts. Spot prices are not in it (SpotPrices). The error is an *emr.Error.
func (c *Client) Price(ctx context.Context, instanceType string) (Price, error) {
	instance, err := c.listed(ctx, "AmazonEC2", onDemand(c.region, instanceType))
	if err != nil {
		return Price{}, err
	}
	own, err := c.listed(ctx, "ElasticMapReduce", [][2]string{{"regionCode", c.region}, {"instanceType", instanceType}, {"softwareType", "EMR"}})
	return Price{instance, own}, err
}

// onDemand are the attributes under which EC2 lists an instance type.
func onDemand(region, instanceType string) [][2]string {
	return [][2]string{
		{"regionCode", region}, {"instanceType", instanceType}, {"operatingSystem", "Linux"}, {"tenancy", "Shared"}, {"preInstalledSw", "NA"}, {"capacitystatus", "Used"},
	}
}

// listed is the hourly On-Demand price of the one product that a service lists under some attributes, 0 without one.
func (c *Client) listed(ctx context.Context, service string, attributes [][2]string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	in := &pricing.GetProductsInput{ServiceCode: aws.String(service), FormatVersion: aws.String("aws_v1")}
	for _, a := range attributes {
		in.Filters = append(in.Filters, types.Filter{Type: types.FilterTypeTermMatch, Field: aws.String(a[0]), Value: aws.String(a[1])})
	}
	var a attempt
	out, err := c.pricing.GetProducts(a.observe(ctx), in)
	if err != nil {
		return 0, c.explain(err, a.left.Load())
	}
	lowest := 0.0
	for _, text := range out.PriceList {
		price, err := hourly(text)
		if err != nil {
			return 0, &emr.Error{Class: emr.Unavailable, Message: fmt.Sprintf("a product of %s cannot be read: %v", service, err)}
		}
		// Reservations that nobody uses are listed as products of the same attributes, for nothing.
		if price > 0 && (lowest == 0 || price < lowest) {
			lowest = price
		}
	}
	return lowest, nil
}

// hourly is the On-Demand price of an hour of a product, as the price list's JSON has it ("Reading the service price list file" of the AWS
// Billing User Guide); 0 if it is not sold by the hour.
func hourly(text string) (float64, error) {
	var product struct {
		Terms struct {
			OnDemand map[string]struct {
				Dimensions map[string]struct {
					Unit  string            `json:"unit"`
					Price map[string]string `json:"pricePerUnit"`
				} `json:"priceDimensions"`
			} `json:"OnDemand"`
		} `json:"terms"`
	}
	if err := json.Unmarshal([]byte(text), &product); err != nil {
		return 0, err
	}
	highest := 0.0
	for _, term := range product.Terms.OnDemand {
		for _, d := range term.Dimensions {
			if !strings.HasPrefix(strings.ToLower(d.Unit), "h") || d.Price["USD"] == "" {
				continue
			}
			price, err := strconv.ParseFloat(d.Price["USD"], 64)
			if err != nil {
				return 0, fmt.Errorf("%q is no price", d.Price["USD"])
			}
			highest = max(highest, price)
		}
	}
	return highest, nil
}

// pricingRegion is where the price list of a region's partition is served ("Finding services and products using the AWS Price List Query API").
func pricingRegion(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "cn-northwest-1"
	}
	return "us-east-1"
}
