package main

import (
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// profileOutput returns the setting "output" of the profile, which the SDK does
// not read. As in the AWS CLI, the credentials file takes precedence.
func profileOutput(cfg aws.Config) (string, bool) {
	profile, files := profileOf(cfg)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // without a file there is no setting
		}
		if output, ok := setting(string(content), profile, "output"); ok {
			return output, true
		}
	}
	return "", false
}

// profileOf returns the name of the profile that was loaded, and the files that
// it may be in.
func profileOf(cfg aws.Config) (profile string, files []string) {
	profile, files = config.DefaultSharedConfigProfile, []string{config.DefaultSharedCredentialsFilename(), config.DefaultSharedConfigFilename()}
	for _, source := range cfg.ConfigSources {
		switch source := source.(type) {
		case config.SharedConfig:
			if source.Profile != "" {
				profile = source.Profile
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

// setting finds a setting of a profile in the text of a configuration file.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func setting(content, profile, name string) (value string, ok bool) {
	inside := false
	for line := range strings.Lines(content) {
		text := strings.TrimSpace(line)
		switch {
		case text == "" || strings.ContainsRune("#;", rune(text[0])):
		case text[0] == '[':
			inside = sectionName(text) == profile
		case inside && strings.TrimLeft(line, " \t") == line: // else it is nested in another setting
			if key, v, found := strings.Cut(text, "="); found && strings.TrimSpace(strings.ToLower(key)) == name {
				value, ok = strings.TrimSpace(v), true
			}
		}
	}
	return value, ok
}

// sectionName returns the profile that a section is of: "a" for [profile a],
// [profile "a"] and, in the credentials file, [a].
func sectionName(header string) string {
	name, _, _ := strings.Cut(header[1:], "]")
	if words := strings.Fields(name); len(words) > 1 && words[0] == "profile" {
		name = strings.Join(words[1:], " ")
	}
	return strings.Trim(strings.TrimSpace(name), `"'`)
}
