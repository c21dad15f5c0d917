package flowlogs

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCredit_PaysInAdvanceAndRefundsTheRest(t *testing.T) {
	t.Parallel()
	c := credit{left: 20 * callCost}
	c.begin(false)
	assert.True(t, c.pay(nil, 18))
	assert.False(t, c.pay(nil, 3), "nobody else will earn anything")
	c.end(5)
	assert.Equal(t, 7*callCost, c.left)
	c.earn(1000)
	assert.Equal(t, maxCredit, c.left, "at most")
}

func TestCredit_WaitsWhileAnotherBatchIsIsolated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := credit{left: 18 * callCost}
		c.begin(false)
		c.begin(false)
		start := time.Now()
		assert.True(t, c.pay(nil, 18))
		time.AfterFunc(time.Second, func() { c.earn(30 * callCost) })
		assert.True(t, c.pay(nil, 18), "the other one has earned it")
		time.AfterFunc(time.Second, func() { c.end(0) })
		assert.False(t, c.pay(nil, 18), "the other one has ended")
		assert.Equal(t, 2*time.Second, time.Since(start))

		c.begin(false)
		done := make(chan struct{})
		close(done)
		assert.False(t, c.pay(done, 18))
	})
}

func TestCredit_AdmitsNoBatchWhileAFatalReasonIsSuspected(t *testing.T) {
	t.Parallel()
	c := credit{left: maxCredit}
	assert.True(t, c.admits())
	c.begin(false)
	assert.True(t, c.admits(), "the reason is not fatal")
	c.begin(true)
	assert.False(t, c.admits())
	c.isolating, c.waiting = 0, 1
	assert.False(t, c.admits(), "one that waits is going on soon")
	c.earn(0)
	assert.True(t, c.admits(), "EC2 has accepted a call")
	c.begin(true)
	assert.True(t, c.admits(), "and has so once and for all")
}

func TestProof_TellsSomeBadResourcesFromAReasonForAll(t *testing.T) {
	t.Parallel()
	whole := &part{batch: Batch{ResourceIDs: make([]string, 300)}}
	half := &part{batch: Batch{ResourceIDs: make([]string, 2)}, rejection: ErrNotAuthorized}
	single := &part{batch: Batch{ResourceIDs: make([]string, 1)}, rejection: ErrNotAuthorized}
	beside := &part{batch: Batch{ResourceIDs: make([]string, 1)}, rejection: ErrNotAuthorized, beside: true}
	count := func(p *proof, n int, rejected *part, divisible bool) (conclusive bool) {
		for range n {
			conclusive = p.count(ErrNotAuthorized, rejected, divisible)
		}
		return conclusive
	}

	var p proof
	assert.False(t, count(&p, 9, whole, false))
	assert.False(t, p.count(ErrInvalidParameter, whole, false), "another reason")
	assert.True(t, count(&p, 1, whole, false), "ten whole batches that are not split")

	p = proof{}
	assert.False(t, count(&p, 100, whole, true), "that are split")
	assert.False(t, count(&p, 100, half, true))
	assert.False(t, count(&p, 1, single, false))
	assert.False(t, count(&p, 2, beside, false), "three bad resources side by side")
	assert.True(t, count(&p, 1, beside, false))
}

func TestRetries_GrowUnlessEC2RespondsToOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var r retries
		var dues []time.Duration
		for {
			due, ok := r.next(time.Now(), start, time.Minute, nil)
			if !ok {
				break
			}
			dues = append(dues, due.Sub(start)/time.Second)
			time.Sleep(time.Until(due))
		}
		assert.Equal(t, []time.Duration{1, 3, 7, 15, 31, 60}, dues)

		r, dues = retries{}, nil
		for range 11 {
			due, _ := r.next(time.Now(), time.Now(), time.Hour, nil) // it has responded just now
			dues = append(dues, time.Until(due)/time.Second)
			time.Sleep(time.Until(due))
		}
		assert.Equal(t, []time.Duration{1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8}, dues)
	})
}

func TestPropagation_IsOneScheduleForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := propagation{timeout: time.Minute}
		var dues []time.Duration
		var last pause
		for range 9 {
			last, _ = p.next()
			dues = append(dues, last.due.Sub(start)/time.Second)
		}
		assert.Equal(t, []time.Duration{1, 3, 7, 15, 25, 35, 45, 55, 60}, dues, "each the next moment, and then the deadline")

		time.AfterFunc(5*time.Second, p.seen)
		last.sleep(nil)
		assert.Equal(t, 5*time.Second, time.Since(start), "woken")
		again, _ := p.next()
		assert.Equal(t, 6*time.Second, again.due.Sub(start), "the schedule starts again")

		time.Sleep(time.Minute)
		_, ok := p.next()
		assert.False(t, ok, "the deadline does not")
		_, ok = new(propagation).next()
		assert.False(t, ok, "off")
	})
}
