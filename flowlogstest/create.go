package flowlogstest

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// maxPerResource is the quota of flow logs on one resource:
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
const maxPerResource = 250

// claim is a call that has succeeded under a client token.
type claim struct {
	request    *ec2.CreateFlowLogsInput
	token      string
	time       time.Time
	flowLogIDs []string
	failures   []failure
}

// output returns a new output, so that a fault may edit it.
func (c claim) output() *ec2.CreateFlowLogsOutput {
	return &ec2.CreateFlowLogsOutput{
		ClientToken:  aws.String(c.token),
		FlowLogIds:   append([]string{}, c.flowLogIDs...), // empty lists are sent, too
		Unsuccessful: unsuccessful(c.failures),
	}
}

// failure is an unsuccessful item. The zero failure is none.
type failure struct{ id, code, message string }

func unsuccessful(failures []failure) []types.UnsuccessfulItem {
	items := []types.UnsuccessfulItem{}
	for _, f := range failures {
		items = append(items, types.UnsuccessfulItem{
			Error:      &types.UnsuccessfulItemError{Code: aws.String(f.code), Message: aws.String(f.message)},
			ResourceId: aws.String(f.id),
		})
	}
	return items
}

func (e *EC2) createFlowLogs(in *ec2.CreateFlowLogsInput, faults activeFaults, now time.Time) (*ec2.CreateFlowLogsOutput, *apiError) {
	if err := checkCreate(in, e.options); err != nil {
		return nil, err
	}

	// A dry run neither uses up a token nor replays a response.
	dryRun := aws.ToBool(in.DryRun)
	token := aws.ToString(in.ClientToken)
	earlier, claimed := e.claims[token]
	if claimed && !dryRun && now.Sub(earlier.time) < e.options.TokenLifetime {
		if !sameRequest(earlier.request, in) {
			return nil, idempotentParameterMismatch
		}
		return earlier.output(), nil
	}

	c := configure(in)
	if err := e.checkAccount(c, faults); err != nil {
		return nil, err
	}
	if dryRun {
		return nil, dryRunOperation
	}

	if token == "" {
		token = e.newToken()
	}
	made := claim{request: in, token: token, time: now}
	template := c.flowLog(now, e.options)
	undeliverable := e.deliveryFailure(in, faults)
	for _, id := range in.ResourceIds {
		if f := cmp.Or(undeliverable, faults.failure(id, destinationName(in)), e.existsFailure(id, c)); f != (failure{}) {
			f.id = id
			made.failures = append(made.failures, f)
			continue
		}
		made.flowLogIDs = append(made.flowLogIDs, e.flowLogs.create(id, template))
	}
	e.claims[token] = made
	return made.output(), nil
}

// checkAccount compares the request with what exists in the account.
func (e *EC2) checkAccount(c *configuration, faults activeFaults) *apiError {
	for _, id := range c.in.ResourceIds {
		if !exists(id, e.options.Resources) {
			return resourceKinds[c.in.ResourceType].notFound(id)
		}
	}
	if role := aws.ToString(c.in.DeliverLogsPermissionArn); role != "" && (!assumable(role, e.options) || faults.hide(role)) {
		return unassumableRole(role)
	}
	named := map[string]bool{}
	for _, id := range c.in.ResourceIds {
		if !e.options.AlreadyExistsPerItem && (named[id] || e.flowLogs.has(id, c)) {
			return flowLogAlreadyExists
		}
		if len(e.flowLogs.byResource[id]) >= maxPerResource {
			return flowLogsLimitExceeded
		}
		named[id] = true
	}
	return nil
}

// deliveryFailure returns the failure of every resource of a call whose bucket does not
// exist or denies access. EC2 accepts such a call; the code of its items is literally
// "400". The first message was seen in a snapshot that LocalStack validated on AWS, the
// second in users' logs.
// https://github.com/localstack/localstack/blob/main/tests/aws/services/ec2/test_ec2.snapshot.json
func (e *EC2) deliveryFailure(in *ec2.CreateFlowLogsInput, faults activeFaults) failure {
	if in.LogDestinationType != types.LogDestinationTypeS3 {
		return failure{}
	}
	arn, name := parseBucket(*in.LogDestination)
	if !exists(name, e.options.Buckets) {
		return failure{code: "400", message: fmt.Sprintf("LogDestination: %s does not exist", name)}
	}
	if slices.Contains(e.options.DeniedBuckets, name) || faults.hide(arn) {
		return accessDenied(name)
	}
	return failure{}
}

func accessDenied(destination string) failure {
	return failure{code: "400", message: fmt.Sprintf("Access Denied for LogDestination: %s. Please check LogDestination permission", destination)}
}

// existsFailure is for Options.AlreadyExistsPerItem: without it, checkAccount has already
// rejected the call.
func (e *EC2) existsFailure(resourceID string, c *configuration) failure {
	if !e.flowLogs.has(resourceID, c) {
		return failure{}
	}
	return failure{code: flowLogAlreadyExists.code, message: flowLogAlreadyExists.message}
}

// sameRequest compares all parameters except the token and DryRun. Lists must have the
// same order. EC2 documents only that it compares the parameters.
func sameRequest(a, b *ec2.CreateFlowLogsInput) bool {
	x, y := *a, *b
	x.ClientToken, y.ClientToken = nil, nil
	x.DryRun, y.DryRun = nil, nil
	return reflect.DeepEqual(x, y)
}

// newToken returns a token like those that EC2 gives to calls without one. It is the same
// in every run, so that a test can write it down.
func (e *EC2) newToken() string {
	e.newTokens++
	sum := sha256.Sum256([]byte("token " + strconv.Itoa(e.newTokens)))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// requestID numbers requests from 1, as flow logs are numbered.
func requestID(number int) string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", number)
}
