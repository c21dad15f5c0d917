package awscli

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parseShorthand reads a structure in the shorthand of the AWS CLI, such as
// "ResourceType=vpc-flow-log,Tags=[{Key=a,Value=b}]":
//
//	structure = pair *("," pair)
//	pair      = key "=" values / key "@=" values    ; with @, file://FILE is read
//	values    = explicit / value *("," value)
//	explicit  = "[" [explicit *("," explicit)] "]" / "{" [key "=" explicit *("," …)] "}" / value
//	value     = word / "'" … "'" / '"' … '"'
//
// https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html
func parseShorthand(s string) (map[string]any, error) {
	p := shorthand{text: s}
	members := make(map[string]any)
	for {
		key, value, err := p.pair(p.values)
		if err != nil {
			return nil, err
		}
		if _, twice := members[key]; twice {
			return nil, notShorthand("%s occurs twice; want a space between structures, not a comma", key)
		}
		members[key] = asMember(key, value)
		if p.skipSpace(); p.atEnd() {
			return members, nil
		}
		if err := p.expect(','); err != nil {
			return nil, err
		}
		p.skipSpace()
	}
}

// asMember converts a value to the type of EC2's member of the name: shorthand has only
// strings, and a list of one element may lack its brackets.
func asMember(name string, value any) any {
	word, isWord := value.(string)
	_, isList := value.([]any)
	switch name {
	case "Tags", "TagKeys":
		if !isList {
			return []any{value}
		}
	case "HiveCompatiblePartitions", "PerHourPartition":
		if isWord && (strings.EqualFold(word, "true") || strings.EqualFold(word, "false")) {
			return strings.EqualFold(word, "true")
		}
	}
	return value
}

// shorthand is a text that has been read up to a position.
type shorthand struct {
	text  string
	at    int
	depth int
	files bool // after "@="
}

func (p *shorthand) pair(value func() (any, error)) (string, any, error) {
	key := keyPattern.FindString(p.text[p.at:])
	if key == "" {
		return "", nil, p.unexpected("a key")
	}
	p.at += len(key)
	p.skipSpace()
	p.files = p.take('@')
	if err := p.expect('='); err != nil {
		return "", nil, err
	}
	p.skipSpace()
	v, err := value()
	return key, v, err
}

// values reads one value or, between commas, several.
func (p *shorthand) values() (any, error) {
	if c := p.next(); c == '[' || c == '{' {
		return p.explicit()
	}
	first, err := p.value(wordPattern)
	if err != nil {
		return nil, err
	}
	all := []any{first}
	for {
		p.skipSpace()
		comma := p.at
		if !p.take(',') {
			break
		}
		if p.skipSpace(); p.atEnd() {
			return nil, p.unexpected("a value")
		}
		begin := p.at
		value, err := p.value(nextPattern)
		if err != nil {
			return nil, err
		}
		p.skipSpace()
		if p.at == begin || !p.atEnd() && p.next() != ',' {
			p.at = comma // the next word is a key, not a value
			break
		}
		all = append(all, value)
	}
	if len(all) == 1 {
		return first, nil
	}
	return all, nil
}

// explicit reads a list or a structure in brackets, or a single value.
func (p *shorthand) explicit() (any, error) {
	const most = 10 // EC2's input needs four
	if p.depth++; p.depth > most {
		return nil, notShorthand("it is nested too deeply")
	}
	defer func() { p.depth-- }()
	switch {
	case p.take('['):
		values := []any{}
		err := p.until(']', func() error {
			value, err := p.explicit()
			values = append(values, value)
			return err
		})
		return values, err
	case p.take('{'):
		members := make(map[string]any)
		err := p.until('}', func() error {
			key, value, err := p.pair(p.explicit)
			members[key] = asMember(key, value)
			return err
		})
		return members, err
	default:
		return p.value(wordPattern)
	}
}

// until reads elements with commas between them, up to the end.
func (p *shorthand) until(end byte, element func() error) error {
	for p.skipSpace(); !p.take(end); p.skipSpace() {
		if err := element(); err != nil {
			return err
		}
		if p.skipSpace(); p.next() != end {
			if err := p.expect(','); err != nil {
				return err
			}
		}
	}
	return nil
}

// The characters of keys and of words. A word after a comma may turn out to be the next
// key, so it has no "=" in it.
var (
	keyPattern    = regexp.MustCompile(`^[a-zA-Z0-9\-_.#/:]+`)
	wordPattern   = regexp.MustCompile(`^(?:\\,|[^\x00-\x20"',=\[{])(?:\\,|[^\x00-\x08\x0e-\x1f"',\]}])*`)
	nextPattern   = regexp.MustCompile(`^(?:\\,|[^\x00-\x20"',=\[{])(?:\\,|[^\x00-\x08\x0e-\x1f"',=])*`)
	quotedPattern = regexp.MustCompile(`^(?:'(?:\\'|[^'])*'|"(?:\\"|[^"])*")`)
)

// value reads a quoted string or a word, which may be empty.
func (p *shorthand) value(word *regexp.Regexp) (string, error) {
	var value string
	if quote := p.next(); quote == '\'' || quote == '"' {
		quoted := quotedPattern.FindString(p.text[p.at:])
		if quoted == "" {
			return "", notShorthand("no second %c after the one at character %d", quote, p.position())
		}
		p.at += len(quoted)
		value = strings.ReplaceAll(quoted[1:len(quoted)-1], `\`+string(quote), string(quote))
		value = strings.ReplaceAll(value, `\\`, `\`)
	} else {
		found := word.FindString(p.text[p.at:])
		p.at += len(found)
		value = strings.TrimRightFunc(strings.ReplaceAll(found, `\,`, ","), unicode.IsSpace)
	}
	if p.files {
		return load(value)
	}
	return value, nil
}

func (p *shorthand) atEnd() bool { return p.at == len(p.text) }

// next returns the next character, or 0 at the end.
func (p *shorthand) next() byte {
	if p.atEnd() {
		return 0
	}
	return p.text[p.at]
}

func (p *shorthand) take(c byte) bool {
	if p.next() != c || p.atEnd() {
		return false
	}
	p.at++
	return true
}

func (p *shorthand) expect(c byte) error {
	if !p.take(c) {
		return p.unexpected("'" + string(c) + "'")
	}
	return nil
}

func (p *shorthand) skipSpace() {
	p.at = len(p.text) - len(strings.TrimLeftFunc(p.text[p.at:], unicode.IsSpace))
}

func (p *shorthand) unexpected(want string) error {
	if p.atEnd() {
		return notShorthand("want %s at the end", want)
	}
	c, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return notShorthand("want %s, not %q, as character %d", want, c, p.position())
}

// notShorthand returns an error of the text itself, not of a file that it names.
func notShorthand(format string, args ...any) error {
	return fmt.Errorf("not in shorthand: "+format, args...)
}

// position counts characters from 1.
func (p *shorthand) position() int { return utf8.RuneCountInString(p.text[:p.at]) + 1 }
