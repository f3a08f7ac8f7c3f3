package config

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
)

// maxPrices bounds a price file, in bytes.
const maxPrices = 4 << 20

// Prices is what instances cost, as somebody wrote it down. It is not changed after ParsePrices.
type Prices struct {
	Currency string                      `yaml:"currency" range:"three letters" doc:"what the prices are in; they are not converted"`
	Note     string                      `yaml:"note,omitempty" range:"up to 200 bytes" doc:"said beside the amounts, such as where the prices are from"`
	Regions  map[string]map[string]Price `yaml:"regions" doc:"prices by region and EC2 instance type"`
}

// Price is what one instance costs in an hour, in the file's currency. 0 is not known.
type Price struct {
	OnDemand float64 `yaml:"on_demand" range:"above 0" doc:"EC2's On-Demand price"`
	Spot     float64 `yaml:"spot,omitempty" range:"0 or more" doc:"what you pay for Spot, on average; without it Spot hours are not priced"`
	EMR      float64 `yaml:"emr,omitempty" range:"0 or more" doc:"what EMR takes on top"`
}

// ParsePrices reads a price file, strictly. Every problem is in the *Error.
func ParsePrices(name string, data []byte) (*Prices, error) {
	root, err := document(name, data)
	if err != nil {
		return nil, err
	}
	p := &Prices{Currency: "USD"}
	w := newWalker()
	w.value(root, reflect.ValueOf(p).Elem(), "")
	problem := func(path, format string, args ...any) {
		at := place(w.pos, path)
		w.problems = append(w.problems, Problem{Line: at.line, Column: at.column, Path: path, Text: fmt.Sprintf(format, args...)})
	}
	if len(p.Currency) != 3 {
		problem("currency", "%q is no currency's three letters; for example USD", p.Currency)
	}
	if len(p.Note) > 200 {
		problem("note", "it has %d bytes, more than 200", len(p.Note))
	}
	if len(p.Regions) == 0 && len(w.problems) == 0 {
		problem("regions", "no prices are given")
	}
	for _, r := range slices.Sorted(maps.Keys(p.Regions)) {
		if !region.MatchString(r) {
			problem("regions."+r, "%q does not look like an AWS region; for example us-east-1", r)
		}
		for _, t := range slices.Sorted(maps.Keys(p.Regions[r])) {
			path, price := "regions."+r+"."+t, p.Regions[r][t]
			if price.OnDemand <= 0 && !w.bad[path+".on_demand"] {
				problem(path, "on_demand, what an hour costs On-Demand, has to be above 0")
			}
			if price.Spot < 0 || price.EMR < 0 {
				problem(path, "a price cannot be below 0")
			}
			if price.Spot > price.OnDemand && price.OnDemand > 0 {
				problem(path, "spot is above on_demand; EMR pays at most the On-Demand price unless you bid more")
			}
		}
	}
	if len(w.problems) > 0 {
		return nil, &Error{File: name, Problems: inFileOrder(w.problems)}
	}
	return p, nil
}

// Of is the price of an instance type in a region.
func (p *Prices) Of(region, instanceType string) (Price, bool) {
	if p == nil {
		return Price{}, false
	}
	price, ok := p.Regions[region][instanceType]
	return price, ok
}

// ReadPrices reads the file that prices names; nil without one.
func (c *Config) ReadPrices() (*Prices, error) {
	if c.Prices == "" {
		return nil, nil
	}
	path := c.resolve(c.Prices)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("prices: %w", err)
	}
	if info.Size() > maxPrices {
		return nil, fmt.Errorf("prices: %s has %d bytes, more than %d", path, info.Size(), maxPrices)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("prices: %w", err)
	}
	return ParsePrices(path, data)
}

// Region is the region of a scope, empty if there is no such scope.
func (c *Config) Region(scope string) string {
	for _, s := range c.Scopes {
		if s.Name == scope {
			return s.Region
		}
	}
	return ""
}
