package outrigger_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outrigger-dev/outrigger/sdk/go"
)

// echo answers every test.echo with the payload as state, its text untouched.
func echo() *outrigger.Plugin {
	plugin := outrigger.New()
	outrigger.Handle(plugin, "test.echo", func(_ context.Context, ev *outrigger.Event[json.RawMessage]) (outrigger.Answer, error) {
		return outrigger.Continue().WithState(ev.Payload), nil
	})
	return plugin
}

// exchange gives all input to a plugin, in pieces of a size, and returns the lines it wrote, sorted.
func exchange(plugin *outrigger.Plugin, input string, piece int) []string {
	in, feed := io.Pipe()
	go func() {
		for rest := []byte(input); len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			_, _ = feed.Write(rest[:min(piece, len(rest))])
		}
		plugin.Wait()
		_ = feed.Close()
	}()
	var out bytes.Buffer
	plugin.ServeOn(in, &out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	slices.Sort(lines)
	return lines
}

func invoke(id, payload string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"hook/invoke","params":{"event":"e","hook":"test.echo","context":{"time":""},"payload":%s,"deadlineMs":5000,"attempt":1,"new":[]}}`, id, payload)
}

func TestPayloadsAndIdsKeepTheirText(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 128) + strings.Repeat("]}", 128)
	payloads := []string{`{"s":"ü€😀\ud800\u2028","n":[9007199254740993,1e400,-0.0]}`, deep, `{"long":"` + strings.Repeat("x", 1<<20) + `"}`}
	for i, payload := range payloads {
		for _, id := range []string{"7", `"sieben"`, "-1.50", `""`} {
			got := exchange(echo(), invoke(id, payload)+"\n", 100_000)
			if want := `{"jsonrpc":"2.0","id":` + id + `,"result":{"state":` + payload + `}}`; got[0] != want {
				t.Errorf("payload %d: got %.200s", i, got[0])
			}
		}
	}
}

func TestMessagesMayBeSplitAndJoinedAnywhere(t *testing.T) {
	input := invoke("1", `{"a":"ü"}`) + "\r\n\n" + invoke("2", "{}") + "\n" + "\ufeff" + `{"jsonrpc":"2.0","id":3,"method":"ping"}` + "\n"
	for _, piece := range []int{1, 2, 7, 1000} {
		if got := exchange(echo(), input, piece); len(got) != 3 || !strings.Contains(got[0], `"ü"`) {
			t.Errorf("pieces of %d: got %q", piece, got)
		}
	}
}

func TestContentLengthIsAnsweredWithContentLength(t *testing.T) {
	ping := `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	input := fmt.Sprintf("content-length: %d\r\nContent-Type: x\r\n\r\n%sContent-Length: %d\n\n%s", len(ping), ping, len(ping), ping)
	var out bytes.Buffer
	echo().ServeOn(strings.NewReader(input), &out)
	one := "Content-Length: 36\r\n\r\n" + `{"jsonrpc":"2.0","id":1,"result":{}}`
	if got := out.String(); got != one+one {
		t.Errorf("got %q", got)
	}
}

func TestWhatCannotBeReadIsRefusedAndSkipped(t *testing.T) {
	bad := map[string]string{
		"garbage": "-32700", `{"half": `: "-32700", "[]": "-32600", "42": "-32600", "null": "", `{"id":9,"result":{}}`: "", "{}": "",
		`{"id":[1],"method":"ping"}`: "-32600", `{"id":1,"method":5}`: "-32600", "{\"a\":\"\xff\"}": "-32700",
		strings.Repeat("x", 11<<20): "-32007", "Content-Length: many\n": "-32700", strings.Repeat("[", 20_000): "-32700",
		`{"id":1,"method":"hook/invoke","params":[1]}`: "-32602", `{"id":1,"method":"no/such"}`: "-32601",
		`{"method":"hook/invoke","params":4}`: "", `{"method":"no/such"}`: "", `{"method":"$/cancelRequest","params":{"id":{}}}`: "",
		`{"id":1,"method":"initialize","params":{"protocols":[2,3]}}`: "-32002", `{"id":1,"method":"initialize","params":{"protocols":"x"}}`: "-32602",
	}
	for input, number := range bad {
		lines := exchange(echo(), input+"\n"+`{"jsonrpc":"2.0","id":"after","method":"ping"}`+"\n", 1<<20)
		wanted := 2
		if number == "" {
			wanted = 1
		}
		text := strings.Join(lines, "\n")
		if len(lines) != wanted || !strings.Contains(text, `"code":`+number) && number != "" || !strings.Contains(text, `"after"`) {
			t.Errorf("%.60q: got %q", input, lines)
		}
	}
}

