package outrigger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

const defaultMaxBytes = 10 << 20

// peer is one end of a JSON-RPC 2.0 connection; it knows messages, not streams.
type peer struct {
	serve        func(id json.RawMessage, method string, params json.RawMessage)
	notification func(method string, params json.RawMessage)
	send         func(message []byte)
	maxBytes     atomic.Int64
	closed       context.Context
	mutex        sync.Mutex
	pending      map[string]chan *response
	lastID       int
}

type response struct {
	result json.RawMessage
	err    *ServiceError
}

type message struct {
	ID     json.RawMessage `json:"id"`
	Method json.RawMessage `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

func (p *peer) receive(text []byte) {
	var m message
	if !utf8.Valid(text) {
		p.refuse(nil, &wireError{numberParseError, "PARSE_ERROR", "Cannot read the message: it is not UTF-8"})
	} else if err := json.Unmarshal(text, &m); err != nil {
		p.refuse(nil, unreadable(text, err))
	} else if m.Method == nil {
		p.settle(&m)
	} else {
		p.accept(&m)
	}
}

func unreadable(text []byte, err error) *wireError {
	var isSyntax *json.SyntaxError
	if errors.As(err, &isSyntax) {
		return &wireError{numberParseError, "PARSE_ERROR", fmt.Sprintf("Cannot read the message: %v", err)}
	}
	why := "it is no object"
	if bytes.HasPrefix(text, []byte("[")) {
		why = "batches are not supported"
	}
	return &wireError{numberRequestInvalid, "REQUEST_INVALID", "Cannot read the message: " + why}
}

func (p *peer) accept(m *message) {
	var method string
	if json.Unmarshal(m.Method, &method) != nil || !isID(m.ID) {
		p.refuse(nil, &wireError{numberRequestInvalid, "REQUEST_INVALID", "Cannot read the message: its method or id is of a wrong type"})
	} else if m.ID == nil {
		p.notification(method, m.Params)
	} else {
		p.serve(m.ID, method, m.Params)
	}
}

func isID(id json.RawMessage) bool {
	return id == nil || !bytes.ContainsAny(id[:1], "[{tf")
}

// idKey is the same for every spelling of an id that is a text.
func idKey(id json.RawMessage) string {
	var text string
	if json.Unmarshal(id, &text) == nil {
		return "text " + text
	}
	return string(id)
}

// answer sends a result; one that is larger than the host reads becomes an error.
func (p *peer) answer(id json.RawMessage, result []byte) {
	limit := p.maxBytes.Load()
	if int64(len(result)+len(id)+40) > limit {
		text := fmt.Sprintf("Cannot send the answer: it is larger than %d bytes", limit)
		p.refuse(id, &wireError{numberTooLarge, "MESSAGE_TOO_LARGE", text})
		return
	}
	text := make([]byte, 0, len(result)+len(id)+40)
	text = append(append(text, `{"jsonrpc":"2.0","id":`...), id...)
	text = append(append(append(text, `,"result":`...), result...), '}')
	p.send(text)
}

func (p *peer) refuse(id json.RawMessage, err error) {
	// Not err.Error(): of an error that is a nil pointer that would panic.
	known := &wireError{numberInternal, "INTERNAL_ERROR", fmt.Sprint(err)}
	errors.As(err, &known)
	if id == nil {
		id = json.RawMessage("null")
	}
	data := map[string]any{"code": known.code}
	text, _ := encode(map[string]any{
		"jsonrpc": "2.0", "id": id,
		"error": map[string]any{"code": known.number, "message": cut(known.message, 2000), "data": data},
	})
	p.send(text)
}

func (p *peer) notify(method string, params any) error {
	return p.write(map[string]any{"jsonrpc": "2.0", "method": method, "params": params})
}

func (p *peer) write(message map[string]any) error {
	text, err := encode(message)
	if err != nil {
		return fmt.Errorf("Cannot send %q: %w", message["method"], err)
	}
	if limit := p.maxBytes.Load(); int64(len(text)) > limit {
		text := fmt.Sprintf("Cannot send %q: it is larger than %d bytes", message["method"], limit)
		return &ServiceError{Code: "MESSAGE_TOO_LARGE", Number: numberTooLarge, Message: text}
	}
	p.send(text)
	return nil
}

// request asks the host and waits. A late answer finds nobody waiting and is dropped.
func (p *peer) request(ctx context.Context, method string, params any, tellHost bool) (json.RawMessage, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if params == nil {
		params = struct{}{}
	}
	waiting := make(chan *response, 1)
	p.mutex.Lock()
	p.lastID++
	id := "p" + strconv.Itoa(p.lastID)
	p.pending[id] = waiting
	p.mutex.Unlock()
	defer p.forget(id)
	if err := p.write(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params}); err != nil {
		return nil, err
	}
	select {
	case got := <-waiting:
		if got.err != nil {
			return nil, got.err
		}
		return got.result, nil
	case <-ctx.Done():
		if tellHost {
			_ = p.notify(methodCancelRequest, map[string]any{"id": id})
		}
		return nil, context.Cause(ctx)
	case <-p.closed.Done():
		return nil, context.Cause(p.closed)
	}
}

func (p *peer) forget(id string) {
	p.mutex.Lock()
	delete(p.pending, id)
	p.mutex.Unlock()
}

func (p *peer) settle(m *message) {
	var id string
	if json.Unmarshal(m.ID, &id) != nil {
		return
	}
	p.mutex.Lock()
	waiting := p.pending[id]
	delete(p.pending, id)
	p.mutex.Unlock()
	if waiting != nil {
		waiting <- &response{result: m.Result, err: readError(m.Error)}
	}
}

// readError makes the best of an error of any shape.
func readError(text json.RawMessage) *ServiceError {
	if isNull(text) {
		return nil
	}
	var given struct {
		Code    json.Number
		Message string
		Data    json.RawMessage
	}
	_ = json.Unmarshal(text, &given)
	data := struct{ Code string }{"INTERNAL_ERROR"}
	_ = json.Unmarshal(given.Data, &data)
	number, _ := given.Code.Int64()
	return &ServiceError{Code: data.Code, Number: int(number), Message: given.Message}
}
