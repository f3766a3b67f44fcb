package outrigger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/conda"
	"github.com/outrigger-dev/outrigger/sdk/go/outriggertest"
)

// inHandler runs a body inside one event and gives what it returns.
func inHandler(t *testing.T, options outriggertest.Options, body func(ctx context.Context, ev *command) error) (*outriggertest.Host, error) {
	t.Helper()
	host := outriggertest.Start(t, with(func(ctx context.Context, ev *command) (outrigger.Answer, error) {
		return outrigger.Continue(), body(ctx, ev)
	}), options)
	_, err := host.Call(conda.PreCommandHook, nil)
	return host, err
}

func TestStorageKeepsValues(t *testing.T) {
	stored := map[string]any{"c": []int{1}}
	host, err := inHandler(t, outriggertest.Options{Storage: stored}, func(ctx context.Context, ev *command) error {
		var n int
		found, err := ev.Storage.Get(ctx, "a", &n)
		if found || err != nil {
			return fmt.Errorf("found %v, %v", n, err)
		}
		err = errors.Join(ev.Storage.Set(ctx, "a", 1), ev.Storage.Set(ctx, "b", "two"), ev.Storage.Delete(ctx, "b"))
		found, getErr := ev.Storage.Get(ctx, "a", &n)
		keys, listErr := ev.Storage.List(ctx, "")
		if !found || n != 1 || fmt.Sprint(keys) != "[a c]" {
			return fmt.Errorf("got %v, %v", n, keys)
		}
		return errors.Join(err, getErr, listErr)
	})
	if err != nil || host.Stored("a") != "1" {
		t.Errorf("got %v, stored %q", err, host.Stored("a"))
	}
}

func TestServicesOfTheHost(t *testing.T) {
	options := outriggertest.Options{
		Secrets:  map[string]string{"token": "s3cret"},
		Services: map[string]func(json.RawMessage) (any, error){"app/add": func(json.RawMessage) (any, error) { return 3, nil }},
		Fetch: func(params json.RawMessage) (any, error) {
			return map[string]any{"status": 201, "url": "u", "headers": map[string]string{"a": "b"}, "bodyBase64": "/w=="}, nil
		},
		Permission: func(json.RawMessage, string) outrigger.PermissionAnswer {
			return outrigger.PermissionAnswer{Granted: true, Effective: "now"}
		},
		Emit: func(string, json.RawMessage) outrigger.EmitResult {
			return outrigger.EmitResult{Status: "blocked", Violation: &outrigger.Violation{Code: "c", Reason: "r"}}
		},
	}
	host, err := inHandler(t, options, func(ctx context.Context, ev *command) error {
		secret, err := ev.Secret(ctx, "token")
		var sum int
		callErr := ev.Call(ctx, "app/add", map[string]int{"a": 1}, &sum)
		response, fetchErr := ev.Fetch(ctx, outrigger.FetchRequest{URL: "u", Body: []byte{255}, Header: map[string]any{"a": outrigger.SecretHeader{Secret: "token"}}})
		permission, wishErr := ev.RequestPermission(ctx, map[string]any{"net": []string{"a:1"}}, "why")
		emitted, emitErr := ev.Emit(ctx, "conda.post_command", map[string]any{"a": 1})
		if err := errors.Join(err, callErr, fetchErr, wishErr, emitErr); err != nil {
			return err
		}
		if secret != "s3cret" || sum != 3 || !response.OK() || response.Body[0] != 255 || !permission.Granted || emitted.Violation.Code != "c" {
			return fmt.Errorf("got %v %v %+v %+v %+v", secret, sum, response, permission, emitted)
		}
		return nil
	})
	if err != nil || host.Emitted()[0].Hook != "conda.post_command" {
		t.Error(err)
	}
}

