// Command api keeps the exported API of the module in api/, as Go keeps its own: a
// line for each constant, variable, function, type, field and method.
//
//	go run ./.ci/api                   # fails if a line of the last release is gone
//	go run ./.ci/api -write v0.2.0     # writes api/v0.2.0.txt and empties api/next.txt
//	go run ./.ci/api -release v0.2.0   # fails unless api/v0.2.0.txt is exactly the API
//
// The last release is the file of the highest version. A line of it may go only if
// api/next.txt has the same line, " // " and a reason. A line that changes is one that
// goes, and one that comes. Whatever comes needs no reason: an interface is a single
// line, because a method more breaks its implementations.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const nextHeader = `# Lines of the last release that the next one removes or changes, each with its reason:
# pkg flowlogs, func Example() error // the reason
`

func main() {
	write := flag.String("write", "", "write the API of this `version`")
	release := flag.String("release", "", "check that the API is that of this `version`")
	flag.Parse()
	if err := run("api", *write, *release); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(dir, write, release string) error {
	packages, err := list()
	if err != nil {
		return err
	}
	current, err := describe(packages)
	if err != nil {
		return err
	}
	next := filepath.Join(dir, "next.txt")
	switch {
	case write != "":
		if err := os.WriteFile(filepath.Join(dir, write+".txt"), []byte(strings.Join(current, "\n")+"\n"), 0o644); err != nil {
			return err
		}
		return os.WriteFile(next, []byte(nextHeader), 0o644)
	case release != "":
		released, err := read(filepath.Join(dir, release+".txt"))
		if err != nil {
			return err
		}
		if !slices.Equal(released, current) {
			return fmt.Errorf("api/%s.txt is not the exported API: run go run ./.ci/api -write %[1]s", release)
		}
		return nil
	}
	last, err := newest(dir)
	if err != nil {
		return err
	}
	released, err := read(last)
	if err != nil {
		return err
	}
	excused, err := read(next)
	if err != nil {
		return err
	}
	return compare(filepath.Base(last), released, current, excused)
}

// compare returns an error for each released line that is gone without an excuse, and
// for each excuse without a line that is gone or without a reason.
func compare(last string, released, current, excused []string) error {
	var problems []error
	var gone []string
	for _, line := range released {
		if _, found := slices.BinarySearch(current, line); !found {
			gone = append(gone, line)
		}
	}
	for _, excuse := range excused {
		line, reason, _ := strings.Cut(excuse, " // ")
		i := slices.Index(gone, line)
		switch {
		case i < 0:
			problems = append(problems, fmt.Errorf("api/next.txt: not a line of %s that is gone: %s", last, line))
			continue
		case strings.TrimSpace(reason) == "":
			problems = append(problems, fmt.Errorf("api/next.txt: no reason: %s", line))
		}
		gone = slices.Delete(gone, i, i+1)
	}
	for _, line := range gone {
		problems = append(problems, fmt.Errorf("gone or changed since %s, and not in api/next.txt: %s", last, line))
	}
	return errors.Join(problems...)
}

// newest returns the file of the highest version.
func newest(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "v*.txt"))
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("%s has no v*.txt", dir)
	}
	return slices.MaxFunc(files, func(a, b string) int { return slices.Compare(version(a), version(b)) }), nil
}

// version returns the numbers of a file's name.
func version(file string) []int {
	var numbers []int
	for _, part := range strings.Split(strings.Trim(filepath.Base(file), "v.tx"), ".") {
		n, _ := strconv.Atoi(part) // zero: no version, so none of the newest
		numbers = append(numbers, n)
	}
	return numbers
}

// read returns the lines of a file that are neither empty nor a comment.
func read(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(text), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" || strings.HasPrefix(line, "#") }), nil
}

// listed is a package that the go command lists, and the file with its types.
type listed struct {
	path, export string
	ours         bool
}

func list() ([]listed, error) {
	const format = "{{.ImportPath}}\t{{.Export}}\t{{with .Module}}{{.Main}}{{end}}\t{{.Name}}"
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", format, "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.Bytes())
	}
	var packages []listed
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		exported := f[3] != "main" && !slices.Contains(strings.Split(f[0], "/"), "internal")
		packages = append(packages, listed{f[0], f[1], f[2] == "true" && exported})
	}
	return packages, nil
}
