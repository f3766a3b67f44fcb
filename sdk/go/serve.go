package outrigger

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	// settleGrace is what handlers have to settle when the host is gone, leaveDeadline what everything has.
	settleGrace   = 500 * time.Millisecond
	leaveDeadline = 1500 * time.Millisecond
	readBytes     = 64 << 10
)

var (
	// underHost is how the host tells a plugin process from a program that only imports the package.
	_, underHost = os.LookupEnv("OUTRIGGER_PLUGIN")
	wireIn       *os.File
	wireOut      *os.File
)

// Before the plugin's own code runs: what it prints while it starts must not reach the wire either.
func init() {
	if underHost {
		guardStreams()
	}
}

// guardStreams keeps stdin and stdout for the wire: from now on the plugin and its children read nothing, and print to stderr.
func guardStreams() {
	if wireOut != nil {
		return
	}
	wireOut, os.Stdout = takeStdout(), os.Stderr
	wireIn = os.Stdin
	if null, err := os.Open(os.DevNull); err == nil {
		os.Stdin = null
	}
}

// Serve serves the plugin on stdin and stdout until stdin ends, SIGTERM, or the host says exit; it does not return.
func (p *Plugin) Serve() {
	if !underHost && isTerminal(os.Stdin) {
		what := "This is an Outrigger plugin for %s, not a program of its own"
		fmt.Fprintf(os.Stderr, what+": add its folder to outrigger.yaml and start the application, or call it in memory with outriggertest\n", strings.Join(p.Hooks(), ", "))
		os.Exit(1)
	}
	guardStreams()
	// Ctrl-C belongs to the application; with the other two a broken pipe is an error of the write, and not the end.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGPIPE)
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	stop := make(chan struct{})
	go func() {
		<-terminate
		close(stop)
	}()
	p.serveOn(wireIn, wireOut, stop)
	os.Exit(0)
}

// ServeOn serves the plugin on any streams and returns when in has ended or the host said exit.
func (p *Plugin) ServeOn(in io.Reader, out io.Writer) { p.serveOn(in, out, nil) }

func (p *Plugin) serveOn(in io.Reader, out io.Writer, stop <-chan struct{}) {
	output := newOutput(out)
	session := newSession(p, output.send)
	ended, exited := make(chan struct{}), make(chan struct{})
	go func() {
		if session.read(in, output) {
			close(exited)
		} else {
			close(ended)
		}
	}()
	select {
	case <-exited:
		session.cancelAll()
		within(leaveDeadline, output.close)
		return
	case <-ended:
	case <-stop:
	case <-output.failed:
	}
	within(leaveDeadline, func() {
		session.close()
		output.close()
	})
}

// read feeds the session; true when the host said exit.
func (s *session) read(in io.Reader, output *output) bool {
	reader := &messageReader{
		in:       bufio.NewReaderSize(in, readBytes),
		limit:    func() int { return int(s.peer.maxBytes.Load()) },
		skipped:  func(err *wireError) { s.peer.refuse(nil, err) },
		isFramed: output.frameAs,
	}
	isExit := false
	heard := s.peer.notification
	s.peer.notification = func(method string, params json.RawMessage) {
		isExit = isExit || method == methodExit
		heard(method, params)
	}
	for !isExit {
		text, err := reader.next()
		if err != nil {
			return false
		}
		s.peer.receive(text)
		// The next read blocks, and may keep the handler waiting for its processor for as long as the scheduler takes to notice.
		if reader.in.Buffered() == 0 {
			runtime.Gosched()
		}
	}
	return true
}

func within(limit time.Duration, run func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		run()
	}()
	select {
	case <-done:
	case <-time.After(limit):
	}
}

// isTerminal is true for a character device that is not the null device.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
