package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse_ThrottlesIfAnyOptionOfThrottlingIsGiven(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args string
		want bool
	}{{"", false}, {"-throttle", true}, {"-burst 1", true}, {"-per-second 1", true}, {"-latency 1s", false}}
	for _, tt := range tests {
		o, err := parse(strings.Fields(tt.args), io.Discard)
		require.NoError(t, err)
		assert.Equal(t, tt.want, o.throttle, tt.args)
	}
}

func TestRun_SaysWhatIsWrongWithAnOption(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { taken.Close() })
	tests := []struct {
		args string
		want []string
	}{
		{"-listen 4566", []string{`-listen "4566"`, "want host:port"}},
		{"-listen :0", []string{`-listen ":0"`, "want a loopback address", "-public"}},
		{"-listen 0.0.0.0:0", []string{`-listen "0.0.0.0:0"`, "want a loopback address"}},
		{"-listen " + taken.Addr().String(), []string{"-listen", "want an address of this machine and a port that is free"}},
		{"-region us", []string{`"us"`, "-region", "such as us-east-1"}},
		{"-account 12", []string{`"12"`, "-account", "want 12 digits"}},
		{"-burst 0", []string{`"0"`, "-burst", "want a whole number, 1 or more"}},
		{"-burst many", []string{`"many"`, "-burst", "want a whole number, 1 or more"}},
		{"-per-second -1", []string{`"-1"`, "-per-second", "want a number, 0 or more"}},
		{"-per-second NaN", []string{`"NaN"`, "-per-second", "want a number, 0 or more"}},
		{"-per-second Inf", []string{`"Inf"`, "-per-second", "want a number, 0 or more"}},
		{"-latency 5", []string{`"5"`, "-latency", "such as 300ms"}},
		{"-latency -5s", []string{`"-5s"`, "-latency", "such as 300ms"}},
		{"-fail vpc-0a1b2c3d,i-0a1b2c3d", []string{`"i-0a1b2c3d"`, "-fail", "such as vpc-0a1b2c3d"}},
		{"-fail=", []string{`""`, "-fail", "such as vpc-0a1b2c3d"}},
		{"-resources vpc-1", []string{`"vpc-1"`, "-resources", "such as vpc-0a1b2c3d"}},
		{"-buckets arn:aws:s3:::logs", []string{`"arn:aws:s3:::logs"`, "-buckets", "want the name of a bucket"}},
		{"-denied-buckets logs,,x", []string{`""`, "-denied-buckets", "want the name of a bucket"}},
		{"-log-groups my:group", []string{`"my:group"`, "-log-groups", "want the name of a log group"}},
		{"-roles publish", []string{`"publish"`, "-roles", "want the ARN of a role"}},
		{"-failed-after soon", []string{`"soon"`, "-failed-after", "such as 300ms"}},
		{"-fault lose,loose", []string{`"loose"`, "-fault", "one or more of lose, truncate, hang"}},
		{"-thottle", []string{"-thottle", "-help shows all options"}},
		{"-throttle 10", []string{`unexpected argument "10"`}},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var out bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // so that it ends even if it accepts the options
			err := run(ctx, strings.Fields(tt.args), &out)
			require.Error(t, err)
			for _, want := range tt.want {
				require.ErrorContains(t, err, want)
			}
			assert.Empty(t, out.String())
		})
	}
}

func TestRun_Helps(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.ErrorIs(t, run(t.Context(), []string{"-help"}, &out), flag.ErrHelp)
	for _, f := range faults {
		assert.Contains(t, out.String(), f.name+" ")
	}
}
