package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Blocking returns the statements of an existing policy, in their order, that deny what d
// allows. Such a policy rejects the delivery even with d merged into it; existing is read
// as [Document.Merge] reads it.
//
// It is meant for the policy of a bucket or a key, and for a role's trust. A delivery is
// taken for a call of a service, by TLS, from the accounts and flow logs that d names, with
// the ACL header that d demands and no other. It has no network, no organization and no
// user, so a statement that denies all but certain addresses, VPC endpoints or principals
// is blocking, unless it makes an exception for aws:PrincipalIsAWSService. So is one that
// demands an encryption header. A condition on what is not known, such as a time, counts as
// not met, and one on what the caller of an identity policy may be, too.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
//
// The error wraps a *[flowlogs.FieldError]: existing is not a policy, or has a statement
// that denies and that a Statement cannot hold.
func (d *Document) Blocking(existing []byte) ([]Statement, error) {
	if d == nil || existing == nil {
		return nil, nil
	}
	t, err := parse(existing)
	if err != nil {
		return nil, fmt.Errorf("policy: blocking: %w", err)
	}
	var blocking []Statement
	for i, raw := range t.statements {
		if members, _ := parseObject(raw); string(valueOf(members, "Effect")) != `"Deny"` {
			continue
		}
		var s Statement
		if err := s.UnmarshalJSON(raw); err != nil {
			return nil, fmt.Errorf("policy: blocking: %w", within("Statement["+strconv.Itoa(i)+"]", err))
		}
		if slices.ContainsFunc(d.Statement, s.blocks) {
			blocking = append(blocking, s)
		}
	}
	return blocking, nil
}

// blocks reports whether s, which denies, applies to a call that allowed is for.
func (s Statement) blocks(allowed Statement) bool {
	for operator, keys := range s.Condition {
		for key, values := range keys {
			have, known := allowed.context(key)
			if !known || !isMet(operator, values, have) {
				return false
			}
		}
	}
	return allowed.Effect == "Allow" &&
		isNamed(principals(s.Principal), principals(s.NotPrincipal), principals(allowed.Principal)) &&
		isNamed(lower(s.Action), lower(s.NotAction), lower(allowed.Action)) &&
		isNamed(s.Resource, s.NotResource, allowed.Resource)
}

// isNamed reports whether patterns match one of list, or not does not. An empty list is
// named too: policies of users have no principals, and those of roles no resources.
func isNamed(patterns, not, list []string) bool {
	if len(not) > 0 {
		return !covers(not, list, matches)
	}
	return len(list) == 0 ||
		slices.ContainsFunc(list, func(s string) bool { return covers(patterns, []string{s}, matches) })
}

// unknownKeys are in the context of a delivery, or may be, with a value that d does not
// say.
var unknownKeys = regexp.MustCompile(`(?i)^(aws:(CurrentTime|EpochTime|RequestedRegion|Resource.*|Source(Account|Arn|Org.*))|` +
	`s3:(ResourceAccount|authType|signature.*|TlsVersion)|kms:(ViaService|CallerAccount|Encryption.*))$`)

// context returns the values of a condition key in the calls that s is for: each call has
// one, and none if there are none.
func (s Statement) context(key string) (values []string, known bool) {
	key = strings.ToLower(key)
	for name, list := range s.lists() {
		if name[1] == key && matchers[name[0]] != nil {
			return list, true
		}
	}
	switch key {
	case "aws:principalisawsservice":
		return []string{"true"}, len(s.Principal) > 0
	case "aws:principalservicename", "aws:principalservicenameslist":
		return s.Principal["Service"], len(s.Principal) > 0
	case "aws:securetransport":
		return []string{"true"}, true
	case "aws:viaawsservice":
		return []string{"false"}, len(s.Principal) > 0
	}
	return nil, len(s.Principal) > 0 && !unknownKeys.MatchString(key)
}

// isMet reports whether a condition is met by one of the values that the calls have, or
// by a call without one if there are none.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func isMet(operator string, patterns, have []string) bool {
	like := strings.Contains(operator, "Like") || strings.HasPrefix(operator, "Arn")
	not := strings.Contains(operator, "Not")
	if operator == "Null" {
		return slices.Contains(lower(patterns), strconv.FormatBool(len(have) == 0))
	}
	if len(have) == 0 {
		return strings.HasSuffix(operator, "IfExists") || strings.HasPrefix(operator, "ForAllValues:") ||
			not && !strings.HasPrefix(operator, "ForAnyValue:")
	}
	return slices.ContainsFunc(have, func(value string) bool {
		return not != slices.ContainsFunc(patterns, func(pattern string) bool {
			return strings.EqualFold(pattern, value) || like && matches(pattern, value)
		})
	})
}

// matches reports whether s is named by a pattern, in which * and ? are wildcards.
func matches(pattern, s string) bool {
	expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("^(?s:" + expression + ")$").MatchString(s)
}
