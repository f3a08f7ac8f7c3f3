// Command proof plays worlds from seeds against the guard and says which property did not hold; see docs/proof.md.
package main

import (
	"context"
	"os"
	"os/signal"

	"emrguard/internal/proof"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(proof.Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
