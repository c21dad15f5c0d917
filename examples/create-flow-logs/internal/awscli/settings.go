package awscli

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Settings are the global options that need parsing.
type Settings struct {
	Endpoint       string        // empty: that of AWS
	Query          *Query        // nil: everything
	ReadTimeout    time.Duration // 0: no limit
	ConnectTimeout time.Duration // 0: no limit
}

// hostLabel matches a part of the name of a host, which the name of a Region becomes.
var hostLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// goNames matches the Go names in the messages of package jmespath: the name of the
// error, and the first letter of the names of tokens.
var goNames = regexp.MustCompile(`^SyntaxError: |\bt([A-Z][a-z])`)

// settings reads the global options and adds their problems.
func (l *Command) settings() Settings {
	var s Settings
	if g, ok := l.given["region"]; ok && g.words[0] != "" && !hostLabel.MatchString(g.words[0]) {
		l.reject(g, "want the name of a Region such as us-east-1")
	}
	if g, ok := l.given["endpoint-url"]; ok {
		s.Endpoint = g.words[0]
		if u, err := url.Parse(s.Endpoint); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			l.wrongValue(g, "want a URL such as https://ec2.us-east-1.amazonaws.com")
		}
	}
	if g, ok := l.given["query"]; ok {
		var err error
		if s.Query, err = parseQuery(g.words[0]); err != nil {
			l.wrongValue(g, "want a JMESPath expression: "+goNames.ReplaceAllString(err.Error(), "$1"))
		}
	}
	s.ReadTimeout = l.timeout("cli-read-timeout")
	s.ConnectTimeout = l.timeout("cli-connect-timeout")
	if l.Has("cli-input-json") && l.Has("cli-input-yaml") {
		l.reject(l.given["cli-input-yaml"], "want only one of --cli-input-json and --cli-input-yaml")
	}
	return s
}

// wrongValue adds a problem of an option that has a value, and mentions an empty value.
func (l *Command) wrongValue(g given, message string) {
	if g.words[0] == "" {
		message = "it is empty; " + message
	}
	l.reject(g, message)
}

// timeout returns a timeout. The default is that of the AWS CLI.
func (l *Command) timeout(dest string) time.Duration {
	const most = int64(time.Duration(1<<63-1) / time.Second)
	g, ok := l.given[dest]
	if !ok {
		return time.Minute
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(g.words[0]), 10, 64)
	if err != nil || seconds < 0 || seconds > most {
		l.wrongValue(g, "want a number of seconds, 0 for no limit")
	}
	return time.Duration(seconds) * time.Second
}
