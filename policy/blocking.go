package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Blocking returns the statements of an existing policy, in their order, that deny a call
// that d allows. They take precedence, so the call fails with d merged too. The existing
// policy is read as by [Document.Merge]; nil has no statements.
//
// For the policy of a bucket or a key and for the trust of a role, the call is a delivery.
// A service sends it over TLS, for the accounts and flow logs that d names, with the ACL
// header that d demands. It belongs to no organization, network or user, so a statement
// that denies all but certain ones is blocking, unless it makes an exception with
// aws:PrincipalIsAWSService. A statement that demands another header is blocking, too: that
// no encryption header is sent is inferred from S3's access logs.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalisawsservice
// https://github.com/aws-quickstart/quickstart-compliance-common/issues/29
//
// A condition counts as not met if d does not say the value of its key, such as the time.
// In the policy of a user or role, that is any key but those of d.
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
	for _, s := range t.statements {
		if s.statement.Effect != "Deny" {
			continue
		}
		if s.err != nil {
			return nil, fmt.Errorf("policy: blocking: %w", s.err)
		}
		if slices.ContainsFunc(d.Statement, s.statement.blocks) {
			blocking = append(blocking, s.statement)
		}
	}
	return blocking, nil
}

// blocks reports whether s, which denies, applies to a call that allowed allows.
func (s Statement) blocks(allowed Statement) bool {
	for operator, keys := range s.Condition {
		for key, values := range keys {
			have, known := allowed.context(key)
			if !known || !isMet(operator, values, have) {
				return false
			}
		}
	}
	denied, called := s.lists(), allowed.lists()
	// An empty list is named too: policies of users have no principals, and those of roles
	// no resources.
	isNamed := func(member string) bool {
		patterns, not, list := denied[[2]string{member}], denied[[2]string{"Not" + member}], called[[2]string{member}]
		if len(not) > 0 {
			return !covers(not, list, matches)
		}
		return len(list) == 0 ||
			slices.ContainsFunc(list, func(s string) bool { return covers(patterns, []string{s}, matches) })
	}
	// In the policy of a key, * is the key, which may also have its ARN.
	isKey := len(allowed.Principal) > 0 && slices.Contains(allowed.Resource, "*")
	return allowed.Effect == "Allow" && isNamed("Principal") && isNamed("Action") && (isKey || isNamed("Resource"))
}

// unknownKeys are, or may be, in the context of a delivery with a value that is not known.
var unknownKeys = regexp.MustCompile(`(?i)^(aws:(CurrentTime|EpochTime|RequestedRegion|Resource.*|Source(Account|Arn|Org.*))|` +
	`s3:(ResourceAccount|authType|signature.*|TlsVersion)|kms:(ViaService|CallerAccount|Encryption.*))$`)

// context returns the values of a condition key in the calls that s allows: one in each
// call, or none in any.
func (s Statement) context(key string) (values []string, known bool) {
	key = strings.ToLower(key)
	for name, list := range s.lists() {
		if name[1] == key && matchers[name[0]] != nil {
			return list, true
		}
	}
	if len(s.Principal) == 0 {
		return nil, false // who calls with the policy of a user or role is not known
	}
	switch key {
	case "aws:principalisawsservice", "aws:securetransport":
		return []string{"true"}, true
	case "aws:viaawsservice":
		return []string{"false"}, true
	case "aws:principalservicename", "aws:principalservicenameslist":
		return s.Principal["Service"], true
	}
	return nil, !unknownKeys.MatchString(key)
}

// isMet reports whether a condition is met by one of the values that the calls have or, if
// there are none, by a call without the key.
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
