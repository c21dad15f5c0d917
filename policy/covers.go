package policy

import (
	"slices"
	"strings"
)

// covers reports whether s, of the same effect, applies to every call that other
// applies to. Where that takes more than comparing patterns, the result is false.
func (s Statement) covers(other Statement) bool {
	return s.Effect == other.Effect &&
		s.hasPrincipalsOf(other) &&
		(len(s.Resource) == 0) == (len(other.Resource) == 0) &&
		matchAll(s.Action, other.Action, asAction) &&
		matchAll(s.Resource, other.Resource, asResource) &&
		s.hasConditionsWithin(other)
}

// related reports whether s and other are about the same calls of the same
// principals, if perhaps on other resources and under other conditions.
func (s Statement) related(other Statement) bool {
	return s.Effect == other.Effect &&
		s.hasPrincipalsOf(other) && other.hasPrincipalsOf(s) &&
		(len(s.Resource) == 0) == (len(other.Resource) == 0) &&
		(matchAll(s.Action, other.Action, asAction) || matchAll(other.Action, s.Action, asAction))
}

// joins reports whether s and a related statement differ in nothing but lists of
// which one statement can have both: that one applies to every call that one of
// them applies to.
func (s Statement) joins(other Statement) bool {
	return s.hasConditionKeysOf(other) && other.hasConditionKeysOf(s)
}

// hasPrincipalsOf compares by name: that a principal stands for others is not
// looked at, for a Sid with other principals is another statement's.
func (s Statement) hasPrincipalsOf(other Statement) bool {
	if len(s.Principal) == 0 || len(other.Principal) == 0 {
		return len(s.Principal) == len(other.Principal)
	}
	for kind, names := range other.Principal {
		for _, name := range names {
			if !slices.Contains(s.Principal[kind], name) {
				return false
			}
		}
	}
	return true
}

// hasConditionsWithin reports whether each condition of s is one of other's as
// well, and there at least as strict.
func (s Statement) hasConditionsWithin(other Statement) bool {
	for operator, keys := range s.Condition {
		for key, have := range keys {
			want, ok := valuesOf(other.Condition[operator], key)
			if !ok {
				return false
			}
			switch operator {
			case "StringEquals":
				ok = matchAll(have, want, asLiteral)
			case "StringLike":
				ok = matchAll(have, want, asIs)
			case "ArnEquals", "ArnLike": // behave identically
				ok = matchAll(have, want, asARN)
			default:
				ok = matchAll(have, want, asLiteral) && matchAll(want, have, asLiteral)
			}
			if !ok {
				return false
			}
		}
	}
	return true
}

// hasConditionKeysOf reports whether s has all condition keys of other, with
// operators by which a value more is a call more.
func (s Statement) hasConditionKeysOf(other Statement) bool {
	for operator, keys := range other.Condition {
		switch operator {
		case "StringEquals", "StringLike", "ArnEquals", "ArnLike":
		default:
			return false
		}
		for key := range keys {
			if _, ok := valuesOf(s.Condition[operator], key); !ok {
				return false
			}
		}
	}
	return true
}

// valuesOf finds a condition key, whose name is not case-sensitive.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
func valuesOf(keys map[string][]string, key string) ([]string, bool) {
	if list, ok := keys[key]; ok {
		return list, true
	}
	for name, list := range keys {
		if strings.EqualFold(name, key) {
			return list, true
		}
	}
	return nil, false
}

// matchAll reports whether each of list is matched by one of patterns.
func matchAll(patterns, list []string, matches func(pattern, s string) bool) bool {
	for _, s := range list {
		if !slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, s) }) {
			return false
		}
	}
	return true
}

func asLiteral(pattern, s string) bool { return pattern == s }

// asAction: names of actions are not case-sensitive.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
func asAction(pattern, s string) bool { return asIs(strings.ToLower(pattern), strings.ToLower(s)) }

// asResource: * stands for all, and otherwise it is taken for an ARN. IAM lets some
// patterns match across its parts; that is not relied on.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func asResource(pattern, s string) bool { return pattern == "*" || asARN(pattern, s) }

// asARN compares each of the six parts of an ARN by itself.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func asARN(pattern, s string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(s, ":", 6)
	if len(patterns) < 6 || len(parts) < 6 {
		return pattern == s
	}
	for i := range parts {
		if !asIs(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

// asIs reports whether a pattern matches all that s matches, which may itself be a
// pattern: * stands for any characters, ? for one.
func asIs(pattern, s string) bool {
	// at and next are where to resume after the last * if what follows it does not
	// match: it then stands for one character more.
	p, i, at, next := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			at, next = p, i
			p++
		case p < len(pattern) && (pattern[p] == s[i] || pattern[p] == '?' && s[i] != '*'):
			p++
			i++
		case at >= 0:
			next++
			p, i = at+1, next
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