func TestShutdownWaitsForWhatIsInFlight(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{})
	plugin := outrigger.New()
	outrigger.Handle(plugin, "test.echo", func(context.Context, *outrigger.Event[json.RawMessage]) (outrigger.Answer, error) {
		close(entered)
		<-release
		return outrigger.Continue(), nil
	})
	in, feed := io.Pipe()
	fromPlugin, out := io.Pipe()
	ended := make(chan struct{})
	go func() {
		plugin.ServeOn(in, out)
		close(ended)
	}()
	lines := bufio.NewScanner(fromPlugin)
	expect := func(want string) {
		t.Helper()
		if lines.Scan(); !strings.Contains(lines.Text(), want) {
			t.Errorf("got %s, want %s", lines.Text(), want)
		}
	}
	say := func(text string) { _, _ = io.WriteString(feed, text+"\n") }
	say(invoke("1", "{}"))
	<-entered
	say(`{"id":2,"method":"shutdown"}` + "\n" + invoke("3", "{}") + "\n" + `{"id":4,"method":"ping"}`)
	// The new event is refused once the shutdown has begun; the ping is answered while the handler runs.
	expect(`"id":`)
	expect(`"id":`)
	close(release)
	expect(`"id":1,"result"`)
	expect(`"id":2,"result"`)
	say(`{"method":"exit"}`)
	<-ended
}

func TestTheEndOfInputCancelsAndEnds(t *testing.T) {
	plugin := outrigger.New()
	outrigger.Handle(plugin, "test.echo", func(context.Context, *outrigger.Event[json.RawMessage]) (outrigger.Answer, error) {
		select {}
	})
	began := time.Now()
	plugin.ServeOn(strings.NewReader(invoke("1", "{}")+"\n"), io.Discard)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestAFloodOfNotificationsTurnsNoCallAway(t *testing.T) {
	plugin, released := echo(), make(chan struct{})
	outrigger.Handle(plugin, "test.hold", func(context.Context, *outrigger.Event[json.RawMessage]) (outrigger.Answer, error) {
		select {
		case <-released:
		case <-time.After(30 * time.Second):
		}
		return outrigger.Continue(), nil
	})
	outrigger.Handle(plugin, "test.release", func(context.Context, *outrigger.Event[json.RawMessage]) (outrigger.Answer, error) {
		close(released)
		return outrigger.Continue(), nil
	})
	notification := `{"jsonrpc":"2.0","method":"hook/notify","params":{"event":"e","hook":"test.hold","payload":{},"outcome":{"status":"continued"}}}`
	last := strings.Replace(invoke("1", "{}"), "test.echo", "test.release", 1)

	got := exchange(plugin, strings.Repeat(notification+"\n", 1100)+last+"\n", 100_000)

	if dropped := len(got) - 1; dropped != 1100-1024 || !strings.Contains(got[1], "1024 events are in flight already") {
		t.Errorf("%d were dropped: %.200s", dropped, got[1])
	}
	if want := `{"jsonrpc":"2.0","id":1,"result":{}}`; got[0] != want {
		t.Errorf("got %s", got[0])
	}
}
