package awscli

import (
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// value returns the value of a parameter, in the types that a JSON document decodes to.
func (g given) value() (any, error) {
	words := g.words
	if len(words) == 1 {
		loaded, err := load(words[0])
		if err != nil {
			return nil, err
		}
		words = []string{loaded}
	}
	switch g.option.kind {
	case flag:
		return g.option.name == "dry-run", nil
	case number:
		return parseNumber(words[0])
	case structure:
		return parseStructure(words[0])
	case list, structures:
		if len(words) == 1 && isJSON(words[0], "[") {
			return parseJSON(words[0])
		}
		parsed := make([]any, len(words))
		for i, word := range words {
			parsed[i] = word
			if g.option.kind == structures {
				var err error
				if parsed[i], err = parseStructure(word); err != nil {
					return nil, err
				}
			}
		}
		return parsed, nil
	default:
		return words[0], nil
	}
}

// parseNumber accepts whole numbers of any size: those that are too large are reported
// with other invalid values.
func parseNumber(s string) (any, error) {
	n, ok := new(big.Int).SetString(strings.TrimSpace(s), 10)
	if !ok {
		return nil, errors.New("want a whole number")
	}
	return json.Number(n.String()), nil
}

func parseStructure(s string) (any, error) {
	if isJSON(s, "{") || isJSON(s, "[") {
		return parseJSON(s)
	}
	return parseShorthand(s)
}

func isJSON(s, begin string) bool { return strings.HasPrefix(strings.TrimSpace(s), begin) }

const fileScheme, binaryScheme = "file://", "fileb://"

// load returns the content of the file if s is file://FILE, and s itself otherwise.
func load(s string) (string, error) {
	if strings.HasPrefix(s, binaryScheme) {
		return "", errors.New("want file://, because the value is not binary")
	}
	path, ok := strings.CutPrefix(s, fileScheme)
	if !ok {
		return s, nil
	}
	return readFile(path)
}

func readFile(path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		path = filepath.Join(home, rest)
	}
	content, err := os.ReadFile(os.ExpandEnv(path))
	if err != nil {
		return "", err
	}
	if !utf8.Valid(content) {
		return "", errors.New("want a file in UTF-8")
	}
	return string(content), nil
}
