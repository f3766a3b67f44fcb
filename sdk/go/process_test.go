//go:build unix

package outrigger_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/outrigger-dev/outrigger/sdk/go"
)

// TestMain makes a plugin process of this test's own program when a host, or a test that stands in for one, starts it.
func TestMain(m *testing.M) {
	switch os.Getenv("OUTRIGGER_PLUGIN") {
	case "test":
		servePlugin()
	case "parent":
		beParent()
	default:
		os.Exit(m.Run())
	}
}

func servePlugin() {
	fmt.Println("printed while starting")
	outrigger.On("test.print", func(context.Context, *outrigger.Event[json.RawMessage]) (outrigger.Answer, error) {
		fmt.Println("printed by a handler")
		child := exec.Command("sh", "-c", "cat; echo printed by a child")
		child.Stdin, child.Stdout = os.Stdin, os.Stdout
		_, _ = syscall.Write(1, []byte("printed on descriptor 1\n"))
		return outrigger.Continue(), child.Run()
	})
	outrigger.On("test.stuck", func(context.Context, *outrigger.Event[json.RawMessage]) (outrigger.Answer, error) { select {} })
	outrigger.On("test.spin", func(context.Context, *outrigger.Event[json.RawMessage]) (outrigger.Answer, error) {
		for {
		}
	})
	outrigger.Default.Shutdown(func(context.Context) error {
		fmt.Println("shut down")
		return nil
	})
	outrigger.Serve()
}

// beParent starts a plugin as a host would, says its process id on stderr, and waits to be killed.
func beParent() {
	child := selfAs("test")
	_, _ = child.StdinPipe()
	if err := child.Start(); err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stderr, child.Process.Pid)
	select {}
}

func selfAs(role string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	child := exec.Command(self)
	child.Env = []string{"OUTRIGGER_PLUGIN=" + role, "PATH=" + os.Getenv("PATH")}
	return child
}

// process is a plugin process and its wire.
type process struct {
	*exec.Cmd
	t      *testing.T
	stdin  io.WriteCloser
	lines  *bufio.Reader
	stderr bytes.Buffer
}

func startProcess(t *testing.T) *process {
	p := &process{Cmd: selfAs("test"), t: t}
	p.Stderr = &p.stderr
	p.stdin, _ = p.StdinPipe()
	stdout, _ := p.StdoutPipe()
	p.lines = bufio.NewReader(stdout)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// say sends a message and expects the next line to hold a text; an empty text expects nothing.
func (p *process) say(message, want string) {
	p.t.Helper()
	_, _ = io.WriteString(p.stdin, message+"\n")
	if want == "" {
		return
	}
	if line, err := p.lines.ReadString('\n'); err != nil || !strings.Contains(line, want) {
		p.t.Errorf("got %q, %v, want %s", line, err, want)
	}
}

// ends expects the end of the process with code 0, soon even on a busy machine, and nothing more on stdout.
func (p *process) ends(after string) {
	p.t.Helper()
	began := time.Now()
	rest, _ := io.ReadAll(p.lines)
	err := p.Wait()
	if took := time.Since(began); err != nil || took > 5*time.Second || len(rest) > 0 {
		p.t.Errorf("after %s: ended with %v after %v, wrote %q", after, err, took, rest)
	}
}

const pingOne = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

func call(hook string) string { return strings.Replace(invoke("2", "{}"), "test.echo", hook, 1) }

func TestWhatAPluginPrintsIsKeptOffTheWire(t *testing.T) {
	p := startProcess(t)
	p.say(call("test.print"), `"id":2,"result":{}`)
	p.say(`{"id":3,"method":"shutdown"}`, `"id":3`)
	p.say(`{"method":"exit"}`, "")
	p.ends("exit")
	want := "printed while starting\nprinted by a handler\nprinted on descriptor 1\nprinted by a child\nshut down\n"
	if got := p.stderr.String(); got != want {
		t.Errorf("stderr has %q", got)
	}
}

func TestCtrlCBelongsToTheApplicationAndTermEnds(t *testing.T) {
	p := startProcess(t)
	p.say(pingOne, `"id":1`)
	_ = p.Process.Signal(syscall.SIGINT)
	p.say(pingOne, `"id":1`)
	_ = p.Process.Signal(syscall.SIGTERM)
	p.ends("SIGTERM")
	if !strings.Contains(p.stderr.String(), "shut down") {
		t.Errorf("stderr has %q", p.stderr.String())
	}
}

func TestTheEndOfStdinEndsTheProcessWhateverItDoes(t *testing.T) {
	for _, hook := range []string{"test.none", "test.stuck", "test.spin"} {
		p := startProcess(t)
		p.say(pingOne, `"id":1`)
		if hook != "test.none" {
			p.say(call(hook), "")
			p.say(pingOne, `"id":1`)
		}
		// In the middle of a message, too.
		_, _ = io.WriteString(p.stdin, `{"id":`)
		_ = p.stdin.Close()
		p.ends("the end of stdin in " + hook)
	}
}

func TestAHostThatDoesNotReadIsHeard(t *testing.T) {
	p := startProcess(t)
	// More answers than a pipe holds, then the end.
	for i := 0; i < 20_000; i++ {
		if _, err := io.WriteString(p.stdin, pingOne+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	_ = p.stdin.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := p.Process.Wait()
		ended <- err
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("did not end while its answers were not read")
	}
}

func TestAProcessEndsWithItsHost(t *testing.T) {
	parent := selfAs("parent")
	stderr, _ := parent.StderrPipe()
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(stderr, &pid); err != nil {
		t.Fatal(err)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	for deadline := time.Now().Add(30 * time.Second); !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d outlived its host", pid)
		}
	}
}
