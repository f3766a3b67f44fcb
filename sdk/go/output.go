package outrigger

import (
	"fmt"
	"io"
	"sync"
)

// mostQueuedBytes lets one message of the largest size wait; who sends more waits for the host to read.
const mostQueuedBytes = 16 << 20

// output writes messages whole, from a goroutine of its own: a host that does not read is still heard. What is sent while a write goes
// on leaves together in the next one.
type output struct {
	mutex      sync.Mutex
	changed    sync.Cond
	out        io.Writer
	queued     []byte
	isWriting  bool
	isClosed   bool
	hasHeaders bool
	isFramed   bool
	failed     chan struct{}
}

func newOutput(out io.Writer) *output {
	o := &output{out: out, failed: make(chan struct{})}
	o.changed.L = &o.mutex
	go o.run()
	return o
}

// frameAs fixes the framing, once: that of the host's first message.
func (o *output) frameAs(hasHeaders bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if !o.isFramed {
		o.isFramed, o.hasHeaders = true, hasHeaders
	}
}

func (o *output) send(message []byte) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for len(o.queued) > mostQueuedBytes && !o.isClosed {
		o.changed.Wait()
	}
	if o.isClosed {
		return
	}
	if o.hasHeaders {
		o.queued = fmt.Appendf(o.queued, "Content-Length: %d\r\n\r\n", len(message))
		o.queued = append(o.queued, message...)
	} else {
		o.queued = append(append(o.queued, message...), '\n')
	}
	o.changed.Broadcast()
}

// run writes what is queued until the output is closed and nothing is left.
func (o *output) run() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	var spare []byte
	for {
		for len(o.queued) == 0 && !o.isClosed {
			o.changed.Wait()
		}
		if len(o.queued) == 0 {
			return
		}
		batch := o.queued
		o.queued, o.isWriting = spare[:0], true
		o.mutex.Unlock()
		_, err := o.out.Write(batch)
		o.mutex.Lock()
		if spare = batch; cap(batch) > keptBufferBytes {
			spare = nil
		}
		o.isWriting = false
		if err != nil && !o.isClosed {
			close(o.failed)
			o.isClosed = true
		}
		if err != nil {
			o.queued = nil
		}
		o.changed.Broadcast()
	}
}

// close returns when all that was sent is written; what is sent later is dropped.
func (o *output) close() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.isClosed = true
	o.changed.Broadcast()
	for o.isWriting || len(o.queued) > 0 {
		o.changed.Wait()
	}
}
