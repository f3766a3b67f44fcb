package main

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/mellea"
	"github.com/outrigger-dev/outrigger/sdk/go/outriggertest"
)

func TestCapTokens(t *testing.T) {
	plugin := outrigger.New()
	outrigger.Handle(plugin, mellea.GenerationPreCallHook, capOfCall)
	config := map[string]any{"maxTokens": 256, "names": []string{"max_tokens", "max_new_tokens"}}
	host := outriggertest.Start(t, plugin, outriggertest.Options{Config: config})
	for given, want := range map[string]string{
		`{"max_tokens":257}`:                        "map[max_tokens:256]",
		`{"max_tokens":1e300,"max_new_tokens":1}`:   "map[max_tokens:256]",
		`{"max_tokens":256.5,"max_new_tokens":9e9}`: "map[max_new_tokens:256 max_tokens:256]",
		`{"max_tokens":256}`:                        "<nil>",
		`{"max_tokens":"many","other":9999}`:        "<nil>",
		`{}`:                                        "<nil>",
	} {
		payload := json.RawMessage(`{"action":{"type":"A"},"context":{"type":"C"},"model_options":` + given + `}`)
		answer, err := host.Call(mellea.GenerationPreCallHook, payload)
		var got any
		if err == nil {
			got = answer.Changes["model_options"]
		}
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, %v, want %v", given, got, err, want)
		}
	}
}
