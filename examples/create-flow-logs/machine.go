package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/go-flowlogs/flowlogs/examples/create-flow-logs/internal/awscli"
)

// The SDK reads the settings of the machine, except those in this file, which it ignores
// or reads differently.

// outputFormat returns the output format from the command line, else from the
// environment, else from the profile.
func outputFormat(cmd *awscli.Command, cfg aws.Config) (string, error) {
	if format := cmd.Word("output"); format != "" {
		return format, nil
	}
	format, _, ok := setting(cfg, "AWS_DEFAULT_OUTPUT", "output")
	if !ok {
		return "json", nil
	}
	if !slices.Contains(awscli.Formats, format) {
		return "", fmt.Errorf("configured output format %q: want one of %s", format, strings.Join(awscli.Formats, ", "))
	}
	return format, nil
}

// checkAttempts rejects a number of attempts that makes the SDK retry forever.
func checkAttempts(cfg aws.Config) error {
	value, from, ok := setting(cfg, "AWS_MAX_ATTEMPTS", "max_attempts")
	if !ok || value == "" {
		return nil
	}
	if n, err := strconv.Atoi(value); err != nil || n < 1 {
		return fmt.Errorf("%s %q: want a number of 1 or more", from, value)
	}
	return nil
}

// checkKeys rejects half of a pair of keys. The SDK would use the next source of
// credentials, which may be someone else's.
func checkKeys(cmd *awscli.Command) error {
	if cmd.Has("no-sign-request") || cmd.Word("profile") != "" { // the keys are not used
		return nil
	}
	id := cmp.Or(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_ACCESS_KEY"))
	secret := cmp.Or(os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SECRET_KEY"))
	switch {
	case id != "" && secret == "":
		return errors.New("AWS_SECRET_ACCESS_KEY: required together with AWS_ACCESS_KEY_ID")
	case id == "" && secret != "":
		return errors.New("AWS_ACCESS_KEY_ID: required together with AWS_SECRET_ACCESS_KEY")
	}
	return nil
}

// setting returns a setting and its source: a variable of the environment, or else the
// profile. As in the AWS CLI, the credentials file takes precedence over the
// configuration file.
func setting(cfg aws.Config, variable, name string) (value, from string, ok bool) {
	if value, ok := os.LookupEnv(variable); ok {
		return value, variable, true
	}
	profile, files := profileOf(cfg)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // without a file there is no setting
		}
		if value, ok := profileSetting(string(content), profile, name); ok {
			return value, name + " of profile " + profile, true
		}
	}
	return "", "", false
}

// profileOf returns the name of the loaded profile, and the files that it may be in.
func profileOf(cfg aws.Config) (profile string, files []string) {
	profile, files = config.DefaultSharedConfigProfile, []string{config.DefaultSharedCredentialsFilename(), config.DefaultSharedConfigFilename()}
	for _, source := range cfg.ConfigSources {
		switch source := source.(type) {
		case config.SharedConfig:
			if source.Profile != "" {
				profile = unquoted(source.Profile)
			}
		case config.EnvConfig:
			if file := source.SharedCredentialsFile; file != "" {
				files[0] = file
			}
			if file := source.SharedConfigFile; file != "" {
				files[1] = file
			}
		}
	}
	return profile, files
}

// profileSetting finds a setting of a profile in the text of a configuration file.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func profileSetting(content, profile, name string) (value string, ok bool) {
	inside := false
	for line := range strings.Lines(content) {
		text := strings.TrimSpace(line)
		switch {
		case text == "" || strings.ContainsRune("#;", rune(text[0])):
		case text[0] == '[':
			inside = sectionName(text) == profile
		case inside && strings.TrimLeft(line, " \t") == line: // else it is nested in another setting
			end := strings.IndexAny(text, "=:")
			if end >= 0 && strings.TrimSpace(strings.ToLower(text[:end])) == name {
				value, ok = strings.TrimSpace(text[end+1:]), true
			}
		}
	}
	return value, ok
}

// sectionName returns the profile in the header of a section: "a" for [profile a],
// [profile "a"] and, in the credentials file, [a].
func sectionName(header string) string {
	name, _, _ := strings.Cut(header[1:], "]")
	if words := strings.Fields(name); len(words) > 1 && words[0] == "profile" {
		name = strings.Join(words[1:], " ")
	}
	return unquoted(strings.TrimSpace(name))
}

func unquoted(name string) string { return strings.Trim(name, `"'`) }
