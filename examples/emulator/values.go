package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The forms of values. EC2 rejects malformed values, so one in a list would have no
// effect.
var (
	regionPattern   = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	accountPattern  = regexp.MustCompile(`^[0-9]{12}$`)
	resourcePattern = regexp.MustCompile(`^(vpc|subnet|eni|tgw|tgw-attach|nat)-([0-9a-f]{8}|[0-9a-f]{17})$`)
	bucketPattern   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	logGroupPattern = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	rolePattern     = regexp.MustCompile(`^arn:[^:]+:iam::[0-9]{12}:role/.+$`)
)

func parseRegion(s string) (string, error) {
	return matching(s, regionPattern, "want a Region, such as us-east-1")
}

func parseAccount(s string) (string, error) {
	return matching(s, accountPattern, "want 12 digits")
}

func matching(s string, pattern *regexp.Regexp, want string) (string, error) {
	if !pattern.MatchString(s) {
		return "", errors.New(want)
	}
	return s, nil
}

func parseIDs(s string) ([]string, error) {
	return listOf(s, resourcePattern, "the ID of a resource, such as vpc-0a1b2c3d")
}

func parseBuckets(s string) ([]string, error) {
	return listOf(s, bucketPattern, "the name of a bucket, such as my-flow-logs")
}

func parseLogGroups(s string) ([]string, error) {
	return listOf(s, logGroupPattern, "the name of a log group, such as my-flow-logs")
}

func parseRoles(s string) ([]string, error) {
	return listOf(s, rolePattern, "the ARN of a role, such as arn:aws:iam::123456789012:role/publishFlowLogs")
}

// parseFailing parses IDs as parseIDs does, but rejects an empty list.
func parseFailing(s string) ([]string, error) {
	if s == "" {
		return nil, errors.New("want the IDs of resources, such as vpc-0a1b2c3d")
	}
	return parseIDs(s)
}

// listOf returns the elements between commas, none if s is empty.
func listOf(s string, pattern *regexp.Regexp, want string) ([]string, error) {
	if s == "" {
		return []string{}, nil
	}
	list := strings.Split(s, ",")
	for _, element := range list {
		if !pattern.MatchString(element) {
			return nil, fmt.Errorf("%q: want %s", element, want)
		}
	}
	return list, nil
}

func parseBurst(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, errors.New("want a whole number, 1 or more")
	}
	return n, nil
}

func parsePerSecond(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n >= 0) || math.IsInf(n, 0) {
		return 0, errors.New("want a number, 0 or more")
	}
	return n, nil
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("want a duration, such as 300ms or 2s")
	}
	return d, nil
}
