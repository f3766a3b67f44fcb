// Package outrigger writes Outrigger plugins in Go. A plugin is a process that a host asks about events over JSON-RPC on
// stdin and stdout; this package is the process's side of it.
//
//	func main() {
//		outrigger.On("conda.pre_command", func(ctx context.Context, ev *outrigger.Event[conda.PreCommand]) (outrigger.Answer, error) {
//			if ev.Payload.Command == "rm" {
//				return outrigger.Block("no-rm", "rm is not allowed here"), nil
//			}
//			return outrigger.Continue(), nil
//		})
//		outrigger.Serve()
//	}
//
// Each event has a goroutine of its own. What a handler returns as an error, or panics with, fails that event only. stdout belongs
// to the wire: what the plugin prints goes to stderr, which is its log. A goroutine that a handler starts is beyond the package's
// reach: a panic there ends the process, as in any Go program.
package outrigger
