package deploytest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// module is a Terraform module as written. Terraform itself cannot plan it without the provider, so the tests evaluate its expressions with
// Terraform's own language library, and stand-ins for what AWS would answer; or without them, as Terraform plans before anything is made.
type module struct {
	source    map[string][]byte // by file
	variables map[string]*hclsyntax.Block
	locals    map[string]hclsyntax.Expression
	outputs   map[string]*hclsyntax.Block
	resources map[string]map[string]*hclsyntax.Block // by type and name
	data      map[string]map[string]*hclsyntax.Block
}

func loadModule(t *testing.T, dir string) *module {
	t.Helper()
	m := &module{
		source: map[string][]byte{}, variables: map[string]*hclsyntax.Block{}, locals: map[string]hclsyntax.Expression{}, outputs: map[string]*hclsyntax.Block{},
		resources: map[string]map[string]*hclsyntax.Block{}, data: map[string]map[string]*hclsyntax.Block{},
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no module: %v", dir, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, diags := hclsyntax.ParseConfig(text, filepath.Base(name), hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		m.source[filepath.Base(name)] = text
		for _, b := range file.Body.(*hclsyntax.Body).Blocks { //nolint:forcetypeassert // of a file in HCL's own syntax
			m.add(t, b)
		}
	}
	return m
}

func (m *module) add(t *testing.T, b *hclsyntax.Block) {
	t.Helper()
	switch b.Type {
	case "variable":
		m.variables[b.Labels[0]] = b
	case "output":
		m.outputs[b.Labels[0]] = b
	case "locals":
		for name, a := range b.Body.Attributes {
			if m.locals[name] != nil {
				t.Errorf("%s: local.%s is there twice", a.Range(), name)
			}
			m.locals[name] = a.Expr
		}
	case "resource", "data":
		into := m.resources
		if b.Type == "data" {
			into = m.data
		}
		if into[b.Labels[0]] == nil {
			into[b.Labels[0]] = map[string]*hclsyntax.Block{}
		}
		into[b.Labels[0]][b.Labels[1]] = b
	case "terraform":
	default:
		t.Errorf("%s: a block %s, which these tests do not know", b.Range(), b.Type)
	}
}

// world is a module with its variables, in a region of an account.
type world struct {
	*module
	vars, data map[string]cty.Value
	known      map[string]cty.Value // locals and resources that were evaluated
	busy       map[string]bool
	unmade     bool // nothing was made yet: what AWS would answer about resources is unknown
}

const account = "111122223333"

// with gives the module its variables, typed and with defaults as Terraform does, and checks them by their own validations.
func (m *module) with(region string, given map[string]cty.Value) (*world, error) {
	partition, suffix := "aws", "amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		partition, suffix = "aws-cn", "amazonaws.com.cn"
	}
	text := cty.StringVal
	w := &world{
		module: m, vars: map[string]cty.Value{}, known: map[string]cty.Value{}, busy: map[string]bool{},
		data: map[string]cty.Value{
			"aws_region":          cty.ObjectVal(map[string]cty.Value{"region": text(region)}),
			"aws_partition":       cty.ObjectVal(map[string]cty.Value{"partition": text(partition), "dns_suffix": text(suffix)}),
			"aws_caller_identity": cty.ObjectVal(map[string]cty.Value{"account_id": text(account)}),
		},
	}
	for name := range given {
		if m.variables[name] == nil {
			return nil, fmt.Errorf("there is no variable %s", name)
		}
	}
	for name, b := range m.variables {
		v, ok := given[name]
		if a := b.Body.Attributes["default"]; !ok && a != nil {
			var diags hcl.Diagnostics
			if v, diags = a.Expr.Value(nil); diags.HasErrors() {
				return nil, diags
			}
		} else if !ok {
			return nil, fmt.Errorf("variable %s is not given", name)
		}
		want, defaults, diags := typeexpr.TypeConstraintWithDefaults(b.Body.Attributes["type"].Expr)
		if diags.HasErrors() {
			return nil, diags
		}
		if defaults != nil && !v.IsNull() {
			v = defaults.Apply(v)
		}
		v, err := convert.Convert(v, want)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
		w.vars[name] = v
	}
	return w, w.validate()
}

// validate holds the variables against their validations.
func (w *world) validate() error {
	var all error
	for _, name := range slices.Sorted(maps.Keys(w.variables)) {
		for _, b := range w.variables[name].Body.Blocks {
			ok, err := w.eval(b.Body.Attributes["condition"].Expr, nil)
			if err != nil {
				return err
			}
			if ok.IsKnown() && ok.False() { // what is unknown yet is checked when it is known
				message, err := w.eval(b.Body.Attributes["error_message"].Expr, nil)
				if err != nil {
					return err
				}
				all = errors.Join(all, errors.New(message.AsString()))
			}
		}
	}
	return all
}

