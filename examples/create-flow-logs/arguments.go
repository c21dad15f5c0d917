package main

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-flowlogs/flowlogs"
)

// commandLine is the given options by dest. Of options with the same dest, the last
// one applies.
type commandLine map[string]given

// given is an option on the command line.
type given struct {
	option *option
	typed  string // its name as the user typed it
	words  []string
}

func (l commandLine) has(dest string) bool {
	_, ok := l[dest]
	return ok
}

// word returns the word of a setting, or "" if it was not given.
func (l commandLine) word(dest string) string {
	if words := l[dest].words; len(words) > 0 {
		return words[0]
	}
	return ""
}

// parse reads the arguments as the AWS CLI does: a value follows its option as
// the next argument or after "=", and a name may be shortened as long as it is
// unambiguous. The error is a *flowlogs.ValidationError, as for all wrong usage.
func parse(args []string) (commandLine, error) {
	if len(args) == 1 && args[0] == "help" {
		args = []string{"--help"}
	}
	line := make(commandLine)
	for len(args) > 0 {
		if !isOption(args[0]) {
			return nil, wrong("argument", args[0], "belongs to no option")
		}
		name, value, hasValue := strings.Cut(args[0], "=")
		o, err := lookup(name)
		if err != nil {
			return nil, err
		}
		words := []string{value}
		args = args[1:]
		if !hasValue {
			n := 0
			for n < min(len(args), o.kind.most()) && !isOption(args[n]) {
				n++
			}
			words, args = args[:n], args[n:]
		}
		if o.kind == optional && len(words) == 0 {
			words = o.choices[:1]
		}
		g := given{option: o, typed: name, words: words}
		if err := g.check(hasValue); err != nil {
			return nil, err
		}
		line[o.dest] = g
	}
	return line, nil
}

// check checks the number of words and the choice among them.
func (g given) check(hasValue bool) error {
	for _, word := range g.words {
		if !utf8.ValidString(word) {
			return wrong(g.typed, word, "want UTF-8")
		}
	}
	switch {
	case g.option.kind == flag && hasValue:
		return wrong(g.typed, "", "takes no value")
	case g.option.kind.most() == 1 && len(g.words) == 0:
		return wrong(g.typed, "", "want a value")
	case g.option.choices != nil && len(g.words) > 0 && !slices.Contains(g.option.choices, g.words[0]):
		return wrong(g.typed, g.words[0], "want one of "+strings.Join(g.option.choices, ", "))
	}
	return nil
}

// most returns the largest number of words that the option takes.
func (k kind) most() int {
	switch k {
	case flag:
		return 0
	case list, structures:
		return math.MaxInt
	default:
		return 1
	}
}

var negativeNumber = regexp.MustCompile(`^-\d+$|^-\d*\.\d+$`)

// isOption tells options from values: an argument that begins with a dash is an
// option, unless no option has that name and it is a number or has a space in it.
func isOption(arg string) bool {
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	name, _, _ := strings.Cut(arg, "=")
	return len(named(name)) > 0 || !negativeNumber.MatchString(arg) && !strings.Contains(arg, " ")
}

// lookup returns the option with the name.
func lookup(name string) (*option, error) {
	switch found := named(name); len(found) {
	case 0:
		return nil, wrong(name, "", "unknown option; see --help")
	case 1:
		return found[0], nil
	default:
		names := make([]string, len(found))
		for i, o := range found {
			names[i] = "--" + o.name
		}
		return nil, wrong(name, "", "could be "+strings.Join(names, ", "))
	}
}

// named returns the option with the name, or all whose names begin with it.
func named(name string) []*option {
	begin, ok := strings.CutPrefix(name, "--")
	if !ok || begin == "" {
		return nil
	}
	var found []*option
	for i := range options {
		switch o := &options[i]; {
		case o.name == begin:
			return []*option{o}
		case strings.HasPrefix(o.name, begin):
			found = append(found, o)
		}
	}
	return found
}

// wrong returns a problem of the command line as an error.
func wrong(name, value, message string) error {
	return &flowlogs.ValidationError{Fields: []flowlogs.FieldError{{Field: name, Value: value, Message: message}}}
}
