package main

import (
	"reflect"
	"testing"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/conda"
	"github.com/outrigger-dev/outrigger/sdk/go/outriggertest"
)

func TestHello(t *testing.T) {
	plugin := outrigger.New()
	outrigger.Handle(plugin, conda.PreCommandHook, hello)
	host := outriggertest.Start(t, plugin, outriggertest.Options{})

	answer, err := host.Call(conda.PreCommandHook, conda.PreCommand{Command: "ls"})

	want := map[string]any{"env": map[string]any{"HELLO_GO": "from Go"}}
	if err != nil || !reflect.DeepEqual(answer.Changes, want) {
		t.Errorf("got %+v, %v", answer, err)
	}
	if logs := host.Logs(); len(logs) != 1 || logs[0].Message != "Hello from Go, ls is about to run" {
		t.Errorf("logged %+v", logs)
	}
}
