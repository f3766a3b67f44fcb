package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/mellea"
)

// current is replaced when the operator changes the configuration; all counts begin anew then.
var current atomic.Pointer[rates]

func main() {
	outrigger.Setup(configure)
	outrigger.Default.ConfigChanged(configure)
	outrigger.On(mellea.ToolPreInvokeHook, tool)
	outrigger.On(mellea.GenerationPreCallHook, prompt)
	outrigger.Serve()
}

func configure(_ context.Context, host *outrigger.Host) error {
	var config Config
	if err := host.Config(&config); err != nil {
		return err
	}
	made, err := newRates(config)
	if err == nil {
		current.Store(made)
	}
	return err
}

func tool(_ context.Context, ev *outrigger.Event[mellea.ToolPreInvoke]) (outrigger.Answer, error) {
	return judge(callerOf(ev.Payload.UserMetadata, ev.Payload.ModelToolCall.Name)), nil
}

func prompt(_ context.Context, ev *outrigger.Event[mellea.GenerationPreCall]) (outrigger.Answer, error) {
	return judge(callerOf(ev.Payload.UserMetadata, "")), nil
}

func callerOf(metadata map[string]any, tool string) caller {
	user, _ := metadata["user"].(string)
	tenant, _ := metadata["tenant"].(string)
	return caller{user, tenant, tool}
}

func judge(who caller) outrigger.Answer {
	refused := current.Load().admit(who, time.Now())
	if refused == nil {
		return outrigger.Continue()
	}
	seconds := refused.rate.Window.Seconds()
	return outrigger.BlockWith(outrigger.Violation{
		Code:    "RATE_LIMITED",
		Reason:  fmt.Sprintf("This %s may do %d in %v; try again in %v", refused.by, refused.rate.Count, refused.rate.Window, refused.until.Round(time.Millisecond)),
		Details: map[string]any{"by": refused.by, "limit": refused.rate.Count, "windowSeconds": seconds, "remaining": 0},
	}).WithRetryAfter(refused.until)
}
