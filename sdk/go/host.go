package outrigger

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
)

// Host is what a plugin may ask of its host. What the host refuses is a *[ServiceError].
type Host struct {
	// Log is the plugin's structured log: the host tags it with plugin and event and limits its rate.
	Log *slog.Logger
	// Storage keeps JSON values of the plugin's own across restarts. Needs the permission "storage".
	Storage Storage
	peer    *peer
	config  json.RawMessage
}

func newHost(peer *peer, config json.RawMessage, event string) *Host {
	logger := slog.New(&logHandler{peer: peer, event: event})
	return &Host{Log: logger, Storage: Storage{peer: peer}, peer: peer, config: config}
}

// Config reads the plugin's configuration, which the host checked against the manifest and filled in with defaults.
func (h *Host) Config(into any) error {
	if len(h.config) == 0 {
		return nil
	}
	if err := decode(h.config, into); err != nil {
		return fmt.Errorf("Cannot read the configuration as %T: %w", into, err)
	}
	return nil
}

// Secret reads a secret the operator granted. Needs its name under permissions.secrets.
func (h *Host) Secret(ctx context.Context, name string) (string, error) {
	var result struct{ Value string }
	err := h.Call(ctx, methodSecretGet, map[string]any{"name": name}, &result)
	return result.Value, err
}

// Call calls a service that the application registered, with a permission of that name. params becomes a JSON object; the result is
// read into result unless that is nil. When ctx ends the host is told, and the cause of ctx is the error.
func (h *Host) Call(ctx context.Context, service string, params, result any) error {
	return h.ask(ctx, service, params, result, true)
}

func (h *Host) ask(ctx context.Context, method string, params, result any, tellHost bool) error {
	text, err := h.peer.request(ctx, method, params, tellHost)
	if err != nil || result == nil {
		return err
	}
	if err := decode(text, result); err != nil {
		return fmt.Errorf("Cannot read the answer of %q: %w", method, err)
	}
	return nil
}

// PermissionAnswer is the operator's word.
type PermissionAnswer struct {
	// Granted is true when all of it is granted.
	Granted bool `json:"granted"`
	// Effective is "now", or "restart" when a part of it reaches only the next process of the plugin.
	Effective string `json:"effective,omitempty"`
}

// RequestPermission asks the operator for permissions that the manifest lists under optionalPermissions, in the manifest's own
// shape. The end of ctx ends the waiting only: the question stands, and whoever asks the same again gets its answer.
func (h *Host) RequestPermission(ctx context.Context, permissions map[string]any, reason string) (PermissionAnswer, error) {
	params := map[string]any{"permissions": permissions}
	if reason != "" {
		params["reason"] = cut(reason, 500)
	}
	var answer PermissionAnswer
	err := h.ask(ctx, methodPermissionRequest, params, &answer, false)
	return answer, err
}

// Storage is the plugin's own; see [Host].
type Storage struct{ peer *peer }

// Get reads an entry; false when there is none.
func (s Storage) Get(ctx context.Context, key string, into any) (bool, error) {
	var result struct{ Value json.RawMessage }
	if err := s.ask(ctx, methodStorageGet, map[string]any{"key": key}, &result); err != nil {
		return false, err
	}
	if isNull(result.Value) {
		return false, nil
	}
	if err := decode(result.Value, into); err != nil {
		return true, fmt.Errorf("Cannot read the entry %q as %T: %w", key, into, err)
	}
	return true, nil
}

// Set writes an entry: once it returns nil, the value survives a crash of plugin and host.
func (s Storage) Set(ctx context.Context, key string, value any) error {
	return s.ask(ctx, methodStorageSet, map[string]any{"key": key, "value": value}, nil)
}

// Delete removes an entry; removing what is not there is fine.
func (s Storage) Delete(ctx context.Context, key string) error {
	return s.ask(ctx, methodStorageDelete, map[string]any{"key": key}, nil)
}

// List gives the names of entries that begin with prefix, sorted.
func (s Storage) List(ctx context.Context, prefix string) ([]string, error) {
	params := map[string]any{}
	if prefix != "" {
		params["prefix"] = prefix
	}
	var result struct{ Keys []string }
	err := s.ask(ctx, methodStorageList, params, &result)
	return result.Keys, err
}

func (s Storage) ask(ctx context.Context, method string, params, result any) error {
	return (&Host{peer: s.peer}).Call(ctx, method, params, result)
}
