package app

import (
	"context"

	"emrguard/internal/config"
	"emrguard/internal/store"
	"emrguard/internal/store/sqlite"
)

// OpenStore opens the store that a configuration names; the caller closes it. For writing, it is created where there is none; for
// reading only, that is store.ErrNotFound. The error says what is wrong with the file and what to do, and wraps the port's.
func OpenStore(ctx context.Context, cfg *config.Config, readOnly bool) (store.Store, error) {
	s, err := sqlite.Open(ctx, cfg.StorePath(), sqlite.Options{ReadOnly: readOnly})
	if err != nil {
		return nil, err
	}
	return s, nil
}
