package outrigger

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
)

const mostLogCharacters = 2000

// logHandler sends records of log/slog to the host.
type logHandler struct {
	peer   *peer
	event  string
	groups []string
	fixed  []grouped
}

type grouped struct {
	groups []string
	attr   slog.Attr
}

// Enabled is always true: what is shown is the operator's choice.
func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	made := *h
	made.fixed = slices.Clone(h.fixed)
	for _, attr := range attrs {
		made.fixed = append(made.fixed, grouped{h.groups, attr})
	}
	return &made
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	made := *h
	made.groups = append(slices.Clone(h.groups), name)
	return &made
}

func (h *logHandler) Handle(_ context.Context, record slog.Record) error {
	fields := map[string]any{}
	for _, fixed := range h.fixed {
		addField(groupIn(fields, fixed.groups), fixed.attr)
	}
	record.Attrs(func(attr slog.Attr) bool {
		addField(groupIn(fields, h.groups), attr)
		return true
	})
	h.peer.log(levelName(record.Level), record.Message, h.event, fields)
	return nil
}

func groupIn(fields map[string]any, groups []string) map[string]any {
	for _, name := range groups {
		inner, isGroup := fields[name].(map[string]any)
		if !isGroup {
			inner = map[string]any{}
			fields[name] = inner
		}
		fields = inner
	}
	return fields
}

func addField(fields map[string]any, attr slog.Attr) {
	value := attr.Value.Resolve()
	if value.Kind() != slog.KindGroup {
		fields[attr.Key] = plain(value.Any())
		return
	}
	inner := fields
	if attr.Key != "" {
		inner = groupIn(fields, []string{attr.Key})
	}
	for _, member := range value.Group() {
		addField(inner, member)
	}
}

// plain is the value, or its text where JSON cannot hold it or would show nothing of it.
func plain(value any) any {
	switch known := value.(type) {
	case error:
		return fmt.Sprint(known)
	case json.Marshaler:
	case fmt.Stringer:
		return fmt.Sprint(known)
	}
	text, err := encode(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return json.RawMessage(text)
}

func levelName(level slog.Level) string {
	switch {
	case level < slog.LevelInfo:
		return "debug"
	case level < slog.LevelWarn:
		return "info"
	case level < slog.LevelError:
		return "warn"
	default:
		return "error"
	}
}

// log sends a record; one that is too large goes shortened and without its fields.
func (p *peer) log(level, message, event string, fields map[string]any) {
	params := map[string]any{"level": level, "message": message}
	if event != "" {
		params["event"] = event
	}
	if len(fields) > 0 {
		params["fields"] = fields
	}
	if p.notify(methodLog, params) != nil {
		delete(params, "fields")
		params["message"] = cut(message, mostLogCharacters)
		_ = p.notify(methodLog, params)
	}
}
