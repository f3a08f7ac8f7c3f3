// Command emrguard repairs Amazon EMR instance groups that are stuck in a resize; main hands arguments and signals to the commands in internal/cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"emrguard/internal/cli"
)

func main() { os.Exit(run(cli.Process())) }

func run(d *cli.Deps) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return cli.Run(ctx, d, os.Args[1:])
}