func TestARefusedServiceIsAnErrorWithACode(t *testing.T) {
	_, err := inHandler(t, outriggertest.Options{}, func(ctx context.Context, ev *command) error {
		var refused *outrigger.ServiceError
		if _, err := ev.Secret(ctx, "no"); !errors.As(err, &refused) || refused.Code != "SECRET_UNKNOWN" || refused.Number != -32011 {
			return fmt.Errorf("got %v", err)
		}
		if err := ev.Call(ctx, "no/such", nil, nil); !errors.As(err, &refused) || refused.Code != "METHOD_UNKNOWN" {
			return fmt.Errorf("got %v", err)
		}
		if err := ev.Storage.Set(ctx, "a", string(make([]byte, 11<<20))); !errors.As(err, &refused) || refused.Code != "MESSAGE_TOO_LARGE" {
			return fmt.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAServiceIsGivenUpWhenTheContextEnds(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	options := outriggertest.Options{Services: map[string]func(json.RawMessage) (any, error){"app/slow": func(json.RawMessage) (any, error) {
		<-release
		return nil, nil
	}}}
	_, err := inHandler(t, options, func(ctx context.Context, ev *command) error {
		short, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if err := ev.Call(short, "app/slow", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestLogRecordsFitTheWire(t *testing.T) {
	host, err := inHandler(t, outriggertest.Options{}, func(_ context.Context, ev *command) error {
		ev.Log.With("a", 1).WithGroup("g").Warn("hm", "b", errors.New("bad"), slog.Group("h", "c", time.Second), "d", make(chan int) == nil)
		ev.Log.Debug("small")
		ev.Log.Info(string(make([]byte, 11<<20)))
		return nil
	})
	logs := host.Logs()
	fields, _ := json.Marshal(logs[0].Fields)
	if want := `{"a":1,"g":{"b":"bad","d":false,"h":{"c":"1s"}}}`; err != nil || string(fields) != want || logs[0].Level != "warn" {
		t.Errorf("got %s, %v, want %s", fields, err, want)
	}
	if logs[1].Level != "debug" || logs[1].Event != logs[0].Event || logs[1].Event == "" || len(logs[2].Message) != 2000 {
		t.Errorf("got %+v", logs[1])
	}
}

func TestFireAndForgetEventsComeWithTheirOutcome(t *testing.T) {
	plugin := with(func(ctx context.Context, ev *command) (outrigger.Answer, error) {
		_, hasDeadline := ctx.Deadline()
		ev.Log.Info(ev.Outcome.Status, "by", ev.Outcome.By, "hasDeadline", hasDeadline)
		return outrigger.Continue(), errors.New("observer broke")
	})
	host := outriggertest.Start(t, plugin, outriggertest.Options{})
	host.Notify(conda.PreCommandHook, nil, outrigger.Outcome{Status: "blocked", By: "x"})
	logs := host.Logs()
	if len(logs) != 2 || logs[0].Message != "blocked" || logs[0].Fields["hasDeadline"] != false || logs[1].Level != "error" {
		t.Errorf("logged %+v", logs)
	}
}

func TestWhatHappensAroundTheEvents(t *testing.T) {
	var seen []string
	plugin := outrigger.New()
	plugin.Setup(func(ctx context.Context, host *outrigger.Host) error {
		seen = append(seen, "setup")
		return host.Storage.Set(ctx, "ready", true)
	})
	plugin.ConfigChanged(func(_ context.Context, host *outrigger.Host) error {
		config := map[string]any{}
		defer func() { seen = append(seen, fmt.Sprint("config ", config["n"])) }()
		return host.Config(&config)
	})
	plugin.NetDenied(func(_ context.Context, _ *outrigger.Host, denial outrigger.NetDenial) error {
		seen = append(seen, denial.Host)
		panic("in a callback")
	})
	plugin.Shutdown(func(context.Context) error {
		seen = append(seen, "shutdown")
		return nil
	})
	host := outriggertest.Start(t, plugin, outriggertest.Options{})
	host.ChangeConfig(map[string]any{"n": json.Number("12345678901234567890")})
	host.DenyNet(outrigger.NetDenial{Host: "example.com", Reason: "not granted"})
	if err := host.Shutdown(); err != nil {
		t.Error(err)
	}
	if want := "[setup config 12345678901234567890 example.com shutdown]"; fmt.Sprint(seen) != want || len(host.Logs()) != 1 {
		t.Errorf("got %v, want %v; logged %+v", seen, want, host.Logs())
	}
}

func TestSetupMayDecline(t *testing.T) {
	plugin := outrigger.New()
	plugin.Setup(func(context.Context, *outrigger.Host) error { return outrigger.Disable("needs git 2.40") })
	if reason := outriggertest.StartDeclined(t, plugin, outriggertest.Options{}); reason != "needs git 2.40" {
		t.Errorf("got %q", reason)
	}
}
