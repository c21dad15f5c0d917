package awscli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
)

const helpEnd = `
Structures are written in the shorthand of the AWS CLI or in JSON. A value of
the form file://FILE is read from there; fileb:// is for input documents only.

The global options of the AWS CLI that this program does not have: %s.

The environment and the configuration files are read by the AWS SDK for Go. Unlike
the AWS CLI, it takes an empty variable such as AWS_PROFILE for one that is not set,
rejects unknown words in variables such as AWS_DEFAULTS_MODE, skips lines of the files
that it cannot read, and uses no proxy for localhost and 127.0.0.1. A skeleton of an
input document has sample values that go together.

A script under "set -e" that reads Unsuccessful itself lets status 1 pass:

  out=$(create-flow-logs …) || [ $? -eq 1 ]

Exit status: 0 all created, 1 some resources were unsuccessful, 130 interrupted,
252 wrong usage, 253 missing configuration, 254 rejected by EC2, 255 any other error.
`

// Print prints the help, the version or a sample of an input document, if the command
// asks for it, and reports whether it does.
func (l *Command) Print(w io.Writer) (bool, error) {
	skeleton := l.Word("generate-cli-skeleton")
	switch {
	case l.help:
		return true, printHelp(w)
	case l.version:
		return true, printVersion(w)
	case skeleton == "" || skeleton == "output":
		return false, nil
	case len(l.problems) > 0:
		return true, l.invalid()
	case skeleton == "yaml-input":
		return true, printYAMLSkeleton(w)
	default:
		_, err := io.WriteString(w, inputSkeleton)
		return true, err
	}
}

func printHelp(w io.Writer) error {
	var b strings.Builder
	b.WriteString("usage: create-flow-logs [options]\n")
	for _, group := range []struct {
		title   string
		options []option
	}{{"What is created", parameters}, {"Documents", documents}, {"How", globals}, {"Beyond the AWS CLI", own}} {
		fmt.Fprintf(&b, "\n%s:\n", group.title)
		for _, o := range group.options {
			fmt.Fprintf(&b, "  --%-28s %s\n", o.name, o.help)
		}
	}
	fmt.Fprintf(&b, helpEnd, strings.Join(missing, ", "))
	_, err := io.WriteString(w, b.String())
	return err
}

func printVersion(w io.Writer) error {
	version := "(devel)"
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" {
		version = build.Main.Version
	}
	_, err := fmt.Fprintf(w, "create-flow-logs/%s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
