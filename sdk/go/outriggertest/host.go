// Package outriggertest calls a plugin in memory, through the same code and as the same JSON as on the wire.
package outriggertest

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/outrigger-dev/outrigger/sdk/go"
)

// Options say how the test stands in for the host. The zero value is a host that offers storage and nothing else.
type Options struct {
	Config any
	// Hooks the manifest subscribes to. Default: those the plugin handles.
	Hooks []string
	// Storage is what the plugin stored earlier.
	Storage map[string]any
	// Secrets by name.
	Secrets map[string]string
	// Services of the application by name; an error of type *outrigger.ServiceError keeps its code.
	Services map[string]func(params json.RawMessage) (any, error)
	// Emit says what becomes of events the plugin fires. Default: they are continued unchanged.
	Emit func(hook string, payload json.RawMessage) outrigger.EmitResult
	// Fetch is what the host fetches for the plugin. Default: nothing is permitted.
	Fetch func(params json.RawMessage) (any, error)
	// Permission is what the operator says to a request for permissions. Default: no.
	Permission func(permissions json.RawMessage, reason string) outrigger.PermissionAnswer
}

// Log is a record that the plugin logged.
type Log struct {
	Level   string         `json:"level"`
	Message string         `json:"message"`
	Event   string         `json:"event"`
	Fields  map[string]any `json:"fields"`
}

// Progress is what the plugin told of its work.
type Progress struct {
	Event      string   `json:"event"`
	Message    string   `json:"message"`
	Percentage *float64 `json:"percentage"`
}

// Emitted is an event the plugin fired.
type Emitted struct {
	Hook    string          `json:"hook"`
	Payload json.RawMessage `json:"payload"`
}

// Host stands in for the host of one plugin.
type Host struct {
	t        testing.TB
	plugin   *outrigger.Plugin
	options  Options
	toPlugin io.WriteCloser
	done     chan struct{}
	mutex    sync.Mutex
	written  sync.Mutex
	lastID   int
	pending  map[string]chan reply
	logs     []Log
	progress []Progress
	emitted  []Emitted
	storage  map[string]json.RawMessage
}

// Start starts a plugin in memory, [outrigger.Default] when it is nil, and ends it with the test, which fails when Setup does.
func Start(t testing.TB, plugin *outrigger.Plugin, options Options) *Host {
	t.Helper()
	host, declined, err := start(t, plugin, options)
	if err == nil && declined != "" {
		err = fmt.Errorf("The plugin declined: %s", declined)
	}
	if err != nil {
		t.Fatalf("Cannot start the plugin: %v", err)
	}
	return host
}

// StartDeclined starts a plugin whose Setup is expected to decline, and gives the reason.
func StartDeclined(t testing.TB, plugin *outrigger.Plugin, options Options) string {
	t.Helper()
	_, declined, err := start(t, plugin, options)
	if err != nil || declined == "" {
		t.Fatalf("The plugin did not decline: %v", err)
	}
	return declined
}

func start(t testing.TB, plugin *outrigger.Plugin, options Options) (host *Host, declined string, err error) {
	if plugin == nil {
		plugin = outrigger.Default
	}
	in, toPlugin := io.Pipe()
	fromPlugin, out := io.Pipe()
	h := &Host{t: t, plugin: plugin, options: options, toPlugin: toPlugin, done: make(chan struct{})}
	h.pending, h.storage = map[string]chan reply{}, map[string]json.RawMessage{}
	for key, value := range options.Storage {
		if h.storage[key], err = json.Marshal(value); err != nil {
			return h, "", fmt.Errorf("Cannot store %q: %w", key, err)
		}
	}
	go func() {
		plugin.ServeOn(in, out)
		_, _ = in.Close(), out.Close()
	}()
	go h.read(fromPlugin)
	t.Cleanup(func() {
		_ = toPlugin.Close()
		<-h.done
	})
	hooks := options.Hooks
	if hooks == nil {
		hooks = plugin.Hooks()
	}
	var hello struct{ Disable string }
	err = h.request("initialize", map[string]any{
		"protocol": 1, "protocols": []int{1},
		"host": map[string]any{"name": "test", "version": "0"}, "plugin": map[string]any{"name": "test"},
		"config": orEmpty(options.Config), "hooks": hooks,
		"limits": map[string]any{"maxMessageBytes": 10 << 20, "concurrency": 64},
	}, &hello)
	return h, hello.Disable, err
}

func orEmpty(value any) any {
	if value == nil {
		return map[string]any{}
	}
	return value
}

// Shutdown asks the plugin to finish what is in flight and runs its Shutdown.
func (h *Host) Shutdown() error { return h.request("shutdown", map[string]any{}, nil) }

// ChangeConfig gives the plugin a new configuration and waits until it took it.
func (h *Host) ChangeConfig(config any) { h.tell("config/changed", map[string]any{"config": config}) }

// DenyNet tells the plugin that a connection of its own was refused.
func (h *Host) DenyNet(denial outrigger.NetDenial) { h.tell("net/denied", denial) }

// tell sends a notification and waits until the plugin is done with it.
func (h *Host) tell(method string, params any) {
	h.send(map[string]any{"method": method, "params": params})
	if err := h.request("ping", map[string]any{}, nil); err != nil {
		h.t.Errorf("Cannot tell the plugin %q: %v", method, err)
	}
	h.plugin.Wait()
	_ = h.request("ping", map[string]any{}, nil)
}

// Logs is what the plugin logged up to now.
func (h *Host) Logs() []Log { return kept(h, &h.logs) }

// Progress is what the plugin told of its work up to now.
func (h *Host) Progress() []Progress { return kept(h, &h.progress) }

// Emitted is the events the plugin fired up to now.
func (h *Host) Emitted() []Emitted { return kept(h, &h.emitted) }

// Stored is an entry of the plugin's storage as JSON, empty when there is none.
func (h *Host) Stored(key string) string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return strings.TrimSpace(string(h.storage[key]))
}

func kept[T any](h *Host, list *[]T) []T {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return slices.Clone(*list)
}
