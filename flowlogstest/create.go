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

// perResource is the quota of flow logs on one resource:
// https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-limitations.html
const perResource = 250

// claim is what a client token stands for once a call with it has succeeded.
type claim struct {
	request *ec2.CreateFlowLogsInput
	answer  *ec2.CreateFlowLogsOutput
}

func (e *EC2) createFlowLogs(q *query, way way, now time.Time) (response, *refusal) {
	in, err := decodeCreateFlowLogs(q)
	if err != nil {
		return nil, err
	}
	if err := checkCreate(in, e.options); err != nil {
		return nil, err
	}

	// A dry run neither uses a token nor asks whether it is used.
	dryRun := aws.ToBool(in.DryRun)
	token := aws.ToString(in.ClientToken)
	if earlier, ok := e.claims[token]; ok && !dryRun {
		if !sameRequest(earlier.request, in) {
			return nil, tokenMismatch
		}
		return newCreateFlowLogsResponse(way.edit(earlier.answer)), nil
	}

	c := configure(in)
	if err := e.checkAccount(c, way); err != nil {
		return nil, err
	}
	if dryRun {
		return nil, dryRunSucceeded
	}

	if token == "" {
		token = e.makeUpToken()
	}
	out := &ec2.CreateFlowLogsOutput{ClientToken: aws.String(token)}
	undeliverable := e.deliveryError(in, way)
	for _, id := range in.ResourceIds {
		if failure := cmp.Or(undeliverable, way.fails(id)); failure != nil {
			out.Unsuccessful = append(out.Unsuccessful, types.UnsuccessfulItem{Error: failure, ResourceId: aws.String(id)})
			continue
		}
		out.FlowLogIds = append(out.FlowLogIds, e.flowLogs.create(id, c, now))
	}
	e.claims[token] = claim{request: in, answer: out}
	return newCreateFlowLogsResponse(way.edit(out)), nil
}

// checkAccount holds the request against what the account has.
func (e *EC2) checkAccount(c *configuration, way way) *refusal {
	for _, id := range c.in.ResourceIds {
		if !exists(id, e.options.Resources) {
			return resourceKinds[c.in.ResourceType].notFound(id)
		}
	}
	if role := aws.ToString(c.in.DeliverLogsPermissionArn); role != "" && (!assumable(role, e.options) || way.hides(role)) {
		return unassumable(role)
	}
	asked := map[string]bool{}
	for _, id := range c.in.ResourceIds {
		if asked[id] || e.flowLogs.has(id, c) {
			return alreadyExists
		}
		if len(e.flowLogs.byResource[id]) >= perResource {
			return refuse("FlowLogsLimitExceeded", "You've reached the limit on the number of flow logs you can create.")
		}
		asked[id] = true
	}
	return nil
}

// deliveryError is why EC2 creates no flow log on any of the resources although
// it takes the call, or nil. The code of such failures is literally "400". Code
// and messages were seen on EC2: a snapshot that LocalStack validated against
// it has the first, the second comes from users' logs.
// https://github.com/localstack/localstack/blob/main/tests/aws/services/ec2/test_ec2.snapshot.json
func (e *EC2) deliveryError(in *ec2.CreateFlowLogsInput, way way) *types.UnsuccessfulItemError {
	if in.LogDestinationType != types.LogDestinationTypeS3 {
		return nil
	}
	arn, name := parseBucket(*in.LogDestination)
	if !exists(name, e.options.Buckets) {
		return itemError("400", fmt.Sprintf("LogDestination: %s does not exist", name))
	}
	if slices.Contains(e.options.DeniedBuckets, name) || way.hides(arn) {
		return itemError("400", fmt.Sprintf("Access Denied for LogDestination: %s. Please check LogDestination permission", name))
	}
	return nil
}

func itemError(code, message string) *types.UnsuccessfulItemError {
	return &types.UnsuccessfulItemError{Code: aws.String(code), Message: aws.String(message)}
}

// sameRequest compares every parameter but the token, the order of lists
// included. What EC2 compares is not known beyond "the same parameters".
func sameRequest(a, b *ec2.CreateFlowLogsInput) bool {
	x, y := *a, *b
	x.ClientToken, y.ClientToken = nil, nil
	x.DryRun, y.DryRun = nil, nil
	return reflect.DeepEqual(x, y)
}

// makeUpToken returns a token of the form that EC2 gives to a call without one,
// the same in every run.
func (e *EC2) makeUpToken() string {
	e.made++
	sum := sha256.Sum256([]byte("token " + strconv.Itoa(e.made)))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// requestID counts as flow log IDs do.
func requestID(number int) string {
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", number)
}
