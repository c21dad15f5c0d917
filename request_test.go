package flowlogs_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// fullRequest sets every field but those that exclude each other.
func fullRequest() flowlogs.Request {
	return flowlogs.Request{
		ResourceIDs:            []string{"vpc-00000001", "vpc-00000002"},
		ResourceType:           flowlogs.ResourceTypeVPC,
		TrafficType:            flowlogs.TrafficTypeAll,
		MaxAggregationInterval: time.Minute,
		Destination: flowlogs.S3{
			BucketARN:                "arn:aws:s3:::bucket/folder/",
			FileFormat:               flowlogs.FileFormatParquet,
			HiveCompatiblePartitions: true,
			PerHourPartition:         true,
		},
		LogFormat:   flowlogs.LogFormat{flowlogs.FieldSrcAddr, flowlogs.FieldInstanceTag, flowlogs.FieldInstanceTag2},
		TagFields:   []flowlogs.TagField{{ResourceType: flowlogs.TagFieldInstance, Keys: []string{"team", "stage"}}},
		Tags:        map[string]string{"b": "2", "a": "1", "empty": ""},
		ClientToken: "token",
		DryRun:      true,
	}
}

// fullInputs together set every member of the SDK's input.
func fullInputs() []*ec2.CreateFlowLogsInput {
	tags := []types.TagSpecification{{
		ResourceType: types.ResourceTypeVpcFlowLog,
		Tags: []types.Tag{
			{Key: aws.String("a"), Value: aws.String("1")},
			{Key: aws.String("b"), Value: aws.String("2")},
			{Key: aws.String("empty"), Value: aws.String("")},
		},
	}}
	return []*ec2.CreateFlowLogsInput{
		{
			ResourceIds:            []string{"vpc-00000001", "vpc-00000002"},
			ResourceType:           types.FlowLogsResourceTypeVpc,
			TrafficType:            types.TrafficTypeAll,
			MaxAggregationInterval: aws.Int32(60),
			LogDestinationType:     types.LogDestinationTypeS3,
			LogDestination:         aws.String("arn:aws:s3:::bucket/folder/"),
			DestinationOptions: &types.DestinationOptionsRequest{
				FileFormat:               types.DestinationFileFormatParquet,
				HiveCompatiblePartitions: aws.Bool(true),
				PerHourPartition:         aws.Bool(true),
			},
			LogFormat: aws.String("${srcaddr} ${instance-tag} ${instance-tag-2}"),
			TagFieldSpecifications: []types.TagFieldSpecificationRequest{
				{ResourceType: types.TaggableResourceTypeInstance, TagKeys: []string{"team", "stage"}},
			},
			TagSpecifications: tags,
			ClientToken:       aws.String("token"),
			DryRun:            aws.Bool(true),
		},
		{
			ResourceIds:              []string{"eni-aa22bb33"},
			ResourceType:             types.FlowLogsResourceTypeNetworkInterface,
			TrafficType:              types.TrafficTypeReject,
			LogDestinationType:       types.LogDestinationTypeCloudWatchLogs,
			LogGroupName:             aws.String("my-flow-logs"),
			DeliverLogsPermissionArn: aws.String("arn:aws:iam::123456789101:role/publishFlowLogs"),
		},
		{
			ResourceIds:              []string{"tgw-00000001"},
			ResourceType:             types.FlowLogsResourceTypeTransitGateway,
			LogDestinationType:       types.LogDestinationTypeKinesisDataFirehose,
			LogDestination:           aws.String("arn:aws:firehose:us-east-1:123456789012:deliverystream/s"),
			DeliverLogsPermissionArn: aws.String("arn:aws:iam::123456789012:role/source"),
			DeliverCrossAccountRole:  aws.String("arn:aws:iam::210987654321:role/AWSLogDeliveryFirehoseCrossAccountRole"),
		},
	}
}

