package shapes

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// constraintLines holds the API model's constraints, one member a line: "Structure.Member required enum=A|B len=0..256 value=0.. text",
// with "each." before what holds for the elements of a list or the values of a map.
//
//go:embed constraints.txt
var constraintLines string

// boundLines are bounds that the model does not state, in the form of constraintLines. The figures are the simulator's own, beyond
// what clusters use: without them one small request could ask for more volumes or instances than the simulator's machine can hold.
const boundLines = `
EbsConfiguration.EbsBlockDeviceConfigs items=25
EbsBlockDeviceConfig.VolumesPerInstance value=1..25
InstanceTypeConfig.WeightedCapacity value=0..999
InstanceFleetConfig.InstanceTypeConfigs items=30
InstanceFleetConfig.TargetOnDemandCapacity value=0..4000
InstanceFleetConfig.TargetSpotCapacity value=0..4000
InstanceFleetModifyConfig.TargetOnDemandCapacity value=0..4000
InstanceFleetModifyConfig.TargetSpotCapacity value=0..4000
`

// textPattern is the model's pattern of strings that may stand in XML: no control characters, no surrogates.
const textPattern = `[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*`

// notText says whether a rune is outside textPattern.
func notText(r rune) bool {
	return r < 0x20 && r != '\r' && r != '\n' && r != '\t' || r == 0xFFFE || r == 0xFFFF
}

// rule is what is demanded of one member; lengths count characters.
type rule struct {
	required       bool
	enum           []string
	minLen, maxLen int
	maxItems       int // of a list; 0: any number
	min, max       float64
	hasMin, hasMax bool
	text           bool
}

var constraints = sync.OnceValue(func() map[string]rule {
	rules := map[string]rule{}
	for line := range strings.Lines(constraintLines + boundLines) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		var r rule // a bound replaces the model's line
		for _, w := range words[1:] {
			if err := r.add(strings.TrimPrefix(w, "each.")); err != nil {
				panic("shapes: constraints.txt: " + words[0] + ": " + err.Error())
			}
		}
		rules[words[0]] = r
	}
	return rules
})

// add reads one constraint. The file is part of the program, so an error is a mistake of this package.
func (r *rule) add(word string) error {
	name, value, _ := strings.Cut(word, "=")
	low, high, _ := strings.Cut(value, "..")
	var err error
	switch name {
	case "required":
		r.required = true
	case "text":
		r.text = true
	case "enum":
		r.enum = strings.Split(value, "|")
	case "len":
		if r.minLen, err = strconv.Atoi(low); err == nil {
			r.maxLen, err = strconv.Atoi(high)
		}
	case "items":
		r.maxItems, err = strconv.Atoi(value)
	case "value":
		r.hasMin, r.hasMax = true, high != ""
		if r.min, err = strconv.ParseFloat(low, 64); err == nil && r.hasMax {
			r.max, err = strconv.ParseFloat(high, 64)
		}
	default:
		err = fmt.Errorf("unknown constraint %q", word)
	}
	return err
}
