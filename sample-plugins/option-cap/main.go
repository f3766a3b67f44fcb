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
	outrigger.On(mellea.GenerationPreCallHook, capTokens)
	outrigger.On(mellea.ComponentPreExecuteHook, defaultTemperature)
	outrigger.Serve()
}

// capTokens lowers the option that limits the answer, under whatever name; it never raises or adds it.
func capTokens(_ context.Context, ev *outrigger.Event[mellea.GenerationPreCall]) (outrigger.Answer, error) {
	var config Config
	if err := ev.Config(&config); err != nil {
		return outrigger.Answer{}, err
	}
	capped := outrigger.Changes{}
	for _, name := range config.Names {
		if given, isNumber := ev.Payload.ModelOptions[name].(json.Number); isNumber && isAbove(given, config.MaxTokens) {
			capped[name] = config.MaxTokens
		}
	}
	return withOptions(capped), nil
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
