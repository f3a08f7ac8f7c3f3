// Package config loads, validates and explains emrguard.yaml.
package config
