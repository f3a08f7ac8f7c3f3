package sink

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// The limits of a secret, in bytes.
const (
	minSecret = 16
	maxSecret = 4096
)

// secret reads a secret from the file or the variable that is named; empty when neither is. Errors name the place, never the value.
func (o Options) secret(file, variable string) (string, error) {
	switch {
	case file != "":
		return o.secretFile(o.Path(file))
	case variable != "":
		value := strings.TrimSpace(o.Env(variable))
		if value == "" {
			return "", fmt.Errorf("the environment variable %s is not set", variable)
		}
		return plain(value, "the environment variable "+variable)
	}
	return "", nil
}

func (o Options) secretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("%s is open to everybody (mode %04o); chmod 600 it", path, info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+3))
	if err != nil {
		return "", err
	}
	return plain(strings.TrimRight(string(data), "\r\n"), path)
}

// plain refuses what is surely no secret on one line.
func plain(value, where string) (string, error) {
	switch {
	case value == "":
		return "", errors.New(where + " is empty")
	case len(value) > maxSecret:
		return "", fmt.Errorf("%s holds more than %d bytes", where, maxSecret)
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", errors.New(where + " holds more than one line of text")
	}
	return value, nil
}
