package flowlogstest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// tagsOf returns the tags of the flow log at an index, as DescribeFlowLogs shows them.
func tagsOf(t *testing.T, call api, index int) map[string]string {
	t.Helper()
	out, err := call.DescribeFlowLogs(t.Context(), nil)
	require.NoError(t, err)
	tags := map[string]string{}
	for _, tag := range out.FlowLogs[index].Tags {
		tags[*tag.Key] = *tag.Value
	}
	require.Len(t, out.FlowLogs[index].Tags, len(tags), "a key occurs once")
	return tags
}

func TestCreateTags_AddsAndOverwritesTags(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, e *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(3)...), withTags("vpc-flow-log", tag("Name", "a"), tag("Owner", "b"))))
		require.NoError(t, err)
		e.Put(oldFlowLog())

		_, err = call.CreateTags(t.Context(), &ec2.CreateTagsInput{
			Resources: []string{flowLogID(1), flowLogID(3), "fl-1a2b3c4d"},
			Tags:      []types.Tag{tag("Name", "new"), {Key: aws.String("Empty")}},
		})
		require.NoError(t, err)
		changed := map[string]string{"Name": "new", "Owner": "b", "Empty": ""}
		assert.Equal(t, changed, tagsOf(t, call, 0))
		assert.Equal(t, map[string]string{"Name": "a", "Owner": "b"}, tagsOf(t, call, 1), "flow logs of one call share no tags")
		assert.Equal(t, changed, tagsOf(t, call, 2))
		assert.Equal(t, map[string]string{"Name": "new", "Empty": ""}, tagsOf(t, call, 3))

		_, err = call.CreateFlowLogs(t.Context(), toBucket())
		assert.Equal(t, "FlowLogAlreadyExists", code(err), "tags do not make another flow log")
	})
}

func TestDeleteTags_DeletesByKeyOrByKeyAndValue(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		tags []types.Tag
		want map[string]string
	}{
		{"a key", []types.Tag{{Key: aws.String("Name")}}, map[string]string{"Owner": "b", "Empty": ""}},
		{"a key and its value", []types.Tag{tag("Name", "a")}, map[string]string{"Owner": "b", "Empty": ""}},
		{"a key and another value", []types.Tag{tag("Name", "b")}, map[string]string{"Name": "a", "Owner": "b", "Empty": ""}},
		{"keys and the empty value", []types.Tag{tag("Name", ""), tag("Empty", "")}, map[string]string{"Name": "a", "Owner": "b"}},
		{"a key that no flow log has", []types.Tag{{Key: aws.String("None")}}, map[string]string{"Name": "a", "Owner": "b", "Empty": ""}},
		{"no tags: all", nil, map[string]string{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contract(t, func(t *testing.T, _ *flowlogstest.EC2, call api) {
				had := withTags("vpc-flow-log", tag("Name", "a"), tag("Owner", "b"), tag("Empty", ""))
				_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(2)...), had))
				require.NoError(t, err)
				_, err = call.DeleteTags(t.Context(), &ec2.DeleteTagsInput{Resources: []string{flowLogID(1)}, Tags: test.tags})
				require.NoError(t, err)
				assert.Equal(t, test.want, tagsOf(t, call, 0))
				assert.Len(t, tagsOf(t, call, 1), 3)
			})
		})
	}
}

func TestDeleteTags_KeepsTheTagsOfAWS(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	f := oldFlowLog()
	f.Tags = []types.Tag{tag("aws:cloudformation:stack-name", "s"), tag("Name", "a")}
	id := e.Put(f)
	_, err := e.DeleteTags(t.Context(), &ec2.DeleteTagsInput{Resources: []string{id}})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"aws:cloudformation:stack-name": "s"}, tagsOf(t, e, 0))

	_, err = e.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{id}, Tags: manyTags(50)})
	require.NoError(t, err, "tags of AWS do not count")
}

