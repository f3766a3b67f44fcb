// A plugin that does what the conformance kit asks for.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/outrigger-dev/outrigger/sdk/go"
)

type request struct {
	Do    string          `json:"do"`
	Ms    float64         `json:"ms"`
	Value json.RawMessage `json:"value"`
}

func main() {
	outrigger.Setup(func(_ context.Context, host *outrigger.Host) error {
		var config struct{ Disable string }
		if err := host.Config(&config); err != nil {
			return err
		}
		if config.Disable != "" {
			return outrigger.Disable(config.Disable)
		}
		return nil
	})
	outrigger.On("probe.call", probe)
	outrigger.Serve()
}

func probe(ctx context.Context, ev *outrigger.Event[request]) (outrigger.Answer, error) {
	asked := ev.Payload
	switch asked.Do {
	case "echo":
		return outrigger.Replace(asked.Value), nil
	case "modify":
		return outrigger.Modify(outrigger.Changes{"value": "modified"}), nil
	case "block":
		return outrigger.Block("probe", "the payload says so"), nil
	case "fail":
		return outrigger.Continue(), errors.New("the payload says so")
	case "wait":
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(asked.Ms) * time.Millisecond):
		}
	case "log":
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
			ev.Log.Log(ctx, level, "at "+level.String(), "level", level)
		}
	case "progress":
		ev.Progress("half", 50)
	case "print":
		fmt.Println("printed")
	case "config":
		var config map[string]any
		err := ev.Config(&config)
		return outrigger.Replace(config), err
	case "storage":
		var kept json.RawMessage
		if err := ev.Storage.Set(ctx, "probe", asked.Value); err != nil {
			return outrigger.Continue(), err
		}
		_, err := ev.Storage.Get(ctx, "probe", &kept)
		return outrigger.Replace(kept), err
	}
	return outrigger.Continue(), nil
}
