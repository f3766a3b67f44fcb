package main

import (
	"strings"
	"testing"

	"github.com/outrigger-dev/outrigger/sdk/go"
	"github.com/outrigger-dev/outrigger/sdk/go/conda"
	"github.com/outrigger-dev/outrigger/sdk/go/outriggertest"
)

var testConfig = map[string]any{"targets": []string{"base", "prod", "/opt/shared"}}

// blocked is the reason for which a command line is refused; empty when it may run.
func blocked(t *testing.T, line string, env map[string]string) string {
	t.Helper()
	plugin := outrigger.New()
	outrigger.Handle(plugin, conda.PreCommandHook, guard)
	host := outriggertest.Start(t, plugin, outriggertest.Options{Config: testConfig})
	words := strings.Fields(line)
	answer, err := host.Call(conda.PreCommandHook, conda.PreCommand{Command: words[0], Args: words[1:], Cwd: "/home/ada", Env: env})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Violation == nil {
		return ""
	}
	if answer.Violation.Code != "PROTECTED" {
		t.Errorf("code %q", answer.Violation.Code)
	}
	return answer.Violation.Reason
}

func TestBlocks(t *testing.T) {
	for _, line := range []string{
		"install -n base numpy", "install numpy -n base", "install -nbase numpy", "install -n=base numpy", "install -yn base numpy",
		"install --name base numpy", "install --name=prod", "install --na prod", "create -n prod", "update --all -n prod",
		"remove -n prod --all", "uninstall -n prod x", "rename -n prod other", "env_remove -n prod", "env_update -n prod",
		"install -p /opt/shared x", "install --prefix=/opt/./shared/ x", "install -p ../../opt/shared x", "install --pref /opt/shared",
		"install -p /somewhere/envs/prod x", "conda install -n base x", "conda -v install -n base x", "conda env remove -n prod",
		"mamba update -n prod --all", "install -n mine -n base x",
	} {
		if blocked(t, line, nil) == "" {
			t.Errorf("%q may run", line)
		}
	}
}

func TestLetsPass(t *testing.T) {
	t.Setenv("CONDA_DEFAULT_ENV", "mine")
	for _, line := range []string{
		"install -n mine base", "install -n basement x", "install -c base -n mine x", "install -cn base-x -n mine", "create -n new --clone base",
		"install -p ./env prod", "install -p /opt/shared/inner x", "list -n base", "run -n base python", "conda list -n base",
		"conda env list", "install --no-deps x", "install --no base x", "conda", "conda --version",
	} {
		if reason := blocked(t, line, nil); reason != "" {
			t.Errorf("%q is refused: %s", line, reason)
		}
	}
}

func TestActiveEnvironment(t *testing.T) {
	t.Setenv("CONDA_DEFAULT_ENV", "")
	t.Setenv("CONDA_PREFIX", "")
	if want, reason := `Cannot install: the environment "base" is protected`, blocked(t, "install x", nil); reason != want {
		t.Errorf("nobody says which: %q", reason)
	}
	t.Setenv("CONDA_PREFIX", "/opt/shared")
	if blocked(t, "install x", nil) == "" {
		t.Error("the active one is protected by its path")
	}
	if blocked(t, "install x", map[string]string{"CONDA_PREFIX": "/home/ada/env"}) != "" {
		t.Error("a plugin before chose another")
	}
}
