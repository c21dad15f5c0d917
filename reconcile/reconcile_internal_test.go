package reconcile

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// rejecting is an EC2 that rejects every call for a reason.
type rejecting struct {
	reason flowlogs.Reason
	calls  int
}

func (r *rejecting) CreateFlowLogs(context.Context, *ec2.CreateFlowLogsInput, ...func(*ec2.Options)) (*ec2.CreateFlowLogsOutput, error) {
	r.calls++
	return nil, &rejection{smithy.GenericAPIError{Code: "NewCode"}, r.reason}
}

// rejection is a response with a code that is not known, and a reason all the same.
type rejection struct {
	smithy.GenericAPIError
	reason flowlogs.Reason
}

func (r *rejection) Unwrap() error { return r.reason }

// A Client without Options.Isolate is asked for its default: nothing exports it.
func TestIsolatedByDefault_IsTheDefaultOfAClient(t *testing.T) {
	t.Parallel()
	for _, reason := range []flowlogs.Reason{
		"", flowlogs.ErrAlreadyExists, flowlogs.ErrDestinationNotFound, flowlogs.ErrDestinationAccessDenied,
		flowlogs.ErrDestinationUndeliverable, flowlogs.ErrNotAuthorized, flowlogs.ErrOptInRequired, flowlogs.ErrAuthFailure,
		flowlogs.ErrConfiguration, flowlogs.ErrRoleNotAssumable, flowlogs.ErrInvalidParameter, flowlogs.ErrLimitExceeded,
		flowlogs.ErrThrottled, flowlogs.ErrTokenMismatch, flowlogs.ErrResourceNotFound, flowlogs.ErrIncorrectState,
		flowlogs.ErrDryRun, flowlogs.ErrUnavailable, flowlogs.ErrNoResponse, flowlogs.ErrIncompleteResponse, flowlogs.ErrNotAttempted,
	} {
		api := &rejecting{reason: reason}
		c := flowlogs.New(api, func(o *flowlogs.Options) { o.Retryer, o.Limiter = aws.NopRetryer{}, flowlogs.NoLimit })
		_, err := c.Create(t.Context(), flowlogs.Request{
			ResourceIDs: []string{"vpc-0a1b2c3d4e5f60718", "vpc-0b2c3d4e5f607182a"},
			TrafficType: flowlogs.TrafficTypeAll,
			Destination: flowlogs.S3{BucketARN: "arn:aws:s3:::flow-log-archive"},
		})
		require.Error(t, err)
		assert.Equal(t, isolatedByDefault(reason), api.calls > 1, "%q is split", string(reason))
	}
}
