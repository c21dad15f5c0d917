package main

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-flowlogs/flowlogs"
)

// commandLine is the options that were given, by where their values go. Of
// options to the same place the last one counts.
type commandLine map[string]given

// given is an option as it was given.
type given struct {
	option *option
	typed  string // its name, as the user spelled it
	words  []string
}

func (l commandLine) has(dest string) bool {
	_, ok := l[dest]
	return ok
}

// word is the one word of a setting, empty where it was not given.
func (l commandLine) word(dest string) string {
	if words := l[dest].words; len(words) > 0 {
		return words[0]
	}
	return ""
}

// parse reads the arguments as the AWS CLI does: a value follows its option as
// the next argument or after "=", and a name may be cut short as long as it is
// clear. The error is a *flowlogs.ValidationError, as for all wrong usage.
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

// most is how many words such an option takes at most.
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

// isOption tells options from values: what begins with a dash is an option,
// unless it is a number or has a space in it and no option is named so.
func isOption(arg string) bool {
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	name, _, _ := strings.Cut(arg, "=")
	return len(named(name)) > 0 || !negativeNumber.MatchString(arg) && !strings.Contains(arg, " ")
}

// lookup is the one option of the name.
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

// named are the options with the name, or else those whose names begin with it.
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

// wrong is one problem of the command line.
func wrong(name, value, message string) error {
	return &flowlogs.ValidationError{Fields: []flowlogs.FieldError{{Field: name, Value: value, Message: message}}}
}
