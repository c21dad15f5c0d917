package main

import (
	_ "embed"
	"io"
)

// inputSkeleton has every parameter that --cli-input-json takes, in the order of
// the AWS CLI. Where the CLI chooses values at random or writes 0, it has values
// that go together.
//
//go:embed skeleton.json
var inputSkeleton string

func printInputSkeleton(w io.Writer) error {
	_, err := io.WriteString(w, inputSkeleton)
	return err
}

// sampleDocument is what --generate-cli-skeleton output prints, with the values
// of the AWS CLI.
var sampleDocument = document{
	ClientToken:  "ClientToken",
	FlowLogIds:   []string{"String"},
	Unsuccessful: []unsuccessful{{unsuccessfulError{"Code", "Message"}, "ResourceId"}},
}
