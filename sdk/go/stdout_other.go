//go:build !(aix || darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package outrigger

import "os"

// takeStdout cannot guard what children print: give them streams of their own.
func takeStdout() *os.File { return os.Stdout }
