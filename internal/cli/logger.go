package cli

import (
	"log/slog"

	"emrguard/internal/config"
	"emrguard/internal/telemetry"
)

// logTo makes the log of a daemon on Stderr: text for a person, JSON for a machine, unless the configuration says.
func logTo(d *Deps, cfg config.Log, level *slog.LevelVar) *slog.Logger {
	setLevel(level, cfg.Level)
	format := telemetry.FormatJSON
	if cfg.Format == config.LogText || cfg.Format == config.LogAuto && d.IsTTY(d.Stderr) {
		format = telemetry.FormatText
	}
	return telemetry.NewLogger(d.Stderr, format, level)
}

// setLevel puts a configured level in force. The configuration was checked, so an unknown one cannot come.
func setLevel(level *slog.LevelVar, name config.LogLevel) {
	if l, err := telemetry.ParseLevel(string(name)); err == nil {
		level.Set(l)
	}
}
