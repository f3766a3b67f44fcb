package outrigger_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/conda"
	"github.com/outrigger-dev/outrigger/sdk/go/outriggertest"
)

// A plugin that blocks one command.
func Example() {
	outrigger.On("conda.pre_command", func(ctx context.Context, ev *outrigger.Event[conda.PreCommand]) (outrigger.Answer, error) {
		if ev.Payload.Command == "rm" {
			return outrigger.Block("no-rm", "rm is not allowed here"), nil
		}
		return outrigger.Continue(), nil
	})
	outrigger.Serve()
}

// Counts events in storage that survives restarts.
func ExampleHandle() {
	type counters struct{ Seen int }
	plugin := outrigger.New()
	outrigger.Handle(plugin, "conda.post_command", func(ctx context.Context, ev *outrigger.Event[conda.PostCommand]) (outrigger.Answer, error) {
		var kept counters
		if _, err := ev.Storage.Get(ctx, "counters", &kept); err != nil {
			return outrigger.Continue(), err
		}
		kept.Seen++
		ev.Log.Info("counted", "command", ev.Payload.Command, "seen", kept.Seen)
		return outrigger.Continue(), ev.Storage.Set(ctx, "counters", kept)
	})
	plugin.Serve()
}

// A plugin is tested in memory.
func ExamplePlugin() {
	plugin := outrigger.New()
	outrigger.Handle(plugin, "conda.pre_command", func(context.Context, *outrigger.Event[conda.PreCommand]) (outrigger.Answer, error) {
		return outrigger.Modify(outrigger.Changes{"cwd": nil}), nil
	})
	test := func(t *testing.T) {
		host := outriggertest.Start(t, plugin, outriggertest.Options{})
		answer, err := host.Call("conda.pre_command", conda.PreCommand{Command: "ls"})
		if err != nil || answer.Action != "modify" {
			t.Errorf("got %+v, %v", answer, err)
		}
	}
	fmt.Println(plugin.Hooks(), test != nil)
	// Output: [conda.pre_command] true
}
