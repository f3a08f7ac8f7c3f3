package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"emrguard/internal/awsapi"
	"emrguard/internal/config"
)

// SimulatorClock returns a clock for a simulator: it starts at start or, if that is zero, at the simulator's own present time,
// and runs speed times faster than real time. It is refused, for all scopes at once, unless every endpoint is on this machine,
// and if the simulator says that it runs at another speed. What answers without a clock of emrguard's simulator counts from the
// real time.
func SimulatorClock(ctx context.Context, cfg *config.Config, start time.Time, speed float64, version string) (*Clock, error) {
	var errs []error
	var endpoint string
	for _, s := range cfg.Scopes {
		c, err := awsapi.New(ctx, ScopeOptions(s, version))
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("scope %s: %w", s.Name, err))
		case !c.Loopback():
			errs = append(errs, fmt.Errorf("scope %s: %w", s.Name, errNotLoopback))
		default:
			endpoint = c.Endpoint()
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if !start.IsZero() {
		return NewClock(start, speed)
	}
	page, err := askClock(ctx, endpoint)
	if err != nil {
		return nil, err
	}
	if page.Manual {
		return nil, fmt.Errorf("the simulator at %s has a clock that is moved by hand; no daemon can follow it", endpoint)
	}
	if page.Speed != 0 && page.Speed != speed {
		return nil, fmt.Errorf("the simulator at %s runs %g times faster than real time; use --speed %g", endpoint, page.Speed, page.Speed)
	}
	return NewClock(page.Now, speed)
}

// SimulatorNow is the present time of emrguard's simulator, if all scopes of cfg have an endpoint on this machine and the first of them is
// one. Commands beside a guard that follows a simulator take it for theirs: by the wall clock, that guard's lease may be long over.
func SimulatorNow(ctx context.Context, cfg *config.Config) (time.Time, bool) {
	for _, s := range cfg.Scopes {
		if s.Endpoint == "" || !awsapi.IsLoopback(s.Endpoint) {
			return time.Time{}, false
		}
	}
	if len(cfg.Scopes) == 0 {
		return time.Time{}, false
	}
	page, err := askClock(ctx, cfg.Scopes[0].Endpoint)
	return page.Now, err == nil && page.Simulated
}

// clockPage is what emrguard's simulator says of its time.
type clockPage struct {
	Now    time.Time `json:"now"`
	Speed  float64   `json:"speed"`
	Manual bool      `json:"manual"`
	// Simulated is false if what answered is no simulator of emrguard's: then Now is the real time.
	Simulated bool `json:"-"`
}

// clockTimeout bounds the question, in real time.
const clockTimeout = 5 * time.Second

// askClock asks a simulator for its time.
func askClock(ctx context.Context, endpoint string) (clockPage, error) {
	ctx, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(endpoint, "/")+"/_sim/clock", http.NoBody)
	if err != nil {
		return clockPage{}, fmt.Errorf("ask the simulator for its time: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return clockPage{}, fmt.Errorf("no simulator answers at %s: start emrguard sim first: %w", endpoint, err)
	}
	defer res.Body.Close() //nolint:errcheck // only read
	var page clockPage
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return clockPage{}, fmt.Errorf("ask the simulator at %s for its time: %w", endpoint, err)
	}
	if res.StatusCode != http.StatusOK || json.Unmarshal(body, &page) != nil || page.Now.IsZero() {
		return clockPage{Now: time.Now()}, nil
	}
	page.Simulated = true
	return page, nil
}
