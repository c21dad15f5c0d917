package flowlogstest

import "time"

// tokenBucket throttles the calls of one operation. A call takes one token; a
// call that finds none is throttled and takes nothing. See
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
type tokenBucket struct {
	size      float64
	perSecond float64
	level     float64
	filled    time.Time // when level was computed
}

func newBuckets(o Options) map[string]*tokenBucket {
	if !o.Throttle {
		return nil
	}
	return map[string]*tokenBucket{
		"CreateFlowLogs":   newTokenBucket(o.Burst, o.PerSecond),
		"DeleteFlowLogs":   newTokenBucket(o.Burst, o.PerSecond),
		"DescribeFlowLogs": newTokenBucket(100, 20),
	}
}

func newTokenBucket(size int, perSecond float64) *tokenBucket {
	return &tokenBucket{size: float64(size), perSecond: perSecond, level: float64(size), filled: time.Now()}
}

func (b *tokenBucket) take(now time.Time) bool {
	b.level = min(b.size, b.level+now.Sub(b.filled).Seconds()*b.perSecond)
	b.filled = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
