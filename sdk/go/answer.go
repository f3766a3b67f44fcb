package outrigger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Changes is a JSON Merge Patch (RFC 7396): a key sets, nil removes, lists are replaced whole.
type Changes map[string]any

// Answer is what a handler says about an event. The zero Answer is [Continue].
type Answer struct {
	action     string
	changes    any
	violation  *Violation
	value      any
	state      any
	hasState   bool
	metadata   map[string]any
	retryAfter time.Duration
}

// Violation says why a plugin blocked.
type Violation struct {
	// Code is the stable identifier of the rule, for programs; at most 128 characters.
	Code string `json:"code"`
	// Reason is one sentence for people; at most 2000 characters.
	Reason      string         `json:"reason"`
	Description string         `json:"description,omitempty"`
	Details     map[string]any `json:"details,omitempty"`
	// Severity is "error" or "warning", or empty.
	Severity string `json:"severity,omitempty"`
}

// Continue goes on: no objection.
func Continue() Answer { return Answer{} }

// Modify changes the payload by a JSON Merge Patch: [Changes], or a struct that becomes a JSON object.
func Modify(changes any) Answer { return Answer{action: "modify", changes: changes} }

// Block stops the operation. code is for programs, reason for people.
func Block(code, reason string) Answer { return BlockWith(Violation{Code: code, Reason: reason}) }

// BlockWith stops the operation with all there is to say about it.
func BlockWith(violation Violation) Answer { return Answer{action: "block", violation: &violation} }

// Replace skips the operation: the application uses this value instead of its result.
func Replace(value any) Answer { return Answer{action: "replace", value: value} }

// WithState keeps state for the next event of the same operation, where ev.State gives it back. At most 64 KiB of JSON.
func (a Answer) WithState(state any) Answer {
	a.state, a.hasState = state, true
	return a
}

// WithMetadata adds facts for the trace; they reach neither the application nor other plugins.
func (a Answer) WithMetadata(metadata map[string]any) Answer {
	a.metadata = metadata
	return a
}

// WithRetryAfter says, with a block, when trying again could succeed.
func (a Answer) WithRetryAfter(wait time.Duration) Answer {
	a.retryAfter = max(wait, 0)
	return a
}

// MarshalJSON gives the answer as it goes over the wire; it fails on what the host would refuse in any case.
func (a Answer) MarshalJSON() ([]byte, error) {
	fields := map[string]any{}
	if err := a.addAction(fields); err != nil {
		return nil, err
	}
	if a.hasState {
		fields["state"] = a.state
	}
	if a.metadata != nil {
		fields["metadata"] = a.metadata
	}
	if a.retryAfter > 0 {
		fields["retryAfterMs"] = milliseconds(a.retryAfter)
	}
	return encode(fields)
}

func (a Answer) addAction(fields map[string]any) error {
	if a.action != "" {
		fields["action"] = a.action
	}
	switch a.action {
	case "modify":
		changes, err := encode(a.changes)
		if err != nil {
			return fmt.Errorf("Cannot send the changes: %w", err)
		}
		if !bytes.HasPrefix(changes, []byte("{")) {
			return fmt.Errorf("Cannot send the changes %s: a JSON object is needed", cut(string(changes), 100))
		}
		fields["changes"] = json.RawMessage(changes)
	case "block":
		if a.violation.Code == "" || a.violation.Reason == "" {
			return errors.New("Cannot block without a code and a reason: programs need the one, people the other")
		}
		fields["violation"] = a.violation
	case "replace":
		fields["value"] = a.value
	}
	return nil
}

// encode is JSON as Go makes it, without the escapes that are for HTML only.
func encode(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), nil
}

func decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

func isNull(text []byte) bool { return len(text) == 0 || string(text) == "null" }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// cut shortens a text to that many characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for i := range text {
		if most == 0 {
			return text[:i]
		}
		most--
	}
	return text
}
