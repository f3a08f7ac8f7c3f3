package cli

import "fmt"

// demoPrices is the price file of the demo: of each instance type of the shipped scenarios a price that is of a likely size, and said to be an example.
func demoPrices(region string) []byte {
	return fmt.Appendf(nil, `# Prices for emrguard demo. They are of a likely size, and nobody's.
note: these are example prices of the demo, not AWS's; emrguard prices asks AWS for yours
currency: USD
regions:
  %s:
    c5.2xlarge: {on_demand: 0.34, spot: 0.14, emr: 0.085}
    c5.4xlarge: {on_demand: 0.68, spot: 0.28, emr: 0.17}
    m5.xlarge: {on_demand: 0.192, spot: 0.08, emr: 0.048}
    m5.2xlarge: {on_demand: 0.384, spot: 0.16, emr: 0.096}
    m5.4xlarge: {on_demand: 0.768, spot: 0.32, emr: 0.192}
    r5.xlarge: {on_demand: 0.252, spot: 0.09, emr: 0.063}
    r5.2xlarge: {on_demand: 0.504, spot: 0.18, emr: 0.126}
`, region)
}
