package flowlogs

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// ValidationError is temporary here.
type ValidationError struct {
	Fields []FieldError // every problem, at least one
}

func (e *ValidationError) Error() string {
	const most = 10 // in one line; Fields has them all
	var b strings.Builder
	b.WriteString("flowlogs: invalid request: ")
	for i, f := range e.Fields[:min(most, len(e.Fields))] {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(f.Error())
	}
	b.WriteString(andMore(len(e.Fields) - most))
	return b.String()
}

func (e *ValidationError) Unwrap() []error {
	errs := make([]error, len(e.Fields))
	for i := range e.Fields {
		errs[i] = &e.Fields[i]
	}
	return errs
}

type FieldError struct {
	Field   string // a path: "Destination.RoleARN", "ResourceIDs[17]"
	Value   string // as it was given; empty where nothing was
	Message string // what would be right
	Unknown bool
}

func (e *FieldError) Error() string {
	if e.Value == "" {
		return e.Field + ": " + e.Message
	}
	return e.Field + " " + quote(e.Value) + ": " + e.Message
}

func (e *FieldError) Is(target error) bool { return target == error(ErrInvalidParameter) }

func (r *Request) validate(region string, _ func(*FieldError) bool) error {
	return r.validateFor(region)
}

func (r *Request) validateSettings(region string, _ func(*FieldError) bool) error {
	v := validator{paths: &requestPaths, region: region}
	r.checkSettings(&v, r.ResourceType)
	return v.err()
}

func validateIDs(t ResourceType, ids []string, _ func(*FieldError) bool) error {
	v := validator{paths: &requestPaths}
	v.resources(t, ids)
	return v.err()
}

func validateToken(token string) error {
	v := validator{paths: &requestPaths}
	if token == "" {
		v.add(v.paths.clientToken, "", "Options.Token made an empty one")
	}
	v.token(token)
	return v.err()
}

func (r *Request) template() *ec2.CreateFlowLogsInput { return r.settings() }

func limitOf(t ResourceType) int {
	if r := ruleOf(t); r != nil {
		return r.limit
	}
	return 300
}

func copyInput(in *ec2.CreateFlowLogsInput) *ec2.CreateFlowLogsInput {
	c := *in
	c.ResourceIds = slices.Clone(in.ResourceIds)
	var strings [6]string
	m := &strings
	for i, p := range []**string{&c.ClientToken, &c.LogGroupName, &c.LogDestination, &c.DeliverLogsPermissionArn, &c.DeliverCrossAccountRole, &c.LogFormat} {
		if *p != nil {
			m[i] = **p
			*p = &m[i]
		}
	}
	if in.DestinationOptions != nil {
		options := *in.DestinationOptions
		c.DestinationOptions = &options
	}
	c.TagFieldSpecifications = slices.Clone(in.TagFieldSpecifications)
	for i, s := range c.TagFieldSpecifications {
		c.TagFieldSpecifications[i].TagKeys = slices.Clone(s.TagKeys)
	}
	c.TagSpecifications = slices.Clone(in.TagSpecifications)
	for i, s := range c.TagSpecifications {
		c.TagSpecifications[i].Tags = slices.Clone(s.Tags)
	}
	return &c
}

type Observer interface{ Observe(Attempt) }

type Attempt struct {
	Sent     time.Time
	Reason   Reason
	Canceled bool
}

func NewLimiter() Limiter { return newPacer() }

func (p *pacer) Observe(a Attempt) {
	if !a.Canceled {
		p.learn(a.Sent, a.Reason)
	}
}

var NoLimit Limiter = noLimit{}

type noLimit struct{}

func (noLimit) Wait(ctx context.Context) error { return ctx.Err() }
