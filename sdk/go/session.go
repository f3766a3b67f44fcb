package outrigger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

const (
	protocol = 1
	// mostRunning bounds the handlers in flight beyond what the host promised to keep open.
	mostRunning = 1024
)

// session is a plugin behind a wire of messages.
type session struct {
	plugin   *Plugin
	peer     *peer
	ctx      context.Context
	cancel   context.CancelCauseFunc
	mutex    sync.Mutex
	host     *Host
	calls    map[string]*callContext
	limit    int
	greeted  bool
	stopping bool
	closing  sync.Once
	// replying counts answers to what is no event.
	replying running
}

func newSession(plugin *Plugin, send func([]byte)) *session {
	ctx, cancel := context.WithCancelCause(context.Background())
	s := &session{plugin: plugin, ctx: ctx, cancel: cancel, calls: map[string]*callContext{}, limit: mostRunning}
	s.peer = &peer{send: send, closed: ctx, pending: map[string]chan *response{}, serve: s.request, notification: s.notified}
	s.replying.changed.L = &s.replying.mutex
	s.peer.maxBytes.Store(defaultMaxBytes)
	s.host = newHost(s.peer, nil, "")
	return s
}

func (s *session) request(id json.RawMessage, method string, params json.RawMessage) {
	switch method {
	case methodHookInvoke:
		s.invoke(id, params)
	case methodInitialize:
		// Read at once: what comes next must not overtake it.
		given, err := s.greet(params)
		s.reply(id, func() (any, error) { return s.initialize(given, err) })
	case methodPing:
		s.peer.answer(id, []byte("{}"))
	case methodShutdown:
		s.stop()
		s.reply(id, func() (any, error) {
			s.plugin.Wait()
			s.runShutdown()
			return struct{}{}, nil
		})
	default:
		text := fmt.Sprintf("Cannot handle %q: this plugin has no such method", cut(method, 200))
		s.peer.refuse(id, &wireError{numberMethodUnknown, "METHOD_UNKNOWN", text})
	}
}

// reply answers with what run gives, from a goroutine of its own: reading goes on.
func (s *session) reply(id json.RawMessage, run func() (any, error)) {
	s.spawn(&s.replying, func() ([]byte, error) {
		result, err := run()
		if err != nil {
			return nil, err
		}
		return encode(result)
	}, func(result []byte, err error) {
		if err != nil {
			s.peer.refuse(id, err)
		} else {
			s.peer.answer(id, result)
		}
	})
}

func (s *session) notified(method string, params json.RawMessage) {
	switch method {
	case methodHookNotify:
		s.notify(params)
	case methodCancelRequest:
		var given struct{ ID json.RawMessage }
		if json.Unmarshal(params, &given) == nil && given.ID != nil {
			s.cancelCall(idKey(given.ID))
		}
	case methodConfigChanged:
		var given struct{ Config json.RawMessage }
		if json.Unmarshal(params, &given) == nil && isObject(given.Config) {
			s.changeConfig(given.Config)
		}
	case methodNetDenied:
		var denial NetDenial
		if denied := s.plugin.netDenied; denied != nil && json.Unmarshal(params, &denial) == nil {
			s.background("netDenied", func() error { return denied(s.ctx, s.currentHost(), denial) })
		}
	}
}

type initializeParams struct {
	Protocols []int           `json:"protocols"`
	Config    json.RawMessage `json:"config"`
	Hooks     []string        `json:"hooks"`
	Limits    struct {
		MaxMessageBytes int64 `json:"maxMessageBytes"`
		Concurrency     int   `json:"concurrency"`
	} `json:"limits"`
}

func (s *session) initialize(params initializeParams, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	s.warnOfMissing(params.Hooks)
	if s.plugin.setup == nil {
		return map[string]any{"protocol": protocol}, nil
	}
	err = s.plugin.setup(s.ctx, s.currentHost())
	var declined *disabled
	if errors.As(err, &declined) {
		return map[string]any{"protocol": protocol, "disable": declined.reason}, nil
	} else if err != nil {
		s.logError("setup failed", err, "")
		return nil, err
	}
	return map[string]any{"protocol": protocol}, nil
}

func speaks(protocols []int) error {
	if len(protocols) == 0 || slices.Contains(protocols, protocol) {
		return nil
	}
	tooOld := "host"
	if slices.Min(protocols) > protocol {
		tooOld = "plugin’s SDK"
	}
	text := fmt.Sprintf("Cannot initialize: the host speaks protocol %v, this SDK %d; the %s is too old", protocols, protocol, tooOld)
	return &wireError{numberProtocol, "PROTOCOL_UNSUPPORTED", text}
}

// greet takes what the handshake says, once.
func (s *session) greet(text json.RawMessage) (params initializeParams, err error) {
	if !isNull(text) {
		if err := json.Unmarshal(text, &params); err != nil {
			return params, &wireError{numberParamsInvalid, "PARAMS_INVALID", fmt.Sprintf("Cannot initialize: %v", err)}
		}
	}
	if err := speaks(params.Protocols); err != nil {
		return params, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.greeted {
		return params, &wireError{numberRequestInvalid, "REQUEST_INVALID", "Cannot initialize: it was done already"}
	}
	s.greeted = true
	if params.Limits.MaxMessageBytes > 0 {
		s.peer.maxBytes.Store(params.Limits.MaxMessageBytes)
	}
	s.limit = max(mostRunning, params.Limits.Concurrency)
	s.host = newHost(s.peer, params.Config, "")
	return params, nil
}

// warnOfMissing speaks up where a name that is misspelt in the manifest or here would otherwise pass as "go on".
func (s *session) warnOfMissing(asked []string) {
	missing := slices.DeleteFunc(slices.Clone(asked), func(hook string) bool { return s.plugin.handlers[hook] != nil })
	if len(missing) == 0 {
		return
	}
	handled := "none"
	if names := s.plugin.Hooks(); len(names) > 0 {
		handled = strings.Join(names, ", ")
	}
	text := "no handler for %s, which the manifest subscribes to; there are handlers for: %s"
	s.peer.log("warn", fmt.Sprintf(text, strings.Join(missing, ", "), handled), "", nil)
}

func (s *session) changeConfig(config json.RawMessage) {
	s.mutex.Lock()
	s.host = newHost(s.peer, config, "")
	host := s.host
	s.mutex.Unlock()
	if changed := s.plugin.configChanged; changed != nil {
		s.background("configChanged", func() error { return changed(s.ctx, host) })
	}
}

func (s *session) currentHost() *Host {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.host
}

// close ends what is in flight and runs the plugin's shutdown; handlers have half a second to settle.
func (s *session) close() {
	s.stop()
	s.cancelAll()
	s.plugin.running.waitFor(settleGrace)
	s.runShutdown()
	s.replying.waitFor(settleGrace)
}

// cancelAll is for when the host is gone.
func (s *session) cancelAll() {
	s.cancel(ErrCancelled)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, ctx := range s.calls {
		ctx.cancel(ErrCancelled)
	}
}

func (s *session) stop() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.stopping = true
}

func (s *session) runShutdown() {
	s.closing.Do(func() {
		if s.plugin.shutdown == nil {
			return
		}
		done := make(chan struct{})
		s.spawn(nil, func() ([]byte, error) { return nil, s.plugin.shutdown(context.Background()) }, func(_ []byte, err error) {
			if err != nil {
				s.logError("shutdown failed", err, "")
			}
			close(done)
		})
		<-done
	})
}

func isObject(text []byte) bool { return len(text) > 0 && text[0] == '{' }
