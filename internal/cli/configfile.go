package cli

import (
	"cmp"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"emrguard/internal/config"
)

// defaultConfig is the configuration file when neither -c nor EMRGUARD_CONFIG names one.
const defaultConfig = "emrguard.yaml"

// configFile is the value of -c.
type configFile struct {
	d    *Deps
	path string
}

// addConfigFlag gives a command -c/--config.
func addConfigFlag(cmd *cobra.Command, d *Deps) *configFile {
	c := &configFile{d: d}
	cmd.Flags().StringVarP(&c.path, "config", "c", "", "configuration `file` (default $EMRGUARD_CONFIG, else "+defaultConfig+")")
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
	text, err := config.Read(c.Path())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, usageError("%w; name the file with -c or EMRGUARD_CONFIG, or begin with emrguard.example.yaml", err)
	case err != nil:
		return nil, nil, &exitError{exitUsage, err}
	}
	cfg, err := config.Parse(c.Path(), text)
	if err != nil {
		return nil, nil, &exitError{exitUsage, err}
	}
	return cfg, text, nil
}
