package pace

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// step is what happens to a quota at one time, and what follows.
type step struct {
	after     time.Duration // the step before
	granted   int           // calls that are sent and granted
	throttled int           // calls that are sent then and throttled
	inFlight  int           // calls that were sent with the step before and are throttled now
	rate      float64       // calls a second
	delay     time.Duration // of the next call
}

func TestQuota_FollowsWhatEC2Grants(t *testing.T) {
	t.Parallel()
	loose, enforced := Bucket{Size: 50, Refill: 5}, Bucket{Size: 100, Refill: 20, Enforced: true}
	for _, tt := range []struct {
		name   string
		bucket Bucket
		steps  []step
	}{
		{"calls are not limited until EC2 throttles one", loose, []step{
			{0, 1000, 0, 0, 5, 0},
		}},
		{"an enforced bucket limits from the first call", enforced, []step{
			{0, 100, 0, 0, 20, 50 * time.Millisecond},
			{time.Second, 20, 0, 0, 20, 50 * time.Millisecond},
			{time.Hour, 100, 0, 0, 20, 50 * time.Millisecond},
		}},
		{"the whole bucket at once is a share of all", loose, []step{
			{0, 50, 1, 0, 5, time.Second},
		}},
		{"half a bucket is a share of half", loose, []step{
			{0, 25, 1, 0, 2.5, 2 * time.Second},
		}},
		{"less than half is not believed", loose, []step{
			{0, 10, 1, 0, 2.5, 2 * time.Second},
		}},
		{"hardly any call is no evidence: no rest, and a fifth more for each that is granted", loose, []step{
			{0, 2, 1, 0, 2.5, 400 * time.Millisecond},
			{400 * time.Millisecond, 1, 0, 0, 3, 333 * time.Millisecond},
			{333334 * time.Microsecond, 1, 0, 0, 3.6, 278 * time.Millisecond},
			{277778 * time.Microsecond, 1, 0, 0, 4.32, 231 * time.Millisecond},
		}},
		{"without evidence, each throttled call halves the rate, down to a twentieth", loose, []step{
			{0, 0, 1, 0, 2.5, 400 * time.Millisecond},
			{time.Second, 0, 1, 0, 1.25, 800 * time.Millisecond},
			{time.Second, 0, 1, 0, 0.625, 1600 * time.Millisecond},
			{time.Second, 0, 1, 0, 0.3125, 3200 * time.Millisecond},
			{time.Second, 0, 1, 0, 0.25, 4 * time.Second},
			{time.Second, 0, 1, 0, 0.25, 4 * time.Second},
		}},
		{"in another bucket all is relative to that", enforced, []step{
			{0, 50, 1, 0, 10, time.Second},
			{time.Second, 0, 1, 0, 5, 2 * time.Second},
			{time.Second, 0, 1, 0, 2.5, 4 * time.Second},
			{time.Second, 0, 1, 0, 1.25, 4500 * time.Millisecond},
			{time.Second, 0, 1, 0, 1, 4500 * time.Millisecond},
		}},
		{"it goes below what was granted since EC2's bucket was empty", loose, []step{
			{0, 50, 1, 0, 5, time.Second},
			{2 * time.Second, 6, 1, 0, 2.4, 2083 * time.Millisecond},
		}},
		{"never above the rate that it had", loose, []step{
			{0, 50, 1, 0, 5, time.Second},
			{time.Second, 30, 1, 0, 7.024, time.Second}, // 30 a second, of which it had grown to 8.78
		}},
		{"calls that were sent together lower it once", loose, []step{
			{0, 25, 1, 0, 2.5, 2 * time.Second},
			{time.Second, 0, 0, 25, 2.5, time.Second}, // in flight at the last one
		}},
		{"it grows with the calls", loose, []step{
			{0, 50, 1, 0, 5, time.Second},
			{3 * time.Second, 11, 0, 0, 5.1864, 193 * time.Millisecond},
		}},
		{"and with the time, if that is more", loose, []step{
			{0, 25, 1, 0, 2.5, 2 * time.Second},
			{time.Second, 0, 1, 0, 1.25, 4 * time.Second},
			{10 * time.Second, 8, 0, 0, 1.65, 303 * time.Millisecond},
		}},
		{"not while calls do not wait for it", loose, []step{
			{0, 50, 1, 0, 5, time.Second},
			{5 * time.Second, 5, 0, 0, 5, 0},
		}},
		{"it forgets a rate of an hour ago", loose, []step{
			{0, 25, 1, 0, 2.5, 2 * time.Second},
			{time.Hour + time.Second, 1000, 0, 0, 5, 0},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := newQuota(tt.bucket)
			now := time.Now()
			for i, s := range tt.steps {
				before := now
				now = now.Add(s.after)
				q.delay(now)
				for range s.granted {
					q.spend()
					q.granted(now)
				}
				for range s.throttled {
					q.spend()
					q.throttled(now, now)
				}
				for range s.inFlight {
					q.throttled(before, now)
				}
				assert.InDelta(t, s.rate, q.rate, 0.001, "rate after step %d", i)
				assert.InDelta(t, s.delay.Seconds(), q.delay(now).Seconds(), 0.001, "delay after step %d", i)
			}
		})
	}
}
