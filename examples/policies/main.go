// Command policies prints the permissions that a request for flow logs needs:
// every document, or one of them to hand to the AWS CLI.
//
//	go -C examples run ./policies -account 123456789012 -region us-east-1 -type VPC -bucket arn:aws:s3:::my-flow-logs
//
// A request is a file as the AWS CLI takes it with --cli-input-json, or flags. One
// document can be merged into the policy that is there:
//
//	aws s3api get-bucket-policy --bucket my-flow-logs --query Policy --output text > policy.json
//	aws s3api put-bucket-policy --bucket my-flow-logs --policy "$(go -C examples run ./policies -account 123456789012 \
//		-region us-east-1 -type VPC -bucket arn:aws:s3:::my-flow-logs -only bucket -merge "$PWD/policy.json")"
//
// It calls nothing: what it prints is for someone with the permissions to put it in
// place. -help shows all flags.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-flowlogs/flowlogs/policy"
)

func main() {
	err := run(os.Args[1:], os.Stdin, os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "policies:", err)
		os.Exit(1)
	}
}

// run prints nothing but what it was asked for, and nothing where it fails.
func run(args []string, stdin io.Reader, stdout io.Writer) error {
	o, err := parse(args, stdin, stdout)
	if err != nil {
		return err
	}
	policies, err := policy.For(o.request, o.account, func(p *policy.Options) { *p = o.options })
	if err != nil {
		return o.explain(err)
	}
	text, err := o.text(policies, stdin)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s\n", text)
	return err
}

// text is what is printed.
func (o options) text(policies *policy.Policies, stdin io.Reader) ([]byte, error) {
	if o.only == "" {
		return json.MarshalIndent(policies, "", "    ")
	}
	d := documentOf(policies, o.only)
	if d == nil {
		return nil, fmt.Errorf("-only %s: this destination needs no such document, only %s", o.only, strings.Join(needed(policies), ", "))
	}
	if o.merge == "" {
		return json.MarshalIndent(d, "", "    ")
	}
	existing, err := readFile(o.merge, stdin)
	if err != nil {
		return nil, fmt.Errorf("-merge: %w", err)
	}
	return d.Merge(existing)
}

// documents are the names of -only.
var documents = []string{
	"caller", "role-trust", "role-permissions", "destination-role-trust", "destination-role-permissions", "bucket", "key",
}

func documentOf(p *policy.Policies, name string) *policy.Document {
	return map[string]*policy.Document{
		"caller":                       p.Caller,
		"role-trust":                   p.RoleTrust,
		"role-permissions":             p.RolePermissions,
		"destination-role-trust":       p.DestinationRoleTrust,
		"destination-role-permissions": p.DestinationRolePermissions,
		"bucket":                       p.Bucket,
		"key":                          p.Key,
	}[name]
}

func needed(p *policy.Policies) []string {
	var names []string
	for _, name := range documents {
		if documentOf(p, name) != nil {
			names = append(names, name)
		}
	}
	return names
}

// readFile reads a file, or what comes in where its name is "-". The result is
// never nil: an empty file is no policy.
func readFile(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(strings.TrimPrefix(name, "file://"))
}
