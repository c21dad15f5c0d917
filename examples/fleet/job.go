package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/go-flowlogs/flowlogs"
)

// job is a request in a file, to be resumed with the same IDs and token. The file is
// the document that the AWS CLI takes with --cli-input-json.
type job struct {
	path    string
	request flowlogs.Request
}

// start resumes the job of the token, or starts a new one. A job without IDs has
// nothing to do.
func start(ctx context.Context, api *ec2.Client, o options) (job, error) {
	j := job{request: o.request}
	if o.request.ClientToken == "" {
		token, err := flowlogs.RandomToken(o.request)
		if err != nil {
			return job{}, err
		}
		j.request.ClientToken = token
	}
	j.path = filepath.Join(o.jobs, url.PathEscape(j.request.ClientToken)+".json")
	switch err := j.read(); {
	case err == nil:
		if o.explicit && (j.request.Destination != o.request.Destination || j.request.TrafficType != o.request.TrafficType) {
			return job{}, fmt.Errorf("%s has another destination or traffic type: omit -token, or the flags that set them", j.path)
		}
		return j, nil
	case !errors.Is(err, fs.ErrNotExist):
		return job{}, fmt.Errorf("read the job: %w", err)
	}

	ids, err := missing(ctx, api, j.request)
	if err != nil || len(ids) == 0 {
		return job{}, err
	}
	j.request.ResourceIDs = ids
	if err := j.request.Validate(); err != nil {
		return job{}, err
	}
	if err := j.write(); err != nil {
		return job{}, fmt.Errorf("write the job: %w", err)
	}
	return j, nil
}

func (j *job) read() error {
	document, err := os.ReadFile(j.path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(document, &j.request); err != nil {
		return fmt.Errorf("%s: %w", j.path, err)
	}
	return nil
}

// write makes the file appear as a whole or not at all.
func (j *job) write() error {
	document, err := json.Marshal(j.request)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return err
	}
	unfinished := j.path + ".unfinished"
	if err := os.WriteFile(unfinished, document, 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, j.path)
}

func (j *job) remove() error { return os.Remove(j.path) }