// TestEveryMemberOfTheSDKIsCarried fails when the SDK gains a member that this
// package does not know.
func TestEveryMemberOfTheSDKIsCarried(t *testing.T) {
	t.Parallel()
	inputs := fullInputs()
	for _, in := range inputs {
		req, err := flowlogs.FromInput(in)
		require.NoError(t, err)
		back, err := req.Input()
		require.NoError(t, err)
		assert.Equal(t, in, back)

		document, err := json.Marshal(req)
		require.NoError(t, err)
		var decoded flowlogs.Request
		require.NoError(t, json.Unmarshal(document, &decoded))
		assert.Equal(t, req, decoded)
	}
	assert.Empty(t, unset(reflect.TypeFor[ec2.CreateFlowLogsInput](), values(inputs)), "members of the input that no test carries")

	carried := []string{"ClientToken", "FlowLogIds", "Unsuccessful", "ResultMetadata"}
	for i, output := 0, reflect.TypeFor[ec2.CreateFlowLogsOutput](); i < output.NumField(); i++ {
		if field := output.Field(i); field.IsExported() {
			assert.Contains(t, carried, field.Name, "a member of the output")
		}
	}
	item := reflect.TypeFor[types.UnsuccessfulItem]()
	assert.Equal(t, 3, item.NumField(), "ResourceId, Error and a marker of the SDK")
	assert.Equal(t, 3, reflect.TypeFor[types.UnsuccessfulItemError]().NumField(), "Code, Message and a marker of the SDK")
}

func values[T any](pointers []*T) []reflect.Value {
	var all []reflect.Value
	for _, p := range pointers {
		all = append(all, reflect.ValueOf(*p))
	}
	return all
}

// unset lists the exported members of t that are zero in all of the values, down
// through what they hold.
func unset(t reflect.Type, all []reflect.Value) []string {
	var names []string
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() {
			continue
		}
		var set []reflect.Value
		for _, v := range all {
			if member := v.Field(i); !member.IsZero() {
				set = append(set, elements(member)...)
			}
		}
		switch {
		case len(set) == 0:
			names = append(names, field.Name)
		case set[0].Kind() == reflect.Struct:
			for _, name := range unset(set[0].Type(), set) {
				names = append(names, field.Name+"."+name)
			}
		}
	}
	return names
}

func elements(v reflect.Value) []reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		return []reflect.Value{v.Elem()}
	case reflect.Slice:
		var all []reflect.Value
		for i := range v.Len() {
			all = append(all, v.Index(i))
		}
		return all
	default:
		return []reflect.Value{v}
	}
}

func TestEveryEnumValueOfTheSDKIsKnown(t *testing.T) {
	t.Parallel()
	id := map[flowlogs.ResourceType]string{
		flowlogs.ResourceTypeVPC:                      "vpc-00000001",
		flowlogs.ResourceTypeSubnet:                   "subnet-00000001",
		flowlogs.ResourceTypeNetworkInterface:         "eni-00000001",
		flowlogs.ResourceTypeTransitGateway:           "tgw-00000001",
		flowlogs.ResourceTypeTransitGatewayAttachment: "tgw-attach-00000001",
		flowlogs.ResourceTypeRegionalNATGateway:       "nat-00000001",
	}
	for _, v := range flowlogs.ResourceType("").Values() {
		req := vpcRequest(0)
		req.ResourceIDs, req.ResourceType = []string{id[v]}, v
		if v == flowlogs.ResourceTypeTransitGateway || v == flowlogs.ResourceTypeTransitGatewayAttachment {
			req.TrafficType = ""
		}
		require.NoError(t, req.Validate(), v)
		req.ResourceType = ""
		in, err := req.Input()
		require.NoError(t, err)
		assert.Equal(t, v, in.ResourceType, "inferred")
	}
	for _, v := range flowlogs.TrafficType("").Values() {
		req := vpcRequest(1)
		req.TrafficType = v
		require.NoError(t, req.Validate(), v)
	}
	for _, v := range flowlogs.FileFormat("").Values() {
		req := vpcRequest(1)
		req.Destination = flowlogs.S3{BucketARN: "arn:aws:s3:::b", FileFormat: v}
		require.NoError(t, req.Validate(), v)
	}
	for _, v := range flowlogs.TagFieldResource("").Values() {
		req := vpcRequest(1)
		req.TagFields = []flowlogs.TagField{{ResourceType: v, Keys: []string{"k"}}}
		require.NoError(t, req.Validate(), v)
	}
	for _, v := range types.LogDestinationType("").Values() {
		_, err := flowlogs.FromInput(&ec2.CreateFlowLogsInput{LogDestinationType: v})
		require.NoError(t, err, v)
	}
}

