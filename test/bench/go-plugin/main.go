// A host and a plugin on hashicorp/go-plugin, in one program. As a host it reads {"calls","inFlight","payload"} a line
// and prints the nanoseconds that many calls took; payloads are JSON on both sides.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/rpc"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const method = "/bench.Hooks/Call"
const maxMessage = 64 << 20

var handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "OUTRIGGER_BENCH", MagicCookieValue: "yes"}

type item struct {
	N    int    `json:"n"`
	Text string `json:"text"`
}

type payload struct {
	ID    string `json:"id"`
	Items []item `json:"items"`
}

// Hooks is what host and plugin agree on: JSON in, JSON out.
type Hooks interface {
	Call(request []byte) ([]byte, error)
}

type echo struct{}

func (echo) Call(request []byte) ([]byte, error) {
	var got payload
	if err := json.Unmarshal(request, &got); err != nil {
		return nil, err
	}
	return json.Marshal(got)
}

type netPlugin struct{}

func (netPlugin) Server(*plugin.MuxBroker) (interface{}, error) { return &netServer{echo{}}, nil }

func (netPlugin) Client(_ *plugin.MuxBroker, client *rpc.Client) (interface{}, error) {
	return &netClient{client}, nil
}

type netServer struct{ hooks Hooks }

func (s *netServer) Call(request []byte, answer *[]byte) (err error) {
	*answer, err = s.hooks.Call(request)
	return err
}

type netClient struct{ client *rpc.Client }

func (c *netClient) Call(request []byte) (answer []byte, err error) {
	err = c.client.Call("Plugin.Call", request, &answer)
	return answer, err
}

type grpcPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (grpcPlugin) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.Hooks",
		HandlerType: (*Hooks)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Call", Handler: serveCall}},
	}, echo{})
	return nil
}

func serveCall(service interface{}, _ context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
	var in wrapperspb.BytesValue
	if err := decode(&in); err != nil {
		return nil, err
	}
	answer, err := service.(Hooks).Call(in.Value)
	return &wrapperspb.BytesValue{Value: answer}, err
}

func (grpcPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, connection *grpc.ClientConn) (interface{}, error) {
	return &grpcClient{connection}, nil
}

type grpcClient struct{ connection *grpc.ClientConn }

func (c *grpcClient) Call(request []byte) ([]byte, error) {
	var out wrapperspb.BytesValue
	err := c.connection.Invoke(context.Background(), method, &wrapperspb.BytesValue{Value: request}, &out)
	return out.Value, err
}

func plugins() map[int]plugin.PluginSet {
	kind := plugin.Plugin(netPlugin{})
	if os.Getenv("BENCH_KIND") == "grpc" {
		kind = grpcPlugin{}
	}
	return map[int]plugin.PluginSet{1: {"hooks": kind}}
}

func serve() {
	config := &plugin.ServeConfig{HandshakeConfig: handshake, VersionedPlugins: plugins(), Logger: hclog.NewNullLogger()}
	if os.Getenv("BENCH_KIND") == "grpc" {
		config.GRPCServer = func(options []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(options, grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))...)
		}
	}
	plugin.Serve(config)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "plugin" {
		serve()
		return
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: plugins(),
		Cmd:              exec.Command(os.Args[0], "plugin"),
		Logger:           hclog.NewNullLogger(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolNetRPC, plugin.ProtocolGRPC},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		},
	})
	defer client.Kill()
	if err := host(client); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func host(client *plugin.Client) error {
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("hooks")
	if err != nil {
		return err
	}
	fmt.Println("ready")
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return nil
		}
		var request struct {
			Calls    int     `json:"calls"`
			InFlight int     `json:"inFlight"`
			Payload  payload `json:"payload"`
		}
		if err := json.Unmarshal(line, &request); err != nil {
			return err
		}
		fmt.Println(measure(raw.(Hooks), request.Payload, request.Calls, max(request.InFlight, 1)).Nanoseconds())
	}
}

func measure(hooks Hooks, event payload, calls, inFlight int) time.Duration {
	var all sync.WaitGroup
	started := time.Now()
	for worker := 0; worker < inFlight; worker++ {
		share := calls / inFlight
		if worker < calls%inFlight {
			share++
		}
		all.Add(1)
		go func() {
			defer all.Done()
			for ; share > 0; share-- {
				one(hooks, event)
			}
		}()
	}
	all.Wait()
	return time.Since(started)
}

func one(hooks Hooks, event payload) {
	request, err := json.Marshal(event)
	if err == nil {
		var answer []byte
		if answer, err = hooks.Call(request); err == nil {
			var got payload
			err = json.Unmarshal(answer, &got)
		}
	}
	if err != nil {
		panic(err)
	}
}
