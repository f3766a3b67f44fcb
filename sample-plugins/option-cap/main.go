package main

import (
	"context"
	"encoding/json"
	"math/big"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/mellea"
)

// Config is what the manifest's configSchema describes.
type Config struct {
	MaxTokens   json.Number `json:"maxTokens"`
	Names       []string    `json:"names"`
	Temperature json.Number `json:"temperature"`
}

func main() {
	outrigger.On(mellea.SessionPreInitHook, capOfSession)
	outrigger.On(mellea.GenerationPreCallHook, capOfCall)
	outrigger.On(mellea.ComponentPreExecuteHook, defaultTemperature)
	outrigger.Serve()
}

// capOfSession caps what holds for every call of a session that says nothing else: a call's own options do not show it.
func capOfSession(_ context.Context, ev *outrigger.Event[mellea.SessionPreInit]) (outrigger.Answer, error) {
	var config Config
	err := ev.Config(&config)
	return withOptions(capped(config, ev.Payload.ModelOptions)), err
}

func capOfCall(_ context.Context, ev *outrigger.Event[mellea.GenerationPreCall]) (outrigger.Answer, error) {
	var config Config
	err := ev.Config(&config)
	return withOptions(capped(config, ev.Payload.ModelOptions)), err
}

// capped lowers the option that limits the answer, under whatever name; it never raises or adds it.
func capped(config Config, options map[string]any) outrigger.Changes {
	changes := outrigger.Changes{}
	for _, name := range config.Names {
		if given, isNumber := options[name].(json.Number); isNumber && isAbove(given, config.MaxTokens) {
			changes[name] = config.MaxTokens
		}
	}
	return changes
}

// defaultTemperature sets the temperature where nobody gave one; null counts as given.
func defaultTemperature(_ context.Context, ev *outrigger.Event[mellea.ComponentPreExecute]) (outrigger.Answer, error) {
	var config Config
	if err := ev.Config(&config); err != nil {
		return outrigger.Answer{}, err
	}
	if _, isGiven := ev.Payload.ModelOptions["temperature"]; isGiven {
		return outrigger.Continue(), nil
	}
	return withOptions(outrigger.Changes{"temperature": config.Temperature}), nil
}

func withOptions(options outrigger.Changes) outrigger.Answer {
	if len(options) == 0 {
		return outrigger.Continue()
	}
	return outrigger.Modify(outrigger.Changes{"model_options": options})
}

// isAbove compares exactly, however many digits there are.
func isAbove(a, b json.Number) bool {
	x, _, errX := big.ParseFloat(a.String(), 10, 256, big.ToNearestEven)
	y, _, errY := big.ParseFloat(b.String(), 10, 256, big.ToNearestEven)
	return errX == nil && errY == nil && x.Cmp(y) > 0
}
