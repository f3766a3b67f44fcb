package main

import (
	"path/filepath"
	"strings"
)

// changing are the sub-commands that change an environment.
var changing = map[string]bool{
	"install": true, "create": true, "update": true, "upgrade": true, "remove": true, "uninstall": true, "rename": true,
	"env_create": true, "env_update": true, "env_remove": true,
}

// subcommand finds what a command line of conda does; an application that has conda inside names it as the command itself.
func subcommand(command string, args []string) string {
	words := make([]string, 0, 2)
	for _, arg := range args {
		if len(words) < 2 && !strings.HasPrefix(arg, "-") {
			words = append(words, arg)
		}
	}
	switch {
	case command != "conda" && command != "mamba" && command != "micromamba":
		return command
	case len(words) == 2 && words[0] == "env":
		return "env_" + words[1]
	case len(words) > 0:
		return words[0]
	}
	return ""
}

// named gives all environments that options of a command line name, as argparse reads them: -n NAME, -yn NAME, -nNAME, --name=NAME,
// --prefix PATH, and long options cut short.
func named(args []string) (names, paths []string) {
	for i, arg := range args {
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		if arg == "--" {
			break
		}
		switch option, value := split(arg, next); option {
		case 'n':
			names = append(names, value)
		case 'p':
			paths = append(paths, value)
		}
	}
	return names, paths
}

// split reads one word of a command line: 'n' or 'p' and the value when it names an environment, else 0.
func split(arg, next string) (option byte, value string) {
	if strings.HasPrefix(arg, "--") {
		long, attached, isAttached := strings.Cut(arg, "=")
		if isAttached {
			next = attached
		}
		switch {
		case len(long) >= len("--na") && strings.HasPrefix("--name", long):
			return 'n', next
		case len(long) >= len("--pr") && strings.HasPrefix("--prefix", long):
			return 'p', next
		}
		return 0, ""
	}
	if !strings.HasPrefix(arg, "-") {
		return 0, ""
	}
	for i := 1; i < len(arg); i++ {
		switch arg[i] {
		case 'n', 'p':
			if rest := arg[i+1:]; rest != "" {
				return arg[i], strings.TrimPrefix(rest, "=")
			}
			return arg[i], next
		case 'c', 'f', 's':
			// These take the rest of the word as their value.
			return 0, ""
		}
	}
	return 0, ""
}

// nameOf is the name of the environment in a folder: conda keeps those that have one in a folder "envs".
func nameOf(path string) string {
	if filepath.Base(filepath.Dir(path)) == "envs" {
		return filepath.Base(path)
	}
	return ""
}
