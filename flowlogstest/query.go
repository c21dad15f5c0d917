package flowlogstest

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// query is a request of the EC2 Query API, whose lists are flat: Name.1, Name.2 and so
// on, with case-sensitive names. See
// https://docs.aws.amazon.com/ec2/latest/devguide/Query-Requests.html
//
// [decode] reads the parameters of an operation. Then finish rejects all others, such as
// an item behind a gap in a list.
type query struct {
	action   string
	params   map[string]string
	prefixes map[string]bool // of the names, up to and including a dot
	read     map[string]bool
	err      *apiError // the first error of reading
}

// authentication names the parameters that sign a request in its query string, with
// signature version 4 or 2. They do not belong to the action.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
// https://docs.aws.amazon.com/general/latest/gr/signature-version-2.html
var authentication = map[string]bool{
	"X-Amz-Algorithm":      true,
	"X-Amz-Credential":     true,
	"X-Amz-Date":           true,
	"X-Amz-Expires":        true,
	"X-Amz-Security-Token": true,
	"X-Amz-Signature":      true,
	"X-Amz-SignedHeaders":  true,

	"AWSAccessKeyId":   true,
	"Expires":          true,
	"SecurityToken":    true,
	"Signature":        true,
	"SignatureMethod":  true,
	"SignatureVersion": true,
	"Timestamp":        true,
}

// versions are the versions of EC2's API that have flow logs, according to botocore's
// models:
// https://github.com/boto/botocore/tree/master/botocore/data/ec2
var versions = []string{"2015-04-15", "2015-10-01", "2016-04-01", "2016-09-15", "2016-11-15"}

func parseQuery(request string) (*query, *apiError) {
	values, err := url.ParseQuery(request)
	if err != nil {
		return nil, apiErrorf("MalformedQueryString", "The query string contains a syntax error")
	}
	q := &query{
		params:   make(map[string]string, len(values)),
		prefixes: make(map[string]bool),
		read:     make(map[string]bool, len(values)),
	}
	for name, all := range values {
		if authentication[name] {
			continue
		}
		if len(all) > 1 {
			return nil, apiErrorf("InvalidQueryParameter", "The parameter %s is given more than once", name)
		}
		q.params[name] = all[0]
		q.addPrefixes(name)
	}
	if q.action = q.params["Action"]; q.action == "" {
		return nil, apiErrorf("MissingAction", "The request is missing an action")
	}
	return q, nil
}

// addPrefixes records the prefixes of a name for given. The limit is that of
// "TagSpecification.1.Tag.1."; without one, a name of many dots would take quadratic
// time.
func (q *query) addPrefixes(name string) {
	end := 0
	for range 4 {
		dot := strings.IndexByte(name[end:], '.')
		if dot < 0 {
			return
		}
		end += dot + 1
		q.prefixes[name[:end]] = true
	}
}

// decode returns the input of an operation. The names of its fields are the names of the
// parameters, so a new parameter of the SDK needs no code here.
func decode[In any](q *query) (*In, *apiError) {
	in := new(In)
	q.fill(reflect.ValueOf(in).Elem(), "")
	return in, q.finish()
}

// fill sets the fields of a struct from the parameters whose names start with prefix.
func (q *query) fill(v reflect.Value, prefix string) {
	for i := range v.NumField() {
		q.set(v.Field(i), prefix+parameter(v.Type().Field(i)))
	}
}

// parameter returns the name of the parameter for a field. The name of a list is
// singular: ResourceIds are ResourceId.1, ResourceId.2 and so on.
func parameter(field reflect.StructField) string {
	switch {
	case field.Name == "Resources": // of CreateTags and DeleteTags
		return "ResourceId"
	case field.Type.Kind() == reflect.Slice:
		return strings.TrimSuffix(field.Name, "s")
	}
	return field.Name
}

func (q *query) set(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Pointer:
		if q.given(name) {
			v.Set(reflect.New(v.Type().Elem()))
			q.set(v.Elem(), name)
		}
	case reflect.Struct:
		q.fill(v, name+".")
	case reflect.Slice:
		for n := 1; ; n++ {
			itemName := numbered(name, n)
			if !q.given(itemName) {
				return
			}
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			q.set(v.Index(n-1), itemName)
		}
	case reflect.Bool:
		text := q.text(name)
		if text != "true" && text != "false" {
			q.fail(invalidValue(name, text))
		}
		v.SetBool(text == "true")
	case reflect.Int32:
		text := q.text(name)
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || text[0] == '+' {
			q.fail(invalidValue(name, text))
		}
		v.SetInt(n)
	default:
		v.SetString(q.text(name))
	}
}

// given reports whether the request has the parameter or members of it.
func (q *query) given(name string) bool {
	_, ok := q.params[name]
	return ok || q.prefixes[name+"."]
}

func (q *query) text(name string) string {
	q.read[name] = true
	return q.params[name]
}

// list returns the items of a list of strings.
func (q *query) list(name string) []string {
	var list []string
	for n := 1; q.given(numbered(name, n)); n++ {
		list = append(list, q.params[numbered(name, n)])
	}
	return list
}

func numbered(name string, n int) string { return name + "." + strconv.Itoa(n) }

func (q *query) fail(err *apiError) {
	if q.err == nil {
		q.err = err
	}
}

// finish returns the first error of reading, or an error for an unknown version or a
// parameter that was not read. A request without a version gets the latest.
func (q *query) finish() *apiError {
	if version, ok := q.params["Version"]; ok && !slices.Contains(versions, version) {
		return noSuchVersion(version)
	}
	if q.err != nil {
		return q.err
	}
	var unknown []string
	for name := range q.params {
		if !q.read[name] && name != "Action" && name != "Version" {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return unknownParameter(slices.Min(unknown))
	}
	return nil
}