// eval evaluates an expression, and first what it refers to. more are further names, such as each.
func (w *world) eval(e hcl.Expression, more map[string]cty.Value) (cty.Value, error) {
	locals, resources := map[string]cty.Value{}, map[string]map[string]cty.Value{}
	for _, ref := range e.Variables() {
		root, name := ref.RootName(), second(ref)
		var err error
		switch {
		case root == "local":
			locals[name], err = w.local(name)
		case w.resources[root] != nil:
			if resources[root] == nil {
				resources[root] = map[string]cty.Value{}
			}
			resources[root][name], err = w.resource(root, name)
		}
		if err != nil {
			return cty.NilVal, err
		}
	}
	vars := map[string]cty.Value{"var": cty.ObjectVal(w.vars), "local": cty.ObjectVal(locals), "data": w.dataObject()}
	for kind, list := range resources {
		vars[kind] = cty.ObjectVal(list)
	}
	maps.Copy(vars, more)
	v, diags := e.Value(&hcl.EvalContext{Variables: vars, Functions: functions})
	if diags.HasErrors() {
		return cty.NilVal, diags
	}
	return v, nil
}

func (w *world) dataObject() cty.Value {
	out := map[string]cty.Value{}
	for kind, list := range w.module.data {
		one := map[string]cty.Value{}
		for name := range list {
			one[name] = w.data[kind]
		}
		out[kind] = cty.ObjectVal(one)
	}
	return cty.ObjectVal(out)
}

// second is the second part of a reference: the name in var.NAME.
func second(ref hcl.Traversal) string {
	if len(ref) > 1 {
		if a, ok := ref[1].(hcl.TraverseAttr); ok {
			return a.Name
		}
	}
	return ""
}

// once evaluates something that is referred to by an address, one time, and finds circles.
func (w *world) once(address string, eval func() (cty.Value, error)) (cty.Value, error) {
	if v, ok := w.known[address]; ok {
		return v, nil
	}
	if w.busy[address] {
		return cty.NilVal, fmt.Errorf("%s depends on itself", address)
	}
	w.busy[address] = true
	defer delete(w.busy, address)
	v, err := eval()
	if err != nil {
		return cty.NilVal, fmt.Errorf("%s: %w", address, err)
	}
	w.known[address] = v
	return v, nil
}

func (w *world) local(name string) (cty.Value, error) {
	return w.once("local."+name, func() (cty.Value, error) {
		if w.locals[name] == nil {
			return cty.NilVal, errors.New("there is no such local value")
		}
		return w.eval(w.locals[name], nil)
	})
}

// resource is a stand-in for what AWS would make: a list with count, an object with for_each, or one.
func (w *world) resource(kind, name string) (cty.Value, error) {
	return w.once(kind+"."+name, func() (cty.Value, error) {
		if w.resources[kind][name] == nil {
			return cty.NilVal, errors.New("there is no such resource")
		}
		list, err := w.instances(kind, name)
		if err != nil {
			return cty.NilVal, err
		}
		body := w.resources[kind][name].Body
		var all []cty.Value
		byKey := map[string]cty.Value{}
		for _, i := range list {
			v, err := w.made(kind, name, body, i)
			if err != nil {
				return cty.NilVal, err
			}
			all = append(all, v)
			if key, ok := i.each["each"]; ok {
				byKey[key.GetAttr("key").AsString()] = v
			}
		}
		switch {
		case body.Attributes["count"] != nil:
			return cty.TupleVal(all), nil
		case body.Attributes["for_each"] != nil:
			return cty.ObjectVal(byKey), nil
		}
		return all[0], nil
	})
}

// made is one instance with the attributes that the module reads of others.
func (w *world) made(kind, name string, body *hclsyntax.Body, i instance) (cty.Value, error) {
	called := cty.StringVal(name)
	if a := body.Attributes["name"]; a != nil {
		var err error
		if called, err = w.eval(a.Expr, i.each); err != nil {
			return cty.NilVal, err
		}
	}
	region := w.data["aws_region"].GetAttr("region").AsString()
	partition, suffix := w.data["aws_partition"].GetAttr("partition").AsString(), w.data["aws_partition"].GetAttr("dns_suffix").AsString()
	if w.unmade {
		unknown := cty.UnknownVal(cty.String)
		return cty.ObjectVal(map[string]cty.Value{"name": called, "id": unknown, "arn": unknown, "url": unknown}), nil
	}
	service := map[string]string{"aws_sqs_queue": "sqs", "aws_iam_role": "iam", "aws_cloudwatch_event_rule": "events"}[kind]
	return cty.ObjectVal(map[string]cty.Value{
		"name": called, "id": cty.StringVal(kind + "." + called.AsString()),
		"arn": cty.StringVal(fmt.Sprintf("arn:%s:%s:%s:%s:%s", partition, service, region, account, called.AsString())),
		"url": cty.StringVal(fmt.Sprintf("https://%s.%s.%s/%s/%s", service, region, suffix, account, called.AsString())),
	}), nil
}

// instance is one instance of a resource.
type instance struct {
	address string
	each    map[string]cty.Value // each, or nothing
}

