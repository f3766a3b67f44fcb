module github.com/outrigger-dev/outrigger/sdk/go

go 1.22
