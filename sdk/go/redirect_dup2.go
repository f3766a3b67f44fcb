//go:build aix || darwin || dragonfly || freebsd || netbsd || openbsd

package outrigger

import "syscall"

func redirect(from, to int) error { return syscall.Dup2(from, to) }