func TestFromInputRefusesWhatARequestHasNoPlaceFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in   ec2.CreateFlowLogsInput
		want string
	}{
		"a log group name with S3": {
			ec2.CreateFlowLogsInput{LogDestinationType: types.LogDestinationTypeS3, LogGroupName: aws.String("g")},
			`LogGroupName "g": leave it out: it does not go with destination type s3`,
		},
		"a role with S3": {
			ec2.CreateFlowLogsInput{LogDestinationType: types.LogDestinationTypeS3, DeliverLogsPermissionArn: aws.String("r")},
			`DeliverLogsPermissionArn "r": leave it out: it does not go with destination type s3`,
		},
		"a cross-account role with CloudWatch Logs": {
			ec2.CreateFlowLogsInput{DeliverCrossAccountRole: aws.String("r")},
			`DeliverCrossAccountRole "r": leave it out: it does not go with destination type cloud-watch-logs`,
		},
		"destination options with CloudWatch Logs": {
			ec2.CreateFlowLogsInput{DestinationOptions: &types.DestinationOptionsRequest{}},
			`DestinationOptions "{…}": leave it out: it does not go with destination type cloud-watch-logs`,
		},
		"an unknown destination type": {
			ec2.CreateFlowLogsInput{LogDestinationType: "S3"},
			`LogDestinationType "S3": want one of cloud-watch-logs, s3, kinesis-data-firehose`,
		},
		"an interval of zero": {
			ec2.CreateFlowLogsInput{MaxAggregationInterval: aws.Int32(0)},
			`MaxAggregationInterval "0s (0 seconds)": want 1m or 10m (60 or 600 seconds)`,
		},
		"tags for something else": {
			ec2.CreateFlowLogsInput{TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVpc}}},
			`TagSpecifications[0].ResourceType "vpc": want vpc-flow-log`,
		},
		"a format that cannot be read": {
			ec2.CreateFlowLogsInput{LogFormat: aws.String("srcaddr")},
			`LogFormat "srcaddr": want fields in the form ${field-id}, not "srcaddr"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := flowlogs.FromInput(&test.in)
			require.EqualError(t, err, "flowlogs: invalid request: "+test.want)
			assert.Zero(t, req)
		})
	}
}

func TestFromInputTakesWhatIsNotCompleteYet(t *testing.T) {
	t.Parallel()
	for _, in := range []*ec2.CreateFlowLogsInput{nil, {}} {
		req, err := flowlogs.FromInput(in)
		require.NoError(t, err)
		assert.Equal(t, flowlogs.Request{}, req)
	}
}

func TestAnInputSharesNothingWithItsRequest(t *testing.T) {
	t.Parallel()
	req := fullRequest()
	in, err := req.Input()
	require.NoError(t, err)
	in.ResourceIds[0], *in.ClientToken, in.TagFieldSpecifications[0].TagKeys[0] = "x", "x", "x"
	assert.Equal(t, fullRequest(), req)

	in = fullInputs()[0]
	req, err = flowlogs.FromInput(in)
	require.NoError(t, err)
	req.ResourceIDs[0], req.TagFields[0].Keys[0] = "x", "x"
	assert.Equal(t, fullInputs()[0], in)
}

func TestADestinationMayBeAPointer(t *testing.T) {
	t.Parallel()
	for _, d := range []flowlogs.Destination{
		&flowlogs.S3{BucketARN: "arn:aws:s3:::b"},
		&flowlogs.Firehose{StreamARN: "arn:aws:firehose:us-east-1:123456789012:deliverystream/s"},
		&flowlogs.CloudWatchLogs{LogGroupName: "g", RoleARN: "arn:aws:iam::123456789012:role/r"},
	} {
		req := vpcRequest(1)
		req.Destination = d
		pointed, err := req.Input()
		require.NoError(t, err)
		req.Destination = reflect.ValueOf(d).Elem().Interface().(flowlogs.Destination)
		value, err := req.Input()
		require.NoError(t, err)
		assert.Equal(t, value, pointed)
	}
	for _, d := range []flowlogs.Destination{nil, (*flowlogs.S3)(nil), (*flowlogs.Firehose)(nil), (*flowlogs.CloudWatchLogs)(nil)} {
		req := vpcRequest(1)
		req.Destination = d
		require.EqualError(t, req.Validate(), "flowlogs: invalid request: Destination: required: a CloudWatchLogs, S3 or Firehose")
	}
}

func TestRequestJSONIsTheDocumentOfTheCLI(t *testing.T) {
	t.Parallel()
	document, err := json.MarshalIndent(fullRequest(), "", "    ")
	require.NoError(t, err)
	want, err := os.ReadFile("testdata/cli-input.json")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(document)+"\n")

	var req flowlogs.Request
	require.NoError(t, json.Unmarshal(want, &req))
	assert.Equal(t, fullRequest(), req)

	empty, err := json.Marshal(flowlogs.Request{})
	require.NoError(t, err)
	assert.Equal(t, "{}", string(empty))
}

func TestRequestJSONRefusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		`{"LogGroup":"g"}`:   `LogGroup: unknown member; want one of ResourceIds, ResourceType, ClientToken, `,
		`{"resourceIds":[]}`: `resourceIds: unknown member`,
		`{"TagSpecifications":[{"Tags":[{"Key":"k","Value":"v"},{"key":"k"}]}]}`: `TagSpecifications[0].Tags[1].key: unknown member; want one of Key, Value`,
		`{"DestinationOptions":{"Format":"parquet"}}`:                            `DestinationOptions.Format: unknown member; want one of FileFormat, HiveCompatiblePartitions, PerHourPartition`,
		`{"ResourceIds":"vpc-1"}`:                                                `ResourceIds "string": want a list`,
		`{"ResourceIds":["vpc-1",2]}`:                                            `ResourceIds "number": want a string`,
		`{"MaxAggregationInterval":"60"}`:                                        `MaxAggregationInterval "string": want a whole number`,
		`{"MaxAggregationInterval":60.5}`:                                        `MaxAggregationInterval "number 60.5": want a whole number`,
		`{"DryRun":"true"}`:                                                      `DryRun "string": want true or false`,
		`{"DestinationOptions":[]}`:                                              `DestinationOptions "array": want an object`,
		`[]`:                                                                     `document "array": want an object`,
		`{"LogDestinationType":"s3","LogGroupName":"g"}`:                         `LogGroupName "g": leave it out`,
	} {
		req := vpcRequest(1)
		err := json.Unmarshal([]byte(document), &req)
		var invalid *flowlogs.ValidationError
		require.ErrorAs(t, err, &invalid, document)
		require.ErrorContains(t, err, want)
		assert.Equal(t, vpcRequest(1), req, "left as it was")
	}
	var req flowlogs.Request
	require.Error(t, json.Unmarshal([]byte(`{"ResourceIds":["vpc-1"]`), &req))
	require.Error(t, req.UnmarshalJSON([]byte(`{"ResourceIds":["vpc-1"]`)))
	require.NoError(t, json.Unmarshal([]byte(`null`), &req))
	require.NoError(t, json.Unmarshal([]byte(`{"LogGroupName":null,"LogFormat":"","ClientToken":""}`), &req))
	assert.Equal(t, flowlogs.Request{}, req)
}

func TestAnIntervalThatIsNoSecondsCannotBeWrittenDown(t *testing.T) {
	t.Parallel()
	_, err := json.Marshal(flowlogs.Request{MaxAggregationInterval: 1500 * time.Millisecond})
	require.ErrorContains(t, err, `MaxAggregationInterval "1.5s": want whole seconds`)
	_, err = json.Marshal(flowlogs.Request{MaxAggregationInterval: 1 << 62})
	require.ErrorContains(t, err, "want whole seconds")
}

func TestResponseJSONIsTheOutputOfTheCLI(t *testing.T) {
	t.Parallel()
	empty, err := json.Marshal(flowlogs.Response{ClientToken: "t"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Unsuccessful":[],"FlowLogIds":[],"ClientToken":"t"}`, string(empty))
	full, err := json.Marshal(&flowlogs.Response{
		ClientToken:  "t",
		FlowLogIDs:   []string{"fl-1"},
		Unsuccessful: []flowlogs.UnsuccessfulItem{{ResourceID: "vpc-1", Code: "400", Message: "no"}},
		Batches:      []flowlogs.Batch{{}},
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{"Unsuccessful":[{"Error":{"Code":"400","Message":"no"},"ResourceId":"vpc-1"}],"FlowLogIds":["fl-1"],"ClientToken":"t"}`, string(full))
}

func TestTagsAreSentInOneOrder(t *testing.T) {
	t.Parallel()
	in, err := fullRequest().Input()
	require.NoError(t, err)
	assert.True(t, slices.IsSortedFunc(in.TagSpecifications[0].Tags, func(a, b types.Tag) int {
		if *a.Key < *b.Key {
			return -1
		}
		return 1
	}))
}
