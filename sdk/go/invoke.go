package outrigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
)

const mostStackBytes = 16 << 10

var errGoexit = errors.New("the handler ended its goroutine (runtime.Goexit) and answered nothing")

func (s *session) invoke(id, params json.RawMessage) {
	// The host bounds its calls by itself; a flood of notifications must not turn them away.
	c, err := s.makeCall(params, s.limit+mostRunning)
	if err != nil {
		s.peer.refuse(id, err)
		return
	}
	key := idKey(id)
	s.mutex.Lock()
	s.calls[key] = c.ctx
	s.mutex.Unlock()
	s.spawn(&s.plugin.running, func() ([]byte, error) { return s.handle(c) }, func(answer []byte, err error) {
		s.ended(key, c)
		if err != nil {
			s.peer.refuse(id, s.failed(c, err))
		} else {
			s.peer.answer(id, answer)
		}
		c.ctx.end()
	})
}

// notify serves an event of mode fire_and_forget.
func (s *session) notify(params json.RawMessage) {
	c, err := s.makeCall(params, s.limit)
	if err != nil {
		s.peer.log("warn", err.Error(), "", nil)
		return
	}
	if c.params.Outcome == nil {
		c.params.Outcome = &Outcome{}
	}
	key := fmt.Sprintf("notification %p", c)
	s.mutex.Lock()
	s.calls[key] = c.ctx
	s.mutex.Unlock()
	s.spawn(&s.plugin.running, func() ([]byte, error) { return s.handle(c) }, func(_ []byte, err error) {
		s.ended(key, c)
		if err != nil {
			_ = s.failed(c, err)
		}
		c.ctx.end()
	})
}

// makeCall fails when so many run already.
func (s *session) makeCall(text json.RawMessage, most int) (*call, error) {
	c := &call{}
	if !isObject(text) {
		return nil, &wireError{numberParamsInvalid, "PARAMS_INVALID", "Cannot handle the event: its parameters must be an object"}
	}
	if err := json.Unmarshal(text, &c.params); err != nil {
		return nil, &wireError{numberParamsInvalid, "PARAMS_INVALID", fmt.Sprintf("Cannot handle the event: %v", err)}
	}
	hook := cut(c.params.Hook, 200)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.stopping {
		return nil, &wireError{numberStopped, "PLUGIN_STOPPED", fmt.Sprintf("Cannot handle %q: the plugin is stopping", hook)}
	}
	if s.plugin.running.isFull(most) {
		return nil, &wireError{numberBusy, "SERVICE_BUSY", fmt.Sprintf("Cannot handle %q: %d events are in flight already", hook, most)}
	}
	c.host = newHost(s.peer, s.host.config, c.params.Event)
	c.ctx = newCallContext(c.params.granted())
	return c, nil
}

func (s *session) handle(c *call) ([]byte, error) {
	handler := s.plugin.handlers[c.params.Hook]
	if handler == nil {
		return []byte("{}"), nil
	}
	answer, err := handler(c.ctx, c)
	if err != nil {
		return nil, err
	}
	return answer.MarshalJSON()
}

func (s *session) ended(key string, c *call) {
	s.mutex.Lock()
	if s.calls[key] == c.ctx {
		delete(s.calls, key)
	}
	s.mutex.Unlock()
}

func (s *session) cancelCall(key string) {
	s.mutex.Lock()
	ctx := s.calls[key]
	s.mutex.Unlock()
	if ctx != nil {
		ctx.cancel(ErrCancelled)
	}
}

// failed is the error to answer with; logged unless the handler only obeyed its context.
func (s *session) failed(c *call, err error) error {
	isObedient := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrCancelled)
	if isObedient && c.ctx.Err() != nil {
		return &wireError{numberCancelled, "EVENT_CANCELLED", "The call was cancelled"}
	}
	s.logError(fmt.Sprintf("handler of %s failed", c.params.Hook), err, c.params.Event)
	return err
}

func (s *session) logError(what string, err error, event string) {
	fields := map[string]any{}
	var isPanic *panicked
	if errors.As(err, &isPanic) {
		fields["stack"] = isPanic.stack
	}
	s.peer.log("error", cut(fmt.Sprintf("%s: %v", what, err), mostLogCharacters), event, fields)
}

func (s *session) background(what string, run func() error) {
	s.spawn(&s.plugin.running, func() ([]byte, error) { return nil, run() }, func(_ []byte, err error) {
		if err != nil {
			s.logError(what+" failed", err, "")
		}
	})
}

// spawn runs something of the plugin's in a goroutine. done hears of it once, however it ended: returned, panicked, or gone.
func (s *session) spawn(counter *running, run func() ([]byte, error), done func([]byte, error)) {
	counter.add(1)
	go func() {
		var result []byte
		err := errGoexit
		defer func() {
			if cause := recover(); cause != nil {
				err = &panicked{cause: cause, stack: stackText()}
			}
			done(result, err)
			counter.add(-1)
		}()
		result, err = run()
	}()
}

func stackText() string {
	stack := debug.Stack()
	return string(stack[:min(len(stack), mostStackBytes)])
}
