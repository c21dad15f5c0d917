package main

import (
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"slices"
	"strings"
)

// describe returns the lines of our packages, sorted.
func describe(packages []listed) ([]string, error) {
	exports := map[string]string{}
	for _, p := range packages {
		exports[p.path] = p.export
	}
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	var lines []string
	for _, p := range packages {
		if !p.ours {
			continue
		}
		pkg, err := imports.Import(p.path)
		if err != nil {
			return nil, err
		}
		lines = append(lines, (&describer{pkg: pkg}).describe()...)
	}
	slices.Sort(lines)
	return slices.Compact(lines), nil
}

// describer writes the lines of one package.
type describer struct {
	pkg   *types.Package
	lines []string
}

func (d *describer) describe() []string {
	scope := d.pkg.Scope()
	for _, name := range scope.Names() {
		if !token.IsExported(name) {
			continue
		}
		switch o := scope.Lookup(name).(type) {
		case *types.Const:
			d.line("const %s %s = %s", name, d.text(o.Type()), o.Val().ExactString())
		case *types.Var:
			d.line("var %s %s", name, d.text(o.Type()))
		case *types.Func:
			d.line("func %s%s", name, d.signature(o.Type()))
		case *types.TypeName:
			d.typeName(o)
		}
	}
	return d.lines
}

func (d *describer) line(format string, args ...any) {
	name := strings.TrimPrefix(d.pkg.Path(), "github.com/go-flowlogs/")
	d.lines = append(d.lines, "pkg "+name+", "+fmt.Sprintf(format, args...))
}

func (d *describer) typeName(o *types.TypeName) {
	if named, ok := types.Unalias(o.Type()).(*types.Named); o.IsAlias() && (!ok || !isInternal(named.Obj().Pkg())) {
		d.line("type %s = %s", o.Name(), d.text(types.Unalias(o.Type())))
		return
	}
	switch t := o.Type().Underlying().(type) {
	case *types.Struct:
		d.line("type %s%s struct", o.Name(), d.parameters(o.Type()))
		for field := range t.Fields() {
			if field.Exported() {
				d.line("type %s struct, %s %s", o.Name(), field.Name(), d.text(field.Type()))
			}
		}
	default:
		d.line("type %s%s %s", o.Name(), d.parameters(o.Type()), d.text(t))
	}
	if types.IsInterface(o.Type()) {
		return
	}
	values := types.NewMethodSet(o.Type())
	for selection := range types.NewMethodSet(types.NewPointer(o.Type())).Methods() {
		method := selection.Obj()
		if !method.Exported() {
			continue
		}
		receiver := "*" + o.Name()
		if values.Lookup(d.pkg, method.Name()) != nil {
			receiver = o.Name()
		}
		d.line("method (%s) %s%s", receiver, method.Name(), d.signature(selection.Type()))
	}
}

// parameters returns the type parameters of a generic type or function.
func (d *describer) parameters(t types.Type) string {
	generic, ok := t.(interface{ TypeParams() *types.TypeParamList })
	if !ok || generic.TypeParams().Len() == 0 {
		return ""
	}
	var parameters []string
	for p := range generic.TypeParams().TypeParams() {
		parameters = append(parameters, p.Obj().Name()+" "+d.text(p.Constraint()))
	}
	return "[" + strings.Join(parameters, ", ") + "]"
}

func (d *describer) signature(t types.Type) string {
	return d.parameters(t) + strings.TrimPrefix(d.text(t), "func")
}

// text returns a type as a reader of the package writes it, without the names of
// parameters: they may change.
func (d *describer) text(t types.Type) string {
	return types.TypeString(unnamed(t), func(p *types.Package) string {
		if p == d.pkg || isInternal(p) {
			return ""
		}
		return p.Name()
	})
}

// isInternal reports whether only an alias in one of our packages exports the types of
// p. They are described like types of that package, so a type can move.
func isInternal(p *types.Package) bool {
	return p != nil && strings.HasPrefix(p.Path(), "github.com/go-flowlogs/flowlogs/internal/")
}

// unnamed returns an interface with all of its methods, whoever declares them. Those
// that are not exported become one, which says that no other package can implement it.
func unnamed(t types.Type) types.Type {
	switch t := t.(type) {
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, tuple(t.Params()), tuple(t.Results()), t.Variadic())
	case *types.Slice:
		return types.NewSlice(unnamed(t.Elem()))
	case *types.Interface:
		if !t.IsMethodSet() {
			return t // a constraint
		}
		var methods []*types.Func
		sealed := false
		for m := range t.Methods() {
			if m.Exported() {
				methods = append(methods, types.NewFunc(m.Pos(), m.Pkg(), m.Name(), unnamed(m.Signature()).(*types.Signature)))
			}
			sealed = sealed || !m.Exported()
		}
		if sealed {
			methods = append(methods, types.NewFunc(token.NoPos, nil, "unexported", types.NewSignatureType(nil, nil, nil, nil, nil, false)))
		}
		return types.NewInterfaceType(methods, nil).Complete()
	}
	return t
}

func tuple(t *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range t.Variables() {
		vars = append(vars, types.NewParam(v.Pos(), v.Pkg(), "", unnamed(v.Type())))
	}
	return types.NewTuple(vars...)
}
