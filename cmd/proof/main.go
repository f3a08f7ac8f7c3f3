// Command proof plays worlds from seeds against the guard and says which property did not hold; see docs/proof.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"emrguard/internal/proof"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := proof.Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
