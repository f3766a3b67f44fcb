package outrigger

import "syscall"

// redirect is dup2, which some Linux platforms have only under its newer name.
func redirect(from, to int) error { return syscall.Dup3(from, to, 0) }
