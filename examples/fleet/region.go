package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-flowlogs/flowlogs/flowlogstest"
)

// region is an EC2 with VPCs: flowlogstest knows flow logs only, so DescribeVpcs is
// handled here.
type region struct {
	vpcs     []string
	flowLogs http.Handler
}

// newRegion returns a region that throttles after a few calls.
func newRegion(o options) *region {
	return &region{vpcs: vpcIDs(o.vpcs), flowLogs: flowlogstest.New(func(f *flowlogstest.Options) {
		f.Throttle, f.Burst, f.PerSecond = true, o.burst, o.perSecond
	})}
}

func vpcIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("vpc-%017x", i+1)
	}
	return ids
}

// latency keeps the response from overtaking the request, which over loopback can fail a
// call of a client without a readOnlyBody.
const latency = 5 * time.Millisecond

func (r *region) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	time.Sleep(latency)
	params, err := url.ParseQuery(string(body))
	if err == nil && params.Get("Action") == "DescribeVpcs" {
		r.describeVPCs(w, params)
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	r.flowLogs.ServeHTTP(w, req)
}

// describeVPCsResponse has the elements that a list of IDs needs.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html
type describeVPCsResponse struct {
	XMLName   xml.Name `xml:"http://ec2.amazonaws.com/doc/2016-11-15/ DescribeVpcsResponse"`
	VPCs      []vpc    `xml:"vpcSet>item"`
	NextToken string   `xml:"nextToken,omitempty"`
}

type vpc struct {
	ID string `xml:"vpcId"`
}

// describeVPCs writes a page. NextToken is the index at which the next one begins.
func (r *region) describeVPCs(w http.ResponseWriter, params url.Values) {
	size, err := number(params, "MaxResults", 1000)
	begin, beginErr := number(params, "NextToken", 0)
	if err != nil || beginErr != nil || size < 1 || begin < 0 || begin > len(r.vpcs) {
		http.Error(w, "bad page", http.StatusBadRequest)
		return
	}
	end := min(begin+size, len(r.vpcs))
	var page describeVPCsResponse
	for _, id := range r.vpcs[begin:end] {
		page.VPCs = append(page.VPCs, vpc{id})
	}
	if end < len(r.vpcs) {
		page.NextToken = strconv.Itoa(end)
	}
	w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
	if err := xml.NewEncoder(w).Encode(page); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// number returns the value of a parameter, or otherwise if there is none.
func number(params url.Values, name string, otherwise int) (int, error) {
	if !params.Has(name) {
		return otherwise, nil
	}
	return strconv.Atoi(params.Get(name))
}
