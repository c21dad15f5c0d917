package main

import (
	_ "embed"
	"io"
)

// inputSkeleton has every parameter that --cli-input-json takes, in the order of
// the AWS CLI. In place of the CLI's random values and zeros, it has values that can
// be combined.
//
//go:embed skeleton.json
var inputSkeleton string

func printInputSkeleton(w io.Writer) error {
	_, err := io.WriteString(w, inputSkeleton)
	return err
}

// sampleDocument is printed by --generate-cli-skeleton output, with the values of
// the AWS CLI.
var sampleDocument = document{
	ClientToken:  "ClientToken",
	FlowLogIds:   []string{"String"},
	Unsuccessful: []unsuccessful{{unsuccessfulError{"Code", "Message"}, "ResourceId"}},
}
