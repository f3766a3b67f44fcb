package outriggertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/outrigger-dev/outrigger/sdk/go"
)

// Answer is what the plugin said, as the host reads it.
type Answer struct {
	Action       string               `json:"action"`
	Changes      map[string]any       `json:"changes"`
	Violation    *outrigger.Violation `json:"violation"`
	Value        any                  `json:"value"`
	State        any                  `json:"state"`
	Metadata     map[string]any       `json:"metadata"`
	RetryAfterMs float64              `json:"retryAfterMs"`
}

// CallOptions are what is known about an event beside its payload.
type CallOptions struct {
	Context outrigger.EventContext
	State   any
	// Deadline defaults to 5 s.
	Deadline time.Duration
	// Attempt defaults to 1.
	Attempt int
}

// Call fires an event and gives the plugin's answer; the error is a *[outrigger.ServiceError], as the host would see it.
func (h *Host) Call(hook string, payload any) (Answer, error) {
	return h.CallWith(context.Background(), hook, payload, CallOptions{})
}

// CallWith is [Host.Call] with more to say. The end of ctx cancels the call, whose answer is still waited for.
func (h *Host) CallWith(ctx context.Context, hook string, payload any, options CallOptions) (Answer, error) {
	params := h.facts(hook, payload, options)
	params["deadlineMs"] = 5000.0
	if options.Deadline > 0 {
		params["deadlineMs"] = float64(options.Deadline) / float64(time.Millisecond)
	}
	params["attempt"] = max(options.Attempt, 1)
	id, answered := h.begin("hook/invoke", params)
	stop := context.AfterFunc(ctx, func() {
		h.send(map[string]any{"method": "$/cancelRequest", "params": map[string]any{"id": id}})
	})
	defer stop()
	var answer Answer
	err := h.finish("hook/invoke", answered, &answer)
	return answer, err
}

// Notify fires an event as in mode fire_and_forget and waits until the plugin is done with it.
func (h *Host) Notify(hook string, payload any, outcome outrigger.Outcome) {
	params := h.facts(hook, payload, CallOptions{})
	params["outcome"] = outcome
	h.tell("hook/notify", params)
}

func (h *Host) facts(hook string, payload any, options CallOptions) map[string]any {
	h.mutex.Lock()
	event := fmt.Sprintf("event-%d", h.lastID+1)
	h.mutex.Unlock()
	if options.Context.Time == "" {
		options.Context.Time = time.Now().UTC().Format(time.RFC3339Nano)
	}
	params := map[string]any{"event": event, "hook": hook, "context": options.Context, "payload": orEmpty(payload)}
	if options.State != nil {
		params["state"] = options.State
	}
	return params
}

type reply struct {
	result json.RawMessage
	err    error
}

func (h *Host) request(method string, params, into any) error {
	_, answered := h.begin(method, params)
	return h.finish(method, answered, into)
}

func (h *Host) begin(method string, params any) (id int, answered chan reply) {
	answered = make(chan reply, 1)
	h.mutex.Lock()
	h.lastID++
	id = h.lastID
	h.pending[fmt.Sprint(id)] = answered
	h.mutex.Unlock()
	h.send(map[string]any{"id": id, "method": method, "params": params})
	return id, answered
}

func (h *Host) finish(method string, answered chan reply, into any) error {
	var got reply
	select {
	case got = <-answered:
	case <-h.done:
		return errors.New("the plugin has ended")
	}
	if got.err != nil || into == nil {
		return got.err
	}
	if err := json.Unmarshal(got.result, into); err != nil {
		return fmt.Errorf("Cannot read the answer of %q: %w", method, err)
	}
	return nil
}

func (h *Host) send(message map[string]any) {
	message["jsonrpc"] = "2.0"
	text, err := json.Marshal(message)
	if err != nil {
		h.t.Errorf("Cannot send %v: %v", message["method"], err)
		return
	}
	h.written.Lock()
	defer h.written.Unlock()
	_, _ = h.toPlugin.Write(append(text, '\n'))
}
