package main

import (
	"errors"

	"github.com/coscribe/coscribe/server"
)

// newMailer makes what sends mail; nil if none is configured.
func newMailer(config *Config) (server.Mailer, error) {
	if config.SMTPAddress == "" {
		return nil, nil
	}
	if config.PublicURL == "" {
		return nil, errors.New("--smtp-address: mails have links in them; say with --public-url where they lead")
	}
	password, err := secretOf("--smtp-password-file", config.SMTPPasswordFile, "COSCRIBE_SMTP_PASSWORD")
	if err != nil {
		return nil, err
	}
	mailer := &server.SMTP{Address: config.SMTPAddress, From: config.SMTPFrom, User: config.SMTPUser, Password: password, TLS: config.SMTPTLS}
	if err := mailer.Check(); err != nil {
		return nil, inOption("--smtp-address", err)
	}
	return mailer, nil
}
