package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

func TestVPCs_AreThoseOfEveryPage(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 999, 1000, 1001, 2000, 2500} {
		ids, err := vpcs(t.Context(), clientOf(serving(t, flowlogstest.New(), vpcIDs(n))))
		require.NoError(t, err)
		assert.Equal(t, once(vpcIDs(n)), once(ids))
		assert.Len(t, ids, n)
	}
}

func TestVPCs_AreInTheSameOrderEachTime(t *testing.T) {
	t.Parallel()
	ids, err := vpcs(t.Context(), clientOf(serving(t, flowlogstest.New(), []string{"vpc-3", "vpc-1", "vpc-2"})))
	require.NoError(t, err)
	assert.Equal(t, []string{"vpc-1", "vpc-2", "vpc-3"}, ids)
}

func TestRegion_RejectsAPageThatDoesNotExist(t *testing.T) {
	t.Parallel()
	url := serving(t, flowlogstest.New(), vpcIDs(3))
	for _, page := range []string{"NextToken=4", "NextToken=-1", "NextToken=x", "MaxResults=0", "MaxResults=x"} {
		resp, err := http.Post(url, "application/x-www-form-urlencoded", strings.NewReader("Action=DescribeVpcs&"+page))
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode, page)
	}
}

func TestServe_IsForOtherProcesses(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-serve", "127.0.0.1:0", "-vpcs", "7"}, stdout, io.Discard) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	vpcs, err := clientOf(strings.TrimSpace(line)).DescribeVpcs(ctx, &ec2.DescribeVpcsInput{MaxResults: aws.Int32(5)})
	require.NoError(t, err)
	assert.Len(t, vpcs.Vpcs, 5)
	assert.Equal(t, "5", aws.ToString(vpcs.NextToken))
	stop()
	require.NoError(t, <-ended)
}

func TestServe_RejectsOtherThanLoopbackAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:4567"} {
		_, _, err := fleet(t, "-serve", address)
		require.ErrorContains(t, err, "want a loopback address", address)
	}
}