// instances evaluates count and for_each. As for Terraform, how many there are, and their keys, have to be known before anything is made; the values
// need not.
func (w *world) instances(kind, name string) ([]instance, error) {
	address, attributes := kind+"."+name, w.resources[kind][name].Body.Attributes
	switch {
	case attributes["count"] != nil:
		v, err := w.eval(attributes["count"].Expr, nil)
		if err != nil {
			return nil, err
		}
		if !v.IsKnown() {
			return nil, fmt.Errorf("%s: Invalid count argument: it depends on what is not known until apply", attributes["count"].Range())
		}
		n, _ := v.AsBigFloat().Int64()
		return slices.Repeat([]instance{{address: address}}, int(n)), nil
	case attributes["for_each"] != nil:
		v, err := w.eval(attributes["for_each"].Expr, nil)
		if err != nil {
			return nil, err
		}
		if !v.IsKnown() || v.Type().IsSetType() && !v.IsWhollyKnown() {
			return nil, fmt.Errorf("%s: Invalid for_each argument: it depends on what is not known until apply", attributes["for_each"].Range())
		}
		var out []instance
		for it := v.ElementIterator(); it.Next(); {
			key, value := it.Element()
			each := cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})
			out = append(out, instance{address + "." + key.AsString(), map[string]cty.Value{"each": each}})
		}
		return out, nil
	}
	return []instance{{address: address}}, nil
}

// plan evaluates every attribute of every resource, blocks within it included, as "address.attribute" or "address.block.attribute", and every
// output as "output.name".
func (w *world) plan() (map[string]cty.Value, error) {
	out := map[string]cty.Value{}
	for kind, byName := range w.resources {
		for name, b := range byName {
			list, err := w.instances(kind, name)
			if err != nil {
				return nil, fmt.Errorf("%s.%s: %w", kind, name, err)
			}
			for _, i := range list {
				if err := w.body(b.Body, i.address, i.each, out); err != nil {
					return nil, err
				}
			}
		}
	}
	for name, b := range w.outputs {
		v, err := w.eval(b.Body.Attributes["value"].Expr, nil)
		if err != nil {
			return nil, fmt.Errorf("output.%s: %w", name, err)
		}
		out["output."+name] = v
	}
	return out, nil
}

func (w *world) body(b *hclsyntax.Body, address string, each, into map[string]cty.Value) error {
	for name, a := range b.Attributes {
		if name == "count" || name == "for_each" || name == "depends_on" {
			continue
		}
		v, err := w.eval(a.Expr, each)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", address, name, err)
		}
		into[address+"."+name] = v
	}
	for _, inner := range b.Blocks {
		if err := w.body(inner.Body, address+"."+inner.Type, each, into); err != nil {
			return err
		}
	}
	return nil
}

// functions are those of Terraform's that the module uses.
var functions = map[string]function.Function{
	"alltrue":         quantifier(cty.True),
	"anytrue":         quantifier(cty.False),
	"can":             tryfunc.CanFunc,
	"concat":          stdlib.ConcatFunc,
	"contains":        stdlib.ContainsFunc,
	"distinct":        stdlib.DistinctFunc,
	"element":         stdlib.ElementFunc,
	"flatten":         stdlib.FlattenFunc,
	"join":            stdlib.JoinFunc,
	"jsondecode":      stdlib.JSONDecodeFunc,
	"jsonencode":      stdlib.JSONEncodeFunc,
	"keys":            stdlib.KeysFunc,
	"length":          length,
	"merge":           stdlib.MergeFunc,
	"one":             one,
	"regex":           stdlib.RegexFunc,
	"setintersection": stdlib.SetIntersectionFunc,
	"slice":           stdlib.SliceFunc,
	"sort":            stdlib.SortFunc,
	"split":           stdlib.SplitFunc,
	"startswith":      startsWith,
	"try":             tryfunc.TryFunc,
	"upper":           stdlib.UpperFunc,
	"values":          stdlib.ValuesFunc,
	"zipmap":          stdlib.ZipmapFunc,
	"yamlencode":      ctyyaml.YAMLEncodeFunc,
}

// quantifier is alltrue or anytrue: the answer for an empty list, and the other one as soon as an element is that.
func quantifier(empty cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			answer := empty
			for it := args[0].ElementIterator(); it.Next(); {
				switch _, v := it.Element(); {
				case !v.IsKnown():
					answer = cty.UnknownVal(cty.Bool)
				case v.Equals(empty).False():
					return v, nil
				}
			}
			return answer, nil
		},
	})
}

// startsWith says whether a text begins with another.
var startsWith = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "prefix", Type: cty.String}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		return cty.BoolVal(strings.HasPrefix(args[0].AsString(), args[1].AsString())), nil
	},
})

// length takes objects, too, as Terraform's does.
var length = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch v := args[0]; {
		case v.Type().IsObjectType():
			return cty.NumberIntVal(int64(len(v.Type().AttributeTypes()))), nil
		case v.CanIterateElements():
			return cty.NumberIntVal(int64(v.LengthInt())), nil
		}
		return cty.NilVal, errors.New("neither a collection nor an object")
	},
})

// one is the element of a list of at most one, or null.
var one = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
	Type:   function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		switch args[0].LengthInt() {
		case 0:
			return cty.NullVal(cty.DynamicPseudoType), nil
		case 1:
			return args[0].Index(cty.Zero), nil
		}
		return cty.NilVal, errors.New("more than one element")
	},
})
