package outrigger

import "context"

// Default is the plugin that [On], [Setup] and [Serve] speak of: one process is one plugin.
var Default = New()

// On gives the default plugin its handler of a hook point; see [Handle].
func On[P any](hook string, handler Handler[P]) { Handle(Default, hook, handler) }

// Setup gives the default plugin what runs once before its first event; see [Plugin.Setup].
func Setup(setup func(ctx context.Context, host *Host) error) { Default.Setup(setup) }

// Serve serves the default plugin on stdin and stdout; it does not return.
func Serve() { Default.Serve() }
