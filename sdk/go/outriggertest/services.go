package outriggertest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/outrigger-dev/outrigger/sdk/go"
)

type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int
		Message string
		Data    struct{ Code string }
	} `json:"error"`
}

func (h *Host) read(from io.Reader) {
	defer close(h.done)
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			h.t.Errorf("The plugin wrote what is no message: %s", line)
		} else if m.Method == "" {
			h.settle(m)
		} else if m.ID == nil {
			h.note(m)
		} else {
			go h.serve(m)
		}
	}
}

func (h *Host) settle(m message) {
	h.mutex.Lock()
	waiting := h.pending[string(m.ID)]
	delete(h.pending, string(m.ID))
	h.mutex.Unlock()
	if waiting == nil {
		h.t.Errorf("The plugin answered %s, which was not asked", m.ID)
		return
	}
	got := reply{result: m.Result}
	if m.Error != nil {
		got.err = &outrigger.ServiceError{Code: m.Error.Data.Code, Number: m.Error.Code, Message: m.Error.Message}
	}
	waiting <- got
}

func (h *Host) note(m message) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	switch m.Method {
	case "log":
		h.logs = append(h.logs, read[Log](m.Params))
	case "$/progress":
		h.progress = append(h.progress, read[Progress](m.Params))
	}
}

func (h *Host) serve(m message) {
	result, err := h.answer(m)
	if err == nil {
		h.send(map[string]any{"id": m.ID, "result": result})
		return
	}
	known := &outrigger.ServiceError{Code: "SERVICE_FAILED", Number: -32012, Message: err.Error()}
	errors.As(err, &known)
	h.send(map[string]any{"id": m.ID, "error": map[string]any{
		"code": known.Number, "message": known.Message, "data": map[string]any{"code": known.Code},
	}})
}

func (h *Host) answer(m message) (any, error) {
	if service := h.options.Services[m.Method]; service != nil {
		return service(m.Params)
	}
	switch m.Method {
	case "hook/emit":
		return h.emit(read[Emitted](m.Params)), nil
	case "secret/get":
		name := read[struct{ Name string }](m.Params).Name
		value, known := h.options.Secrets[name]
		if !known {
			return nil, refusal("SECRET_UNKNOWN", -32011, "Cannot read the secret %q: the test gives none of this name", name)
		}
		return map[string]any{"value": value}, nil
	case "net/fetch":
		if h.options.Fetch == nil {
			return nil, refusal("PERMISSION_DENIED", -32001, "Cannot fetch: the test has no Fetch that would answer")
		}
		return h.options.Fetch(m.Params)
	case "permission/request":
		if h.options.Permission == nil {
			return outrigger.PermissionAnswer{}, nil
		}
		wish := read[struct {
			Permissions json.RawMessage
			Reason      string
		}](m.Params)
		return h.options.Permission(wish.Permissions, wish.Reason), nil
	default:
		return h.store(m)
	}
}

func (h *Host) emit(event Emitted) outrigger.EmitResult {
	result := outrigger.EmitResult{Status: "continued"}
	if h.options.Emit != nil {
		result = h.options.Emit(event.Hook, event.Payload)
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.emitted = append(h.emitted, event)
	result.Event = fmt.Sprintf("emitted-%d", len(h.emitted))
	if result.Payload == nil {
		result.Payload = event.Payload
	}
	return result
}

func (h *Host) store(m message) (any, error) {
	given := read[struct {
		Key, Prefix string
		Value       json.RawMessage
	}](m.Params)
	h.mutex.Lock()
	defer h.mutex.Unlock()
	switch m.Method {
	case "storage/get":
		return map[string]any{"value": h.storage[given.Key]}, nil
	case "storage/set":
		h.storage[given.Key] = given.Value
	case "storage/delete":
		delete(h.storage, given.Key)
	case "storage/list":
		keys := []string{}
		for key := range h.storage {
			if strings.HasPrefix(key, given.Prefix) {
				keys = append(keys, key)
			}
		}
		sort.Strings(keys)
		return map[string]any{"keys": keys}, nil
	default:
		return nil, refusal("METHOD_UNKNOWN", -32601, "Cannot call %q: the test registers no such service", m.Method)
	}
	return map[string]any{}, nil
}

func refusal(code string, number int, format string, values ...any) error {
	return &outrigger.ServiceError{Code: code, Number: number, Message: fmt.Sprintf(format, values...)}
}

func read[T any](text json.RawMessage) T {
	var value T
	_ = json.Unmarshal(text, &value)
	return value
}
