package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/conda"
)

type config struct {
	Targets []string `json:"targets"`
}

func main() {
	outrigger.On(conda.PreCommandHook, guard)
	outrigger.Serve()
}

func guard(_ context.Context, ev *outrigger.Event[conda.PreCommand]) (outrigger.Answer, error) {
	var config config
	if err := ev.Config(&config); err != nil {
		return outrigger.Continue(), err
	}
	command := subcommand(ev.Payload.Command, ev.Payload.Args)
	if !changing[command] {
		return outrigger.Continue(), nil
	}
	for _, target := range targets(ev.Payload) {
		if slices.Contains(config.Targets, target) {
			return outrigger.Block("PROTECTED", fmt.Sprintf("Cannot %s: the environment %q is protected", command, target)), nil
		}
	}
	return outrigger.Continue(), nil
}

// targets are the environments a command is for, each by its path and its name where they are known.
func targets(payload conda.PreCommand) []string {
	names, paths := named(payload.Args)
	if len(names)+len(paths) == 0 {
		names, paths = active(payload.Env)
	}
	for _, path := range paths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(payload.Cwd, path)
		}
		path = filepath.Clean(path)
		names = append(names, path, nameOf(path))
	}
	return names
}

// active is the environment that is in force: what plugins set for the command counts before what the host has. Nobody
// says: conda takes base.
func active(env map[string]string) (names, paths []string) {
	lookup := func(variable string) string {
		if value := env[variable]; value != "" {
			return value
		}
		return os.Getenv(variable)
	}
	if name := lookup("CONDA_DEFAULT_ENV"); name != "" {
		names = append(names, name)
	}
	if path := lookup("CONDA_PREFIX"); path != "" {
		paths = append(paths, path)
	}
	if len(names)+len(paths) == 0 {
		names = append(names, "base")
	}
	return names, paths
}
