package outrigger

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"
)

// Event is one firing of a hook point, as its handler sees it. The members of [Host] are its members too.
type Event[P any] struct {
	*Host
	// ID of the event, unique and sortable by time.
	ID string
	// Hook is the full name of the hook point.
	Hook string
	// Context is what is known about the event beside its payload.
	Context EventContext
	// Attempt is 1, or 2 when the host tries the event again on a fresh process.
	Attempt int
	// Outcome is what became of the event: only in mode fire_and_forget, where nothing can be answered any more.
	Outcome *Outcome
	// Payload is what the event is about, as the plugins before this one left it.
	Payload P
	call    *call
}

// EventContext is what is known about an event beside its payload; what is not known is empty.
type EventContext struct {
	// Time is when the application fired the event, RFC 3339 in UTC.
	Time string `json:"time"`
	// Operation is the same for a pre event and its post or error event.
	Operation string `json:"operation,omitempty"`
	Session   string `json:"session,omitempty"`
	// Parent is the event during which a plugin fired this one, Depth how many such steps there were.
	Parent string `json:"parent,omitempty"`
	Depth  int    `json:"depth,omitempty"`
	// Traceparent is the W3C trace context of the caller.
	Traceparent string `json:"traceparent,omitempty"`
}

// Outcome is what became of an event.
type Outcome struct {
	// Status is "continued", "blocked" or "replaced".
	Status string `json:"status"`
	// By is the plugin that blocked or replaced.
	By string `json:"by,omitempty"`
	// Cause of a block: "verdict" or "failure".
	Cause     string          `json:"cause,omitempty"`
	Violation *Violation      `json:"violation,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"`
}

// State reads what this plugin gave as state earlier in the same operation; false when there is none.
func (ev *Event[P]) State(into any) (bool, error) {
	if isNull(ev.call.params.State) {
		return false, nil
	}
	return true, decode(ev.call.params.State, into)
}

// Remaining is the time left until the host stops waiting; the longest duration there is in mode fire_and_forget.
func (ev *Event[P]) Remaining() time.Duration { return ev.call.ctx.remaining() }

// Progress tells the host that the work goes on, and so restarts the deadline. A percentage from 0 to 100 may follow.
func (ev *Event[P]) Progress(message string, percentage ...float64) {
	if !ev.call.ctx.restart() {
		return
	}
	params := map[string]any{"event": ev.ID}
	if message != "" {
		params["message"] = cut(message, 2000)
	}
	if len(percentage) > 0 && !math.IsNaN(percentage[0]) {
		params["percentage"] = min(max(percentage[0], 0), 100)
	}
	_ = ev.peer.notify(methodProgress, params)
}

// Emit fires an event inside this one. Needs the permission "hook/emit".
func (ev *Event[P]) Emit(ctx context.Context, hook string, payload any) (*EmitResult, error) {
	var result EmitResult
	params := map[string]any{"hook": hook, "payload": payload, "event": ev.ID}
	if err := ev.Call(ctx, methodHookEmit, params, &result); err != nil {
		return nil, err
	}
	return &result, nil
}

// EmitResult is what became of an event that the plugin fired.
type EmitResult struct {
	Event     string          `json:"event"`
	Status    string          `json:"status"`
	Payload   json.RawMessage `json:"payload"`
	Violation *Violation      `json:"violation,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"`
}

// ErrCancelled is the cause of a handler's context when the host does not need the answer any more, or is gone.
var ErrCancelled = errors.New("The host cancelled the call")
