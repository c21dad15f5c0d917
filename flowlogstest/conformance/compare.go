package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// Verdict is the comparison of a target with the double in one probe.
type Verdict struct {
	Probe   Probe
	NotRun  string // why the target has no record; empty: it has one
	Differs bool
	Known   string // why the difference is expected; see [Known]

	// Answer is what the target responded, if the rule is open.
	Answer string

	// Double and Target are the parts of the responses that differ.
	Double, Target string
}

// String returns the verdict on one line, without the probe.
func (v Verdict) String() string {
	var parts []string
	switch {
	case v.NotRun != "":
		parts = append(parts, "not run: "+v.NotRun)
	case v.Answer != "":
		parts = append(parts, fmt.Sprintf("settles %s: %s", v.Probe.Fact, v.Answer))
	case !v.Differs:
		parts = append(parts, "same")
	}
	if v.Differs {
		parts = append(parts, fmt.Sprintf("differs (double: %s, EC2: %s)", v.Double, v.Target))
	}
	if v.Known != "" {
		parts = append(parts, "known: "+v.Known)
	}
	return strings.Join(parts, "; ")
}

// Compare returns a verdict for each probe. A probe without a record was not run.
func Compare(probes []Probe, double, target []Record) []Verdict {
	verdicts := make([]Verdict, len(probes))
	for i, p := range probes {
		verdicts[i] = compare(p, find(double, p), find(target, p))
	}
	return verdicts
}

func find(records []Record, p Probe) Record {
	i := slices.IndexFunc(records, func(r Record) bool { return r.Probe == p.ID })
	if i < 0 {
		return Record{Probe: p.ID, NotRun: "no record"}
	}
	return records[i]
}

func compare(p Probe, double, target Record) Verdict {
	v := Verdict{Probe: p, NotRun: target.NotRun}
	if v.NotRun == "" {
		v.NotRun = double.NotRun
	}
	if v.NotRun != "" {
		return v
	}
	if p.Want == "" {
		v.Answer = target.Answer()
	}
	var here, there []string
	for i := range max(len(double.Calls), len(target.Calls)) {
		a, b := difference(double.call(i), target.call(i))
		if a != b {
			v.Differs = true
			here, there = append(here, a), append(there, b)
		}
	}
	v.Double, v.Target = strings.Join(here, " | "), strings.Join(there, " | ")
	if v.Differs {
		v.Known = Known[p.ID]
	}
	return v
}

func (r Record) call(i int) Call {
	if i < len(r.Calls) {
		return r.Calls[i]
	}
	return Call{Operation: "no call"}
}

// difference returns the lines that only one of two calls has, or what the calls are if
// one has succeeded and the other has not. Both are empty if nothing differs.
func difference(a, b Call) (onlyA, onlyB string) {
	if a.Status != b.Status {
		return a.String(), b.String()
	}
	if a.Operation == b.Operation && slices.Equal(a.Response, b.Response) {
		return "", ""
	}
	return a.Operation + " " + without(a, b), b.Operation + " " + without(b, a)
}

// without returns the lines of a that b lacks.
func without(a, b Call) string {
	var lines []string
	for _, line := range a.Response {
		if !slices.Contains(b.Response, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return "nothing more"
	}
	return strings.Join(lines, "; ")
}

// Answer sums up the responses on one line.
func (r Record) Answer() string {
	answers := make([]string, len(r.Calls))
	for i, c := range r.Calls {
		answers[i] = c.String()
	}
	return strings.Join(answers, " | ")
}

// String returns the status, and the code and message of an error, or the elements of
// any other response.
func (c Call) String() string {
	code, message := "", ""
	var lines []string
	for _, line := range c.Response {
		path, text, _ := strings.Cut(line, "=")
		switch {
		case path == "root" || strings.EqualFold(path, "requestId"):
		case path == "Errors.Error.Code":
			code = text
		case path == "Errors.Error.Message":
			message = text
		default:
			lines = append(lines, line)
		}
	}
	if code != "" {
		return fmt.Sprintf("%s %d %s: %s", c.Operation, c.Status, code, message)
	}
	return fmt.Sprintf("%s %d: %s", c.Operation, c.Status, strings.Join(lines, "; "))
}
