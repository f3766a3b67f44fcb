package outrigger

import "fmt"

// ServiceError says that the host refused a request, or that a service failed.
type ServiceError struct {
	// Code is a stable name such as PERMISSION_DENIED or QUOTA_EXCEEDED.
	Code string
	// Number is the JSON-RPC error number.
	Number  int
	Message string
}

func (e *ServiceError) Error() string { return fmt.Sprintf("%s (%s)", e.Message, e.Code) }

const (
	numberParseError     = -32700
	numberRequestInvalid = -32600
	numberMethodUnknown  = -32601
	numberParamsInvalid  = -32602
	numberInternal       = -32603
	numberProtocol       = -32002
	numberBusy           = -32003
	numberTooLarge       = -32007
	numberStopped        = -32010
	numberCancelled      = -32800
)

// wireError is an error answer with a number of its own; any other error is answered with −32603.
type wireError struct {
	number  int
	code    string
	message string
}

func (e *wireError) Error() string { return e.message }

// panicked is what a handler panicked with.
type panicked struct {
	cause any
	stack string
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.cause) }
