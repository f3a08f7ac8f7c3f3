// Package app puts the parts of emrguard together and runs them: configuration, store, engine, clients and telemetry go in, a
// daemon that can be started, reloaded and stopped comes out.
//
// It decides nothing about clusters; that is the engine's and the guard's. One goroutine, App.Run's, owns the engine.
package app
