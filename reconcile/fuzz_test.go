package reconcile_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/go-flowlogs/flowlogs"
	"github.com/go-flowlogs/flowlogs/flowlogstest"
	"github.com/go-flowlogs/flowlogs/reconcile"
)

// drawRequest draws a request that is valid more often than not.
func drawRequest(t *rapid.T) flowlogs.Request {
	req := flowlogs.Request{
		ResourceIDs: rapid.SliceOfNDistinct(rapid.Map(rapid.IntRange(0, 9), vpcID), 1, 3, rapid.ID[string]).Draw(t, "ids"),
		TrafficType: rapid.SampledFrom([]flowlogs.TrafficType{"ALL", "ACCEPT", "REJECT"}).Draw(t, "traffic"),
	}
	kind := flowlogs.ResourceTypeVPC
	if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
		kind = flowlogs.ResourceTypeTransitGateway
		req.ResourceIDs, req.TrafficType = []string{gatewayID}, ""
	}
	req.Destination = drawDestination(t)
	req.MaxAggregationInterval = rapid.SampledFrom([]time.Duration{0, time.Minute, 10 * time.Minute}).Draw(t, "interval")
	if rapid.Bool().Draw(t, "format") {
		req.LogFormat = rapid.SliceOfN(rapid.SampledFrom(append(flowlogs.DefaultLogFormat(kind), flowlogs.FieldInstanceTag, flowlogs.FieldASGTag2)), 1, 8).Draw(t, "fields")
	}
	keys := rapid.SampledFrom([]string{"team", "app", "a b", "ü", `"`, "x, y"})
	if rapid.Bool().Draw(t, "tag fields") {
		for _, r := range rapid.SliceOfNDistinct(rapid.SampledFrom([]flowlogs.TagFieldResource{
			flowlogs.TagFieldInstance, flowlogs.TagFieldNetworkInterface, flowlogs.TagFieldAutoScalingGroup,
		}), 1, 3, rapid.ID[flowlogs.TagFieldResource]).Draw(t, "tagged") {
			req.TagFields = append(req.TagFields, flowlogs.TagField{ResourceType: r, Keys: rapid.SliceOfNDistinct(keys, 1, 2, rapid.ID[string]).Draw(t, "keys")})
		}
	}
	req.Tags = rapid.MapOfN(keys, rapid.SampledFrom([]string{"", "net", "ö", "a b"}), 0, 3).Draw(t, "tags")
	return req
}

func drawDestination(t *rapid.T) flowlogs.Destination {
	switch rapid.IntRange(0, 4).Draw(t, "destination") {
	case 0:
		return flowlogs.CloudWatchLogs{LogGroupName: rapid.StringMatching(`[a-zA-Z0-9_/.#-]{1,12}`).Draw(t, "group"), RoleARN: roleARN}
	case 1:
		return &flowlogs.CloudWatchLogs{
			LogGroupARN: "arn:aws:logs:us-east-1:123456789012:log-group:" + rapid.StringMatching(`[a-zA-Z0-9_/.#-]{1,12}`).Draw(t, "group"), RoleARN: roleARN,
		}
	case 2:
		return flowlogs.Firehose{StreamARN: streamARN}
	case 3:
		return flowlogs.Firehose{StreamARN: remoteStream, RoleARN: roleARN, CrossAccountRoleARN: remoteRole}
	default:
		return flowlogs.S3{
			BucketARN:                bucket + rapid.SampledFrom([]string{"", "/", "/vpc", "/vpc/", "/a/b/"}).Draw(t, "folder"),
			FileFormat:               rapid.SampledFrom([]flowlogs.FileFormat{"", flowlogs.FileFormatPlainText, flowlogs.FileFormatParquet}).Draw(t, "files"),
			HiveCompatiblePartitions: rapid.Bool().Draw(t, "hive"),
			PerHourPartition:         rapid.Bool().Draw(t, "hourly"),
		}
	}
}

// keepsWhatItCreated checks that every request, once created and described, is
// equal to itself.
func keepsWhatItCreated(t *rapid.T) {
	req := drawRequest(t)
	if req.Validate() != nil {
		t.Skip()
	}
	r := reconcile.New(flowlogstest.New())
	result, err := r.Apply(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := r.Plan(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range plan.Changes {
		if c.Action != reconcile.ActionKeep || *c.Keep.FlowLogId != result.Outcomes[i].FlowLogID || len(c.Differences)+len(c.Conflicts)+len(c.Others) > 0 {
			t.Fatalf("%+v\n%s", req, plan)
		}
	}
}

func TestPlan_KeepsWhatApplyCreated(t *testing.T) {
	t.Parallel()
	rapid.Check(t, keepsWhatItCreated)
}

func FuzzPlan_KeepsWhatApplyCreated(f *testing.F) { f.Fuzz(rapid.MakeFuzz(keepsWhatItCreated)) }
