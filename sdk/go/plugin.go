package outrigger

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
)

// Handler decides about one event. P is the type of the payload: a struct, a map, or [encoding/json.RawMessage] for the text as it
// came. Numbers in a map are of type [encoding/json.Number], which keeps all digits. ctx ends when the answer is not needed any more.
type Handler[P any] func(ctx context.Context, ev *Event[P]) (Answer, error)

// Plugin is a set of handlers, and what to do around them. Fill it before it serves.
type Plugin struct {
	handlers      map[string]func(context.Context, *call) (Answer, error)
	setup         func(context.Context, *Host) error
	shutdown      func(context.Context) error
	configChanged func(context.Context, *Host) error
	netDenied     func(context.Context, *Host, NetDenial) error
	running       running
}

// NetDenial is a connection of the plugin's own that its network proxy refused.
type NetDenial struct {
	Host   string `json:"host"`
	Port   int    `json:"port,omitempty"`
	Reason string `json:"reason"`
}

// New makes a plugin beside [Default], for a test or a program with several.
func New() *Plugin {
	p := &Plugin{handlers: map[string]func(context.Context, *call) (Answer, error){}}
	p.running.changed.L = &p.running.mutex
	return p
}

// Handle gives a plugin its handler of a hook point, by full name. It panics when the hook point has one already.
// Events of mode fire_and_forget come to the same handler, with ev.Outcome set; what it answers to them is ignored.
func Handle[P any](p *Plugin, hook string, handler Handler[P]) {
	if _, taken := p.handlers[hook]; taken {
		panic(fmt.Sprintf("Cannot handle %q: it has a handler already, and a plugin has one for each hook point", hook))
	}
	p.handlers[hook] = func(ctx context.Context, c *call) (Answer, error) {
		given := c.params
		ev := &Event[P]{ID: given.Event, Hook: hook, Context: given.Context, Attempt: max(given.Attempt, 1), Outcome: given.Outcome, Host: c.host, call: c}
		if err := decode(given.Payload, &ev.Payload); err != nil {
			text := fmt.Sprintf("Cannot read the payload of %q as %T: %v", hook, ev.Payload, err)
			return Answer{}, &wireError{number: numberParamsInvalid, code: "PARAMS_INVALID", message: text}
		}
		return handler(ctx, ev)
	}
}

// Setup runs once before the first event. An error made by [Disable] says that the plugin cannot serve on this machine.
func (p *Plugin) Setup(setup func(ctx context.Context, host *Host) error) { p.setup = setup }

// Shutdown runs once before the process ends; after the end of stdin it has one second.
func (p *Plugin) Shutdown(shutdown func(ctx context.Context) error) { p.shutdown = shutdown }

// ConfigChanged runs when the operator changed the configuration; host.Config gives the new one.
func (p *Plugin) ConfigChanged(changed func(ctx context.Context, host *Host) error) {
	p.configChanged = changed
}

// NetDenied runs when a connection of the plugin's own was refused; what made it may only say that it failed.
func (p *Plugin) NetDenied(denied func(ctx context.Context, host *Host, denial NetDenial) error) {
	p.netDenied = denied
}

// Hooks are the names of the hook points the plugin handles, sorted.
func (p *Plugin) Hooks() []string {
	names := make([]string, 0, len(p.handlers))
	for name := range p.handlers {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Wait blocks until no handler of the plugin runs.
func (p *Plugin) Wait() { p.running.waitFor(forever) }

// Disable makes the error by which Setup says that the plugin cannot serve here: the host stops it and does not start it again.
func Disable(reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		reason = "the plugin gave no reason"
	}
	return &disabled{reason: cut(reason, 2000)}
}

type disabled struct{ reason string }

func (d *disabled) Error() string { return d.reason }

// running counts what runs; unlike a WaitGroup it may be waited for at any time.
type running struct {
	mutex   sync.Mutex
	changed sync.Cond
	count   int
}

func (r *running) add(n int) {
	if r == nil {
		return
	}
	r.mutex.Lock()
	r.count += n
	r.mutex.Unlock()
	r.changed.Broadcast()
}

func (r *running) isFull(limit int) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.count >= limit
}

// waitFor returns when nothing runs any more, at the latest after the limit.
func (r *running) waitFor(limit time.Duration) {
	isOver := false
	timer := time.AfterFunc(limit, func() {
		r.mutex.Lock()
		isOver = true
		r.mutex.Unlock()
		r.changed.Broadcast()
	})
	defer timer.Stop()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for r.count > 0 && !isOver {
		r.changed.Wait()
	}
}
