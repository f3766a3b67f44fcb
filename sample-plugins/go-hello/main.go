package main

import (
	"context"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/conda"
)

func main() {
	outrigger.On("conda.pre_command", hello)
	outrigger.Serve()
}

func hello(_ context.Context, ev *outrigger.Event[conda.PreCommand]) (outrigger.Answer, error) {
	ev.Log.Info("Hello from Go, " + ev.Payload.Command + " is about to run")
	return outrigger.Modify(outrigger.Changes{"env": outrigger.Changes{"HELLO_GO": "from Go"}}), nil
}
