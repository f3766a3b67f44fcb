// The Go plugin of the soak: one line of the ledger for each call, written before it is answered.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/outrigger-dev/outrigger/sdk/go"
)

type payload struct {
	Client string `json:"client"`
	N      int    `json:"n"`
}

func main() {
	ledger, err := os.OpenFile(os.Getenv("SOAK_LEDGER"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		panic(err)
	}
	heard := func(ctx context.Context, ev *outrigger.Event[payload]) (outrigger.Answer, error) {
		fmt.Fprintf(ledger, "%s %s %s %d %d %d\n", ev.ID, ev.Hook, ev.Payload.Client, ev.Payload.N, os.Getpid(), ev.Attempt)
		if ev.Payload.N%10 == 0 {
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
		return outrigger.Continue(), nil
	}
	for _, hook := range []string{"soak.step", "soak.lookup", "soak.note"} {
		outrigger.On(hook, heard)
	}
	outrigger.Serve()
}
