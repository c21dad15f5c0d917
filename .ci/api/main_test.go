package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"
)

func TestDescribe_HasALineForWhateverIsExported(t *testing.T) {
	t.Parallel()
	const source = `package p
import "io"
const C = 1
var V []func(name string) error
var hidden int
func F(a, b int, options ...func(o *S)) (n int, err error) { return 0, nil }
type A = S
type I interface { io.Closer; M(x int) }
type Sealed interface { hidden() }
type S struct { Exported string; embedded; hidden int }
type embedded struct{}
func (embedded) FromEmbedded() {}
func (S) OnValue() {}
func (*S) OnPointer(name string) {}
func (*S) method() {}
type G[T comparable] struct { Value T }
type N int
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := (&types.Config{Importer: importer.Default()}).Check("github.com/go-flowlogs/p", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(`pkg p, const C untyped int = 1
pkg p, func F(int, int, ...func(*S)) (int, error)
pkg p, method (*S) OnPointer(string)
pkg p, method (S) FromEmbedded()
pkg p, method (S) OnValue()
pkg p, type A = S
pkg p, type G[T comparable] struct
pkg p, type G struct, Value T
pkg p, type I interface{Close() error; M(int)}
pkg p, type N int
pkg p, type S struct
pkg p, type S struct, Exported string
pkg p, type Sealed interface{unexported()}
pkg p, var V []func(string) error`, "\n")
	got := (&describer{pkg: pkg}).describe()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCompare_WantsAReasonForEachLineThatIsGone(t *testing.T) {
	t.Parallel()
	const a, b, c = "pkg p, func A()", "pkg p, func B()", "pkg p, func C()"
	for _, tt := range []struct {
		name             string
		current, excused []string
		want             string
	}{
		{"nothing has changed", []string{a, b}, nil, ""},
		{"a line has come", []string{a, b, c}, nil, ""},
		{"a line is gone", []string{a}, nil, "gone or changed since v0.1.0.txt, and not in api/next.txt: " + b},
		{"a line is gone for a reason", []string{a}, []string{b + " // unused"}, ""},
		{"a line is gone without a reason", []string{a}, []string{b}, "api/next.txt: no reason: " + b},
		{"a line is excused and still there", []string{a, b}, []string{b + " // unused"}, "api/next.txt: not a line of v0.1.0.txt that is gone: " + b},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := compare("v0.1.0.txt", []string{a, b}, tt.current, tt.excused); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestVersion_OrdersByNumber(t *testing.T) {
	t.Parallel()
	if slices.Compare(version("api/v0.10.0.txt"), version("api/v0.9.1.txt")) <= 0 {
		t.Error("v0.10.0 is newer than v0.9.1")
	}
}
