package main

import (
	"io"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

// withDebug logs every request, response and retry.
func withDebug(w io.Writer) config.LoadOptionsFunc {
	return func(o *config.LoadOptions) error {
		mode := aws.LogRequestWithBody | aws.LogResponseWithBody | aws.LogRetries
		o.ClientLogMode = &mode
		o.Logger = logging.NewStandardLogger(withoutSecrets{w})
		return nil
	}
}

// withoutSecrets blanks what authorizes a request, so that a log can be shown to
// others.
type withoutSecrets struct{ io.Writer }

var secrets = regexp.MustCompile(`(?im)((?:^X-Amz-Security-Token: |Signature=))[^\r\n]+`)

func (w withoutSecrets) Write(p []byte) (int, error) {
	if _, err := w.Writer.Write(secrets.ReplaceAll(p, []byte("${1}[hidden]"))); err != nil {
		return 0, err
	}
	return len(p), nil
}
