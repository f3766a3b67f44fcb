package outrigger_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/conda"
	"github.com/outrigger-dev/outrigger/sdk/go/outriggertest"
)

type command = outrigger.Event[conda.PreCommand]

// with makes a plugin of one handler for conda.pre_command.
func with(handler outrigger.Handler[conda.PreCommand]) *outrigger.Plugin {
	plugin := outrigger.New()
	outrigger.Handle(plugin, conda.PreCommandHook, handler)
	return plugin
}

// brokenError cannot be asked for its text when it is nil.
type brokenError struct{ text string }

func (e *brokenError) Error() string { return e.text }

func errorOf(t *testing.T, err error) *outrigger.ServiceError {
	t.Helper()
	var known *outrigger.ServiceError
	if !errors.As(err, &known) {
		t.Fatalf("no error answer: %v", err)
	}
	return known
}

func TestAnswersCrossAsTheHostReadsThem(t *testing.T) {
	answers := map[string]outrigger.Answer{
		"{}":                      outrigger.Continue(),
		`{"state":{"n":1}}`:       outrigger.Continue().WithState(map[string]int{"n": 1}),
		`{"state":null}`:          outrigger.Continue().WithState(nil),
		`{"metadata":{"a":true}}`: outrigger.Continue().WithMetadata(map[string]any{"a": true}),
		`{"action":"modify","changes":{"cwd":null,"env":{"A":"<&>"}}}`:                                      outrigger.Modify(outrigger.Changes{"cwd": nil, "env": outrigger.Changes{"A": "<&>"}}),
		`{"action":"modify","changes":{"exitCode":3}}`:                                                      outrigger.Modify(conda.CommandResult{ExitCode: 3}),
		`{"action":"block","violation":{"code":"no","reason":"Not so"}}`:                                    outrigger.Block("no", "Not so"),
		`{"action":"block","retryAfterMs":1500,"violation":{"code":"c","reason":"r","severity":"warning"}}`: outrigger.BlockWith(outrigger.Violation{Code: "c", Reason: "r", Severity: "warning"}).WithRetryAfter(1500 * time.Millisecond),
		`{"action":"replace","value":[1,null]}`:                                                             outrigger.Replace([]any{1, nil}),
		`{"action":"replace","value":null}`:                                                                 outrigger.Replace(nil),
	}
	for want, answer := range answers {
		if got, err := answer.MarshalJSON(); err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}

func TestAnswersTheHostWouldRefuseAreErrors(t *testing.T) {
	for _, answer := range []outrigger.Answer{outrigger.Modify([]int{1}), outrigger.Modify(nil), outrigger.Block("", "why"), outrigger.Replace(make(chan int))} {
		host := outriggertest.Start(t, with(func(context.Context, *command) (outrigger.Answer, error) { return answer, nil }), outriggertest.Options{})
		_, err := host.Call(conda.PreCommandHook, nil)
		if errorOf(t, err).Number != -32603 {
			t.Errorf("got %v", err)
		}
	}
}

func TestAnEventCarriesWhatTheHostSent(t *testing.T) {
	plugin := with(func(ctx context.Context, ev *command) (outrigger.Answer, error) {
		var state struct{ N int }
		var config struct{ Name string }
		hasState, _ := ev.State(&state)
		_ = ev.Config(&config)
		_, hasDeadline := ctx.Deadline()
		facts := []any{ev.Hook, ev.Context.Operation, ev.Attempt, hasState, state.N, config.Name, hasDeadline, ev.Remaining() <= time.Second, ev.Payload.Args}
		return outrigger.Continue().WithState(facts), nil
	})
	host := outriggertest.Start(t, plugin, outriggertest.Options{Config: map[string]any{"name": "ü€😀"}})
	options := outriggertest.CallOptions{Context: outrigger.EventContext{Operation: "op"}, State: map[string]int{"n": 7}, Deadline: time.Second, Attempt: 2}
	answer, err := host.CallWith(context.Background(), conda.PreCommandHook, conda.PreCommand{Command: "ls", Args: []string{"-l"}}, options)
	got, _ := json.Marshal(answer.State)
	if want := `["conda.pre_command","op",2,true,7,"ü€😀",true,true,["-l"]]`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestFailuresOfAHandlerAreErrorAnswers(t *testing.T) {
	fail := map[string]func(){
		"error": func() {}, "panic": func() { panic("oh") }, "nil": func() { var p *command; _ = p.Payload.Command },
		"goexit": func() { runtime.Goexit() },
	}
	plugin := with(func(_ context.Context, ev *command) (outrigger.Answer, error) {
		if ev.Payload.Command == "nil error" {
			var broken *brokenError
			ev.Log.Info("about to fail", "error", broken)
			return outrigger.Continue(), broken
		}
		fail[ev.Payload.Command]()
		return outrigger.Continue(), errors.New("did not work")
	})
	host := outriggertest.Start(t, plugin, outriggertest.Options{})
	for name, want := range map[string]string{"error": "did not work", "panic": "panic: oh", "nil": "nil pointer", "goexit": "Goexit", "nil error": "nil"} {
		_, err := host.Call(conda.PreCommandHook, conda.PreCommand{Command: name})
		if got := errorOf(t, err); got.Number != -32603 || !strings.Contains(got.Message, want) {
			t.Errorf("%s: got %v", name, got)
		}
		logs := host.Logs()
		last := logs[len(logs)-1]
		stack, _ := last.Fields["stack"].(string)
		hasStack := strings.Contains(stack, "handler_test.go")
		if last.Level != "error" || !strings.Contains(last.Message, want) || last.Event == "" || hasStack != (name == "panic" || name == "nil") {
			t.Errorf("%s: logged %+v", name, last)
		}
	}
}

func TestAPayloadOfAnotherShapeFailsThatEventOnly(t *testing.T) {
	host := outriggertest.Start(t, with(nil), outriggertest.Options{})
	_, err := host.Call(conda.PreCommandHook, map[string]any{"args": "no list"})
	if got := errorOf(t, err); got.Code != "PARAMS_INVALID" || !strings.Contains(got.Message, "conda.PreCommand") {
		t.Errorf("got %v", got)
	}
}

func TestAHookWithoutHandlerIsLetPassAndWarnedOf(t *testing.T) {
	host := outriggertest.Start(t, with(nil), outriggertest.Options{Hooks: []string{"conda.pre_comand"}})
	if answer, err := host.Call("conda.pre_comand", nil); err != nil || answer.Action != "" {
		t.Errorf("got %+v, %v", answer, err)
	}
	want := "no handler for conda.pre_comand, which the manifest subscribes to; there are handlers for: conda.pre_command"
	if logs := host.Logs(); len(logs) != 1 || logs[0].Level != "warn" || logs[0].Message != want {
		t.Errorf("logged %+v", logs)
	}
}

func TestCancellationReachesTheHandler(t *testing.T) {
	entered := make(chan struct{})
	causes := make(chan error, 2)
	host := outriggertest.Start(t, with(func(ctx context.Context, ev *command) (outrigger.Answer, error) {
		entered <- struct{}{}
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return outrigger.Continue(), ctx.Err()
	}), outriggertest.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-entered
		cancel()
	}()
	_, err := host.CallWith(ctx, conda.PreCommandHook, nil, outriggertest.CallOptions{})
	if got := errorOf(t, err); got.Number != -32800 || <-causes != outrigger.ErrCancelled || len(host.Logs()) > 0 {
		t.Errorf("got %v, logged %+v", got, host.Logs())
	}
	go func() { <-entered }()
	_, err = host.CallWith(context.Background(), conda.PreCommandHook, nil, outriggertest.CallOptions{Deadline: time.Millisecond})
	if got := errorOf(t, err); got.Number != -32800 || <-causes != context.DeadlineExceeded {
		t.Errorf("got %v", got)
	}
}

func TestProgressMovesTheDeadline(t *testing.T) {
	host := outriggertest.Start(t, with(func(ctx context.Context, ev *command) (outrigger.Answer, error) {
		before, _ := ctx.Deadline()
		for {
			ev.Progress("half", 150)
			if after, _ := ctx.Deadline(); after.After(before) {
				return outrigger.Continue(), ctx.Err()
			}
		}
	}), outriggertest.Options{})
	if _, err := host.Call(conda.PreCommandHook, nil); err != nil {
		t.Fatal(err)
	}
	if got := host.Progress()[0]; got.Message != "half" || *got.Percentage != 100 || got.Event == "" {
		t.Errorf("got %+v", got)
	}
}

func TestSeveralEventsAreInFlight(t *testing.T) {
	release := make(chan struct{})
	host := outriggertest.Start(t, with(func(_ context.Context, ev *command) (outrigger.Answer, error) {
		if ev.Payload.Command == "hold" {
			<-release
		} else {
			close(release)
		}
		return outrigger.Continue(), nil
	}), outriggertest.Options{})
	held := make(chan error)
	go func() {
		_, err := host.Call(conda.PreCommandHook, conda.PreCommand{Command: "hold"})
		held <- err
	}()
	_, err := host.Call(conda.PreCommandHook, conda.PreCommand{Command: "release"})
	if first := <-held; err != nil || first != nil {
		t.Errorf("got %v, %v", err, first)
	}
}
