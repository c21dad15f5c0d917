// Package awscli reads and prints as the AWS CLI's command create-flow-logs does: it
// reads the options, shorthand, JSON and YAML of a command line, and prints a response in
// the CLI's formats.
package awscli

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-flowlogs/flowlogs"
)

// Command is a command line. Its options are named as in the AWS CLI, without the dashes.
type Command struct {
	Settings Settings

	help     bool                  // it asks for the help
	version  bool                  // it asks for the version
	given    map[string]given      // by where the value goes; the last one counts
	members  map[string]any        // the parameters by their names in EC2's input
	problems []flowlogs.FieldError // each under the name that the user knows it by
	unread   map[string]bool       // the options that have a problem, by where their values go
}

// given is an option as the user gave it.
type given struct {
	option *option
	typed  string // its name, as the user spelled it
	words  []string
}

// Has reports whether an option was given and can be used.
func (l *Command) Has(dest string) bool {
	_, ok := l.given[dest]
	return ok
}

// Word is the one word of an option, empty if it was not given.
func (l *Command) Word(dest string) string {
	if words := l.given[dest].words; len(words) > 0 {
		return words[0]
	}
	return ""
}

func (l *Command) wrong(field, value, message string) {
	problem := flowlogs.FieldError{Field: field, Value: value, Message: message}
	if !slices.Contains(l.problems, problem) {
		l.problems = append(l.problems, problem)
	}
}

// reject adds a problem of an option, whose value is then not used.
func (l *Command) reject(g given, message string) {
	l.wrong(g.typed, strings.Join(g.words, " "), message)
	l.unread[g.option.dest] = true
	delete(l.given, g.option.dest)
}

// Parse reads a command line and the files that it names.
func Parse(args []string) *Command {
	l := split(args)
	if !l.help && !l.version {
		l.Settings = l.settings()
		l.members = l.parameters()
	}
	return l
}

// split reads the arguments in the two passes of the AWS CLI: the first takes the global
// options, wherever they are, and the second the options of the command from the rest.
func split(args []string) *Command {
	l := &Command{given: make(map[string]given), unread: make(map[string]bool)}
	left, _ := l.take(args, globals)
	if l.version {
		return l
	}
	if len(left) == 1 && left[0] == "help" {
		l.help = true
		return l
	}
	left, words := l.take(left, slices.Concat(parameters, documents, own))
	l.leftOver(left, words)
	l.help = l.help || l.Has("help")
	return l
}

// take reads the options of a table. It returns the other arguments, and for each whether
// it can only be a word, because it follows "--".
func (l *Command) take(args []string, table []option) (left []string, words []bool) {
	keep := func(word bool, args ...string) {
		left = append(left, args...)
		words = append(words, slices.Repeat([]bool{word}, len(args))...)
	}
	for len(args) > 0 {
		arg := args[0]
		if arg == "--" {
			keep(true, args...)
			return left, words
		}
		args = args[1:]
		if !isOption(arg, table) {
			keep(false, arg)
			continue
		}
		name, value, hasValue := strings.Cut(arg, "=")
		switch found := named(name, table); len(found) {
		case 0:
			keep(false, arg)
		case 1:
			g := given{option: found[0], typed: name, words: []string{value}}
			if !hasValue {
				n := 0
				for n < min(len(args), g.option.kind.most()) && args[n] != "--" && !isOption(args[n], table) {
					n++
				}
				g.words, args = args[:n:n], args[n:]
			}
			l.set(g, hasValue)
			if l.Has("version") && len(l.problems) == 0 {
				l.version = true // regardless of what follows
				return nil, nil
			}
		default:
			l.ambiguous(name, found)
			for len(args) > 0 && args[0] != "--" && !isOption(args[0], table) {
				args = args[1:] // its value
			}
		}
	}
	return left, words
}

// set checks the words of an option, and records it if they are right.
func (l *Command) set(g given, hasValue bool) {
	if g.option.kind == optional && len(g.words) == 0 {
		g.words = g.option.choices[:1]
	}
	for _, word := range g.words {
		if !utf8.ValidString(word) {
			l.reject(g, "want UTF-8")
			return
		}
	}
	switch {
	case g.option.kind == flag && hasValue:
		l.reject(g, "takes no value")
	case g.option.kind.most() == 1 && len(g.words) == 0:
		l.reject(g, "want a value")
	case g.option.choices != nil && !slices.Contains(g.option.choices, g.words[0]):
		l.reject(g, "want one of "+strings.Join(g.option.choices, ", "))
	default:
		l.given[g.option.dest] = g
	}
}

// leftOver reads the arguments that belong to no option: "help", or one empty word, which
// the AWS CLI accepts in its place. Any other is a problem.
func (l *Command) leftOver(left []string, words []bool) {
	ended, first := false, true
	unknown := false // the words of an unknown option belong to it
	for i, arg := range left {
		switch {
		case arg == "--" && words[i] && !ended:
			ended, unknown = true, false
		case !words[i] && isOption(arg, nil):
			name, _, _ := strings.Cut(arg, "=")
			l.wrong(name, "", "unknown option; see --help")
			unknown = name == arg
		case unknown:
		case first && (arg == "help" || arg == ""):
			first = false
			l.help = arg == "help" && l.complete()
		default:
			first = false
			l.wrong("argument", arg, "belongs to no option")
		}
	}
}

// complete reports whether the options that the AWS CLI requires are given; only then
// does it look for "help".
func (l *Command) complete() bool {
	skeleton := l.Word("generate-cli-skeleton")
	return l.Has("ResourceIds") && l.Has("ResourceType") || l.Has("cli-input-json") || l.Has("cli-input-yaml") ||
		skeleton != "" && skeleton != "output"
}

func (l *Command) ambiguous(name string, found []*option) {
	names := make([]string, len(found))
	for i, o := range found {
		names[i] = "--" + o.name
		l.unread[o.dest] = true
	}
	l.wrong(name, "", "could be "+strings.Join(names, ", "))
}

// most returns the maximum number of words of an option of this kind.
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

// isOption reports whether an argument is an option. It is if it begins with a dash and
// either names an option in the table, or is not a number and has no space.
func isOption(arg string, table []option) bool {
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	name, _, _ := strings.Cut(arg, "=")
	return len(named(name, table)) > 0 || !negativeNumber.MatchString(arg) && !strings.Contains(arg, " ")
}

// named returns the option with the name, or else the options whose names begin with it.
func named(name string, table []option) []*option {
	prefix, ok := strings.CutPrefix(name, "--")
	if name == "-h" {
		prefix, ok = "help", true
	}
	if !ok || prefix == "" {
		return nil
	}
	var found []*option
	for i := range table {
		switch o := &table[i]; {
		case o.name == prefix:
			return []*option{o}
		case strings.HasPrefix(o.name, prefix):
			found = append(found, o)
		}
	}
	return found
}
