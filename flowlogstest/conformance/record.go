package conformance

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Record is what an EC2 responded to the calls of a probe, with references in place of
// whatever differs from one run to the next. It can be given away: it tells nothing of
// the account.
type Record struct {
	Probe  string `json:"probe"`
	NotRun string `json:"notRun,omitempty"` // why there are no calls
	Calls  []Call `json:"calls,omitempty"`
}

// Call is one call of a Record.
type Call struct {
	Operation string   `json:"operation"`
	Status    int      `json:"status"`   // 0: no response
	Response  []string `json:"response"` // the elements of the response as path=text
}

// normalizer replaces the values of one probe by references, in the order in which they
// appear.
type normalizer struct {
	known  *strings.Replacer
	refs   map[string]string
	counts map[string]int
	tokens []string
}

func newNormalizer(env Env) *normalizer {
	n := &normalizer{refs: map[string]string{}, counts: map[string]int{}}
	values := env.values()
	var pairs []string
	// What contains another value comes before it.
	for _, name := range []string{"<role>", "<no-role>", "<no-bucket>", "<bucket>", "<log-group>", "<account>", "<region>", "<run>"} {
		if values[name] != "" {
			pairs = append(pairs, values[name], name)
		}
	}
	n.known = strings.NewReplacer(pairs...)
	return n
}

func (n *normalizer) calls(exchanges []exchange) []Call {
	var calls []Call
	for _, e := range exchanges {
		for _, name := range slices.Sorted(maps.Keys(e.form)) {
			n.leaf(name, "", e.form.Get(name)) // the caller's values get the first references
		}
		calls = append(calls, Call{e.operation, e.status, n.response(e)})
	}
	return calls
}

func (n *normalizer) response(e exchange) []string {
	if e.status == 0 {
		return []string{"no response"}
	}
	var root element
	if err := xml.Unmarshal(e.body, &root); err != nil {
		return []string{"not XML: " + n.text(http.DetectContentType(e.body))}
	}
	return n.flatten([]string{"root=" + root.XMLName.Local}, root, "", "")
}

// flatten appends a line for each leaf. The elements of a list keep their order; all
// others are sorted, because EC2 promises no order. Scope is the flow log that they
// describe.
// https://docs.aws.amazon.com/ec2/latest/devguide/Query-Requests.html
func (n *normalizer) flatten(lines []string, e element, path, scope string) []string {
	if len(e.Children) == 0 {
		return append(lines, path+"="+n.leaf(e.XMLName.Local, scope, e.Text))
	}
	for _, child := range e.Children {
		if child.XMLName.Local == "flowLogId" {
			scope = child.Text
		}
	}
	slices.SortStableFunc(e.Children, func(a, b element) int { return strings.Compare(a.XMLName.Local, b.XMLName.Local) })
	for i, child := range e.Children {
		name := child.XMLName.Local
		if name == "item" {
			name = fmt.Sprint(i + 1)
		}
		lines = n.flatten(lines, child, strings.TrimPrefix(path+"."+name, "."), scope)
	}
	return lines
}

var (
	resourceID = regexp.MustCompile(`\b(tgw-attach|vpc|subnet|eni|tgw|nat|fl)-(?:[0-9a-f]{17}|[0-9a-f]{8})\b`)
	timestamp  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	principal  = regexp.MustCompile(`arn:[a-z-]+:(iam|sts)::\d{12}:(root|(user|assumed-role|federated-user)/[^\s"]+)`)
	encoded    = regexp.MustCompile(`(Encoded authorization failure message: )\S+`)
)

func (n *normalizer) leaf(name, scope, value string) string {
	switch strings.ToLower(name) {
	case "requestid":
		return n.ref("request", "", value)
	case "nexttoken":
		if value == "" {
			return ""
		}
		return n.ref("page", "", value)
	case "clienttoken":
		if len(value) < 16 { // too short to be found in a message
			return n.text(value)
		}
		if !slices.Contains(n.tokens, value) {
			n.tokens = append(n.tokens, value)
		}
		return n.ref("token", "", value)
	}
	if timestamp.MatchString(value) {
		return n.ref("time", scope, value) // of one flow log: others may have the same by chance
	}
	return n.text(value)
}

func (n *normalizer) text(s string) string {
	for _, token := range n.tokens {
		s = strings.ReplaceAll(s, token, n.ref("token", "", token))
	}
	s = principal.ReplaceAllString(s, "<principal>")
	s = encoded.ReplaceAllString(s, "$1<encoded>")
	s = resourceID.ReplaceAllStringFunc(s, func(id string) string {
		return n.ref(id[:strings.LastIndexByte(id, '-')], "", id)
	})
	return n.known.Replace(s)
}

// ref returns the reference to a value. Those of a kind are numbered from 1 in each scope.
func (n *normalizer) ref(kind, scope, value string) string {
	key := kind + " " + scope + " " + value
	if n.refs[key] == "" {
		n.counts[kind+scope]++
		n.refs[key] = fmt.Sprintf("<%s:%d>", kind, n.counts[kind+scope])
	}
	return n.refs[key]
}

// element is an element of an XML document.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}
