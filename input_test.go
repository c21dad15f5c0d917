package flowlogs_test

import (
	"cmp"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs"
)

// This test fails when the SDK gains a member that this package does not know: in
// the input, in DestinationOptions, in TagFieldSpecifications or in the output.
func TestRequest_CarriesEveryMemberOfTheSDK(t *testing.T) {
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

func TestValidate_AcceptsEveryEnumValueOfTheSDK(t *testing.T) {
	t.Parallel()
	idOf := map[flowlogs.ResourceType]string{
		flowlogs.ResourceTypeVPC:                      "vpc-00000001",
		flowlogs.ResourceTypeSubnet:                   "subnet-00000001",
		flowlogs.ResourceTypeNetworkInterface:         "eni-00000001",
		flowlogs.ResourceTypeTransitGateway:           "tgw-00000001",
		flowlogs.ResourceTypeTransitGatewayAttachment: "tgw-attach-00000001",
		flowlogs.ResourceTypeRegionalNATGateway:       "nat-00000001",
	}
	for _, v := range flowlogs.ResourceType("").Values() {
		req := vpcRequest(0)
		req.ResourceIDs, req.ResourceType = []string{cmp.Or(idOf[v], "any")}, v
		if strings.HasPrefix(string(v), "TransitGateway") || strings.HasPrefix(string(v), "CoreNetwork") {
			req.TrafficType = ""
		}
		require.NoError(t, req.Validate(), v)
		if idOf[v] == "" {
			continue // it has no rule for IDs
		}
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

func TestFromInput_RejectsWhatARequestHasNoPlaceFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		in   *input
		want string
	}{
		{
			"a log group name with S3",
			&input{LogDestinationType: types.LogDestinationTypeS3, LogGroupName: aws.String("g")},
			`LogGroupName "g": not allowed with destination type s3`,
		},
		{
			"a role with S3",
			&input{LogDestinationType: types.LogDestinationTypeS3, DeliverLogsPermissionArn: aws.String("r")},
			`DeliverLogsPermissionArn "r": not allowed with destination type s3`,
		},
		{
			"a cross-account role with CloudWatch Logs",
			&input{DeliverCrossAccountRole: aws.String("r")},
			`DeliverCrossAccountRole "r": not allowed with destination type cloud-watch-logs`,
		},
		{
			"destination options with CloudWatch Logs",
			&input{DestinationOptions: &types.DestinationOptionsRequest{PerHourPartition: aws.Bool(false)}},
			`DestinationOptions "{…}": not allowed with destination type cloud-watch-logs`,
		},
		{
			"destination options with Firehose",
			&input{
				LogDestinationType: types.LogDestinationTypeKinesisDataFirehose,
				DestinationOptions: &types.DestinationOptionsRequest{HiveCompatiblePartitions: aws.Bool(false)},
			},
			`DestinationOptions "{…}": not allowed with destination type kinesis-data-firehose`,
		},
		{
			"an unknown destination type",
			&input{LogDestinationType: "S3"},
			`LogDestinationType "S3": want one of cloud-watch-logs, s3, kinesis-data-firehose`,
		},
		{
			"an interval of zero",
			&input{MaxAggregationInterval: aws.Int32(0)},
			`MaxAggregationInterval "0s (0 seconds)": want 1m or 10m (60 or 600 seconds)`,
		},
		{
			"tags on something else",
			&input{TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeVpc}}},
			`TagSpecifications[0].ResourceType "vpc": want vpc-flow-log`,
		},
		{
			"a tag without a key",
			changed(&input{}, []func(*input){setTags(types.Tag{Value: aws.String("v")})}),
			"TagSpecifications[0].Tags[0].Key: required",
		},
		{
			"a tag without a value",
			changed(&input{}, []func(*input){setTags(types.Tag{Key: aws.String("k")})}),
			"TagSpecifications[0].Tags[0].Value: required (may be empty)",
		},
		{
			"a tag key twice",
			changed(&input{}, []func(*input){setTags(tag("k", "1"), tag("k", "2"))}),
			`TagSpecifications[0].Tags[1].Key "k": duplicate key`,
		},
		{
			"a format that cannot be parsed",
			&input{LogFormat: aws.String("srcaddr")},
			`LogFormat "srcaddr": want fields in the form ${field-id}, such as ${srcaddr}, not "srcaddr"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			req, err := flowlogs.FromInput(test.in)
			require.EqualError(t, err, "flowlogs: invalid request: "+test.want)
			assert.Zero(t, req)
			var field *flowlogs.FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, field.Field == "LogDestinationType", field.Unknown)
		})
	}
}

func TestFromInput_KeepsWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	req, err := flowlogs.FromInput(&input{
		ResourceIds:            []string{"svc-1", "svc-1"},
		ResourceType:           "Lattice",
		TrafficType:            "NONE",
		LogDestinationType:     types.LogDestinationTypeS3,
		LogDestination:         aws.String("arn:aws-moon:s3:::My_Bucket"),
		DestinationOptions:     &types.DestinationOptionsRequest{FileFormat: "orc"},
		MaxAggregationInterval: aws.Int32(-1),
		LogFormat:              aws.String("${color}  ${}"),
		TagFieldSpecifications: []types.TagFieldSpecificationRequest{{ResourceType: "subnet"}},
		TagSpecifications:      []types.TagSpecification{{ResourceType: types.ResourceTypeVpcFlowLog, Tags: []types.Tag{tag("aws:k", "")}}},
		ClientToken:            aws.String("jetön"),
	})
	require.NoError(t, err)
	assert.Equal(t, flowlogs.Request{
		ResourceIDs:            []string{"svc-1", "svc-1"},
		ResourceType:           "Lattice",
		TrafficType:            "NONE",
		Destination:            flowlogs.S3{BucketARN: "arn:aws-moon:s3:::My_Bucket", FileFormat: "orc"},
		MaxAggregationInterval: -time.Second,
		LogFormat:              flowlogs.LogFormat{"color", ""},
		TagFields:              []flowlogs.TagField{{ResourceType: "subnet"}},
		Tags:                   map[string]string{"aws:k": ""},
		ClientToken:            "jetön",
	}, req)
}

func TestFromInput_KeepsADestinationThatIsOnlyNamed(t *testing.T) {
	t.Parallel()
	for _, want := range []flowlogs.Destination{flowlogs.CloudWatchLogs{}, flowlogs.S3{}, flowlogs.Firehose{}} {
		document, err := json.Marshal(flowlogs.Request{Destination: want})
		require.NoError(t, err)
		var req flowlogs.Request
		require.NoError(t, json.Unmarshal(document, &req))
		assert.Equal(t, want, req.Destination)
	}
}

func TestInput_SeparatesFieldsByOneSpace(t *testing.T) {
	t.Parallel()
	req, err := flowlogs.FromInput(s3Input(setFormat("${version}   ${srcaddr}")))
	require.NoError(t, err)
	in, err := req.Input()
	require.NoError(t, err)
	assert.Equal(t, "${version} ${srcaddr}", *in.LogFormat)
}

func TestFromInput_TakesEmptyDestinationOptionsForNone(t *testing.T) {
	t.Parallel()
	for _, in := range []*input{logsInput(), firehoseInput(), s3Input(), {}} {
		want, err := flowlogs.FromInput(in)
		require.NoError(t, err)
		in.DestinationOptions = &types.DestinationOptionsRequest{}
		req, err := flowlogs.FromInput(in)
		require.NoError(t, err)
		assert.Equal(t, want, req)
	}
}

func TestFromInput_AcceptsAnEmptyInput(t *testing.T) {
	t.Parallel()
	for _, in := range []*ec2.CreateFlowLogsInput{nil, {}} {
		req, err := flowlogs.FromInput(in)
		require.NoError(t, err)
		assert.Equal(t, flowlogs.Request{}, req)
	}
}

func TestInput_SharesNothingWithTheRequest(t *testing.T) {
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

func TestDestination_MayBeAPointer(t *testing.T) {
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

func TestInput_HasItsTagsInOneOrder(t *testing.T) {
	t.Parallel()
	in, err := fullRequest().Input()
	require.NoError(t, err)
	var keys []string
	for _, tag := range in.TagSpecifications[0].Tags {
		keys = append(keys, *tag.Key)
	}
	assert.Equal(t, []string{"a", "b", "empty"}, keys)
}
