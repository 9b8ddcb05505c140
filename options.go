package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/coscribe/coscribe/server"
)

// optionError is about an option: its value, or the file that it names.
type optionError struct {
	option string
	err    error
}

// Error implements error.
func (e *optionError) Error() string { return e.option + ": " + e.err.Error() }

// Unwrap serves errors.Is and errors.As.
func (e *optionError) Unwrap() error { return e.err }

// inOption says which option an error is about; nil stays nil.
func inOption(option string, err error) error {
	if err == nil {
		return nil
	}
	return &optionError{option, err}
}

// checkConfig says what is wrong with options before anything is opened.
func checkConfig(config *Config) error {
	if err := server.CheckOrigins(config.AllowedOrigin); err != nil {
		return inOption("--allowed-origin", err)
	}
	if _, err := newPeers(config); err != nil {
		return err
	}
	if err := server.CheckHosts(config.AllowedHost); err != nil {
		return inOption("--allowed-host", err)
	}
	if err := config.TLS.check(config.Listen, len(config.TrustedProxy) > 0); err != nil {
		return err
	}
	if config.ProxyUserHeader != "" && len(config.TrustedProxy) == 0 {
		return errors.New("--proxy-user-header: anybody could send it; say with --trusted-proxy from which addresses it is believed")
	}
	if config.PublicURL != "" {
		config.PublicURL = strings.TrimRight(config.PublicURL, "/")
		parsed, err := url.Parse(config.PublicURL)
		if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || parsed.Path != "" || parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil {
			return fmt.Errorf("--public-url: %q is no address of a server: write scheme and host, such as https://docs.example.org", config.PublicURL)
		}
	}
	if config.Access == "" {
		config.Access = string(server.ModeLink)
	}
	return nil
}

// newPeers reads who is believed of a request's way here.
func newPeers(config *Config) (*server.Peers, error) {
	peers, err := server.NewPeers(config.TrustedProxy, config.ProxyHeaders == "forwarded")
	if err != nil {
		return nil, inOption("--trusted-proxy", err)
	}
	return peers, nil
}

// secretOf reads a secret: from the file that an option names, else from an
// environment variable ("": none). It is never an option's value, which every
// user of the machine can read.
func secretOf(option, file, variable string) (string, error) {
	if file == "" {
		return os.Getenv(variable), nil
	}
	content, err := os.ReadFile(file)
	return strings.TrimRight(string(content), "\r\n"), inOption(option, err)
}
