module soak-plugin

go 1.22

require github.com/outrigger-dev/outrigger/sdk/go v0.0.0

replace github.com/outrigger-dev/outrigger/sdk/go => ../../../../../sdk/go
