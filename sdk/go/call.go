package outrigger

import (
	"context"
	"encoding/json"
	"math"
	"sync"
	"time"
)

// call is a hook call in flight, and the parameters it came with.
type call struct {
	params invokeParams
	host   *Host
	ctx    *callContext
}

type invokeParams struct {
	Event      string          `json:"event"`
	Hook       string          `json:"hook"`
	Context    EventContext    `json:"context"`
	Payload    json.RawMessage `json:"payload"`
	State      json.RawMessage `json:"state"`
	DeadlineMs *float64        `json:"deadlineMs"`
	Attempt    int             `json:"attempt"`
	Outcome    *Outcome        `json:"outcome"`
}

// granted is what the host waits for the answer; forever when it says nothing.
func (p invokeParams) granted() time.Duration {
	if p.DeadlineMs == nil || p.Outcome != nil || *p.DeadlineMs > float64(math.MaxInt64/time.Millisecond) {
		return forever
	}
	return time.Duration(max(*p.DeadlineMs, 0) * float64(time.Millisecond))
}

// callContext is a context whose deadline can be moved: progress restarts it.
type callContext struct {
	context.Context
	cancel  context.CancelCauseFunc
	granted time.Duration
	mutex   sync.Mutex
	ends    time.Time
	timer   *time.Timer
	ended   bool
}

const forever = time.Duration(math.MaxInt64)

func newCallContext(granted time.Duration) *callContext {
	inner, cancel := context.WithCancelCause(context.Background())
	c := &callContext{Context: inner, cancel: cancel, granted: granted}
	if granted < forever {
		c.ends = time.Now().Add(granted)
		c.timer = time.AfterFunc(granted, func() { cancel(context.DeadlineExceeded) })
	}
	return c
}

// Deadline is false in mode fire_and_forget.
func (c *callContext) Deadline() (time.Time, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.ends, c.timer != nil
}

func (c *callContext) Err() error {
	err := c.Context.Err()
	if err != nil && context.Cause(c.Context) == context.DeadlineExceeded {
		return context.DeadlineExceeded
	}
	return err
}

func (c *callContext) remaining() time.Duration {
	ends, hasEnd := c.Deadline()
	if !hasEnd {
		return forever
	}
	return max(time.Until(ends), 0)
}

// restart is false when the call is over and nothing may be said about it any more.
func (c *callContext) restart() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.ended {
		return false
	}
	if c.timer != nil && c.Context.Err() == nil {
		c.ends = time.Now().Add(c.granted)
		c.timer.Reset(c.granted)
	}
	return true
}

// end frees what the call holds; children of the context end too.
func (c *callContext) end() {
	c.mutex.Lock()
	c.ended = true
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mutex.Unlock()
	c.cancel(context.Canceled)
}