func TestTags_Reject(t *testing.T) {
	t.Parallel()
	const notFound = "These flow log ids in the input list are not found: [TotalCount: 1] fl-00000000000000009"
	name := []types.Tag{tag("Name", "x")}
	tests := []struct {
		name          string
		in            any
		code, message string
	}{
		{
			"a resource of another kind",
			&ec2.CreateTagsInput{Resources: []string{flowLogID(1), vpc(1)}, Tags: name},
			"InvalidID", "The ID 'vpc-00000000000000001' is not valid",
		},
		{"an unknown flow log", &ec2.CreateTagsInput{Resources: []string{flowLogID(1), flowLogID(9)}, Tags: name}, "InvalidFlowLogId.NotFound", notFound},
		{"an unknown flow log to delete from", &ec2.DeleteTagsInput{Resources: []string{flowLogID(9)}}, "InvalidFlowLogId.NotFound", notFound},
		{"no resources", &ec2.CreateTagsInput{Resources: []string{}, Tags: name}, "MissingParameter", "The request must contain the parameter resourceIdSet"},
		{"no tags", &ec2.CreateTagsInput{Resources: []string{flowLogID(1)}, Tags: []types.Tag{}}, "MissingParameter", "The request must contain the parameter Tag"},
		{
			"a reserved key", &ec2.CreateTagsInput{Resources: []string{flowLogID(1)}, Tags: []types.Tag{tag("aws:x", "")}},
			"InvalidTagKey.Malformed", "Tag keys starting with 'aws:' are reserved for internal use",
		},
		{
			"a reserved key to delete", &ec2.DeleteTagsInput{Resources: []string{flowLogID(1)}, Tags: []types.Tag{tag("aws:x", "")}},
			"InvalidTagKey.Malformed", "Tag keys starting with 'aws:' are reserved for internal use",
		},
		{
			"a key twice", &ec2.CreateTagsInput{Resources: []string{flowLogID(1)}, Tags: []types.Tag{tag("a", ""), tag("a", "b")}},
			"InvalidParameterValue", "Duplicate tag key 'a' specified.",
		},
		{"a tag too many", &ec2.CreateTagsInput{Resources: []string{flowLogID(1)}, Tags: manyTags(50)}, "TagLimitExceeded", "More than 50 tags specified"},
		{
			"an unknown filter", &ec2.DescribeTagsInput{Filters: []types.Filter{filter("tag-key", "x")}},
			"InvalidParameterValue", "The filter 'tag-key' is invalid",
		},
		{"a page too small", &ec2.DescribeTagsInput{MaxResults: aws.Int32(4)}, "InvalidParameterValue", "Value ( 4 ) for parameter maxResults is invalid."},
		{
			"a page before the first", &ec2.DescribeTagsInput{NextToken: aws.String("LTE")}, // -1
			"InvalidPaginationToken", "The specified pagination token is not valid or is expired.",
		},
		{
			"a page that does not exist", &ec2.DescribeTagsInput{NextToken: aws.String("!")},
			"InvalidPaginationToken", "The specified pagination token is not valid or is expired.",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := flowlogstest.New()
			_, err := e.CreateFlowLogs(t.Context(), toBucket(withTags("vpc-flow-log", tag("Owner", "b"))))
			require.NoError(t, err)
			_, err = invoke(e, test.in)
			calls := e.Calls()
			assertAPIError(t, err, calls[1].Operation, 400, test.code, test.message)
			assert.Equal(t, map[string]string{"Owner": "b"}, tagsOf(t, e, 0))
		})
	}
}

func TestTags_ADryRunChangesNothing(t *testing.T) {
	t.Parallel()
	e := flowlogstest.New()
	_, err := e.CreateFlowLogs(t.Context(), toBucket(withTags("vpc-flow-log", tag("Owner", "b"))))
	require.NoError(t, err)
	ids := []string{flowLogID(1)}
	for _, in := range []any{
		&ec2.CreateTagsInput{Resources: ids, Tags: manyTags(1), DryRun: aws.Bool(true)},
		&ec2.DescribeTagsInput{DryRun: aws.Bool(true)},
		&ec2.DeleteTagsInput{Resources: ids, DryRun: aws.Bool(true)},
	} {
		_, err := invoke(e, in)
		assert.Equal(t, "DryRunOperation", code(err))
	}
	assert.Equal(t, map[string]string{"Owner": "b"}, tagsOf(t, e, 0))
}

func TestDescribeTags_FiltersAndPages(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T, _ *flowlogstest.EC2, call api) {
		_, err := call.CreateFlowLogs(t.Context(), toBucket(withIDs(vpcs(4)...), withTags("vpc-flow-log", tag("Name", "a"), tag("Owner", "b"))))
		require.NoError(t, err)
		for _, test := range []struct {
			filter types.Filter
			want   int
		}{
			{filter("key", "Name", "None"), 4},
			{filter("value", "b"), 4},
			{filter("resource-id", flowLogID(2)), 2},
			{filter("resource-type", "vpc-flow-log"), 8},
			{filter("resource-type", "vpc"), 0},
			{filter("tag:Owner", "?"), 4},
			{filter("tag:Owner", "a"), 0},
		} {
			out, err := call.DescribeTags(t.Context(), &ec2.DescribeTagsInput{Filters: []types.Filter{test.filter}})
			require.NoError(t, err)
			assert.Len(t, out.Tags, test.want, *test.filter.Name)
		}

		var sizes []int
		var all []string
		pages := ec2.NewDescribeTagsPaginator(call, &ec2.DescribeTagsInput{MaxResults: aws.Int32(5)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			require.NoError(t, err)
			sizes = append(sizes, len(page.Tags))
			for _, tag := range page.Tags {
				all = append(all, *tag.ResourceId+*tag.Key)
			}
		}
		assert.Equal(t, []int{5, 3}, sizes)
		beyond, err := call.DescribeTags(t.Context(), &ec2.DescribeTagsInput{NextToken: aws.String("OTk")})
		require.NoError(t, err, "tags may have been deleted since the last page")
		assert.Empty(t, beyond.Tags)
		assert.Equal(t, flowLogID(1)+"Name "+flowLogID(1)+"Owner "+flowLogID(2)+"Name", strings.Join(all[:3], " "))
	})
}

func TestDescribeTags_LagsAsDescribeFlowLogsDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := flowlogstest.New(func(o *flowlogstest.Options) { o.DescribeLag, o.DeleteLag = time.Minute, time.Minute })
		shown := func() int {
			out, err := e.DescribeTags(t.Context(), nil)
			require.NoError(t, err)
			return len(out.Tags)
		}
		_, err := e.CreateFlowLogs(t.Context(), toBucket(withTags("vpc-flow-log", tag("Name", "a"))))
		require.NoError(t, err)
		assert.Zero(t, shown())
		time.Sleep(time.Minute)
		assert.Equal(t, 1, shown())
		_, err = e.DeleteFlowLogs(t.Context(), &ec2.DeleteFlowLogsInput{FlowLogIds: []string{flowLogID(1)}})
		require.NoError(t, err)
		assert.Equal(t, 1, shown())
		time.Sleep(time.Minute)
		assert.Zero(t, shown())
	})
}
