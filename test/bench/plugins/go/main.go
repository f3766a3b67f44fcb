// The Go plugin of the benchmark: it goes on.
package main

import (
	"context"

	"github.com/outrigger-dev/outrigger/sdk/go"
)

type payload struct {
	ID    string `json:"id"`
	Items []struct {
		N    int    `json:"n"`
		Text string `json:"text"`
	} `json:"items"`
}

func main() {
	outrigger.On("bench.event", func(context.Context, *outrigger.Event[payload]) (outrigger.Answer, error) {
		return outrigger.Continue(), nil
	})
	outrigger.Serve()
}
