package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"emrguard/internal/config"
)

// defaultConfig is the configuration file when neither -c nor EMRGUARD_CONFIG names one.
const defaultConfig = "emrguard.yaml"

// fromEnv begins the name of a configuration that is the text of an environment variable. Its folder, where relative paths start, is the
// working directory.
const fromEnv = "env:"

// configFile is the value of -c.
type configFile struct {
	d    *Deps
	path string
}

// addConfigFlag gives a command -c/--config.
func addConfigFlag(cmd *cobra.Command, d *Deps) *configFile {
	c := &configFile{d: d}
	cmd.Flags().StringVarP(&c.path, "config", "c", "", "configuration `file`, or env:NAME for the text of a variable (default $EMRGUARD_CONFIG, else "+defaultConfig+")")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	return c
}

// Path is the file: the flag's, else EMRGUARD_CONFIG, else emrguard.yaml.
func (c *configFile) Path() string { return cmp.Or(c.path, c.d.Env("EMRGUARD_CONFIG"), defaultConfig) }

// Load reads and checks the file. Its errors end a command with exit code 2 and say what to do.
func (c *configFile) Load() (*config.Config, error) {
	cfg, _, err := c.LoadText()
	return cfg, err
}

// LoadText is Load with the bytes of the file.
func (c *configFile) LoadText() (*config.Config, []byte, error) {
	text, err := c.read()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, &exitError{exitUsage, &noConfigError{err}}
	case err != nil:
		return nil, nil, &exitError{exitUsage, err}
	}
	cfg, err := config.Parse(c.Path(), text)
	if err != nil {
		return nil, nil, &exitError{exitUsage, err}
	}
	return cfg, text, nil
}

// read returns the bytes of the file, or of the variable that stands for one.
func (c *configFile) read() ([]byte, error) {
	name, ok := strings.CutPrefix(c.Path(), fromEnv)
	if !ok {
		return config.Read(c.Path())
	}
	text := c.d.Env(name)
	if text == "" {
		return nil, fmt.Errorf("configuration: the environment variable %s is not set; it should hold the text of an emrguard.yaml", name)
	}
	return []byte(text), nil
}

// noConfigError says that there is no configuration file yet.
type noConfigError struct{ err error }

// Error implements error.
func (e *noConfigError) Error() string {
	return e.err.Error() + "; name the file with -c or EMRGUARD_CONFIG; emrguard check shows one to begin with"
}

// Unwrap returns what the file system said.
func (e *noConfigError) Unwrap() error { return e.err }
