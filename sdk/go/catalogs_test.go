package outrigger_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/outrigger-dev/outrigger/sdk/go/conda"
)

// The examples of the schemas have every kind of field there is.
func TestGeneratedTypesHoldTheExamplesOfTheSchemas(t *testing.T) {
	types := map[string]any{
		"conda.pre_command": &conda.PreCommand{}, "conda.pre_command.replace": &conda.CommandResult{},
		"conda.post_command": &conda.PostCommand{}, "conda.on_exception": &conda.OnException{},
	}
	for name, value := range types {
		files, _ := filepath.Glob(filepath.Join("../../schemas/examples/valid", name, "*.json"))
		if len(files) == 0 {
			t.Errorf("no example of %s", name)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			into := reflect.New(reflect.TypeOf(value).Elem()).Interface()
			decoder := json.NewDecoder(bytes.NewReader(text))
			decoder.DisallowUnknownFields()
			if err != nil || decoder.Decode(into) != nil {
				t.Errorf("%s does not fit %T", file, into)
			}
		}
	}
}
