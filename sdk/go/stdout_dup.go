//go:build aix || darwin || dragonfly || freebsd || linux || netbsd || openbsd

package outrigger

import (
	"os"
	"syscall"
)

// takeStdout moves the wire to a descriptor that no child inherits, and lets descriptor 1 lead to stderr.
func takeStdout() *os.File {
	wire, err := syscall.Dup(1)
	if err != nil {
		return os.Stdout
	}
	syscall.CloseOnExec(wire)
	if err := redirect(2, 1); err != nil {
		_ = syscall.Close(wire)
		return os.Stdout
	}
	return os.NewFile(uintptr(wire), "wire")
}
