package main

import (
	"errors"

	"github.com/coscribe/coscribe/server"
)

// newOIDC makes the sign-in by a provider; nil if none is configured.
func newOIDC(config *Config) (*server.OIDC, error) {
	if config.OIDCIssuer == "" {
		return nil, nil
	}
	if config.PublicURL == "" {
		return nil, errors.New("--oidc-issuer: the provider sends people back here; say with --public-url where this server is reached")
	}
	secret, err := secretOf("--oidc-client-secret-file", config.OIDCClientSecretFile, "COSCRIBE_OIDC_CLIENT_SECRET")
	if err != nil {
		return nil, err
	}
	provider, err := server.NewOIDC(server.OIDCConfig{
		Issuer: config.OIDCIssuer, ClientID: config.OIDCClientID, ClientSecret: secret, Name: config.OIDCName, Scopes: config.OIDCScopes,
		Create: config.OIDCCreate, GroupsClaim: config.OIDCGroupsClaim, AdminGroup: config.OIDCAdminGroup,
	})
	return provider, inOption("--oidc-issuer", err)
}

// newProxySignIn makes the sign-in by a proxy's header; nil if none is named.
func newProxySignIn(config *Config) *server.ProxySignIn {
	if config.ProxyUserHeader == "" {
		return nil
	}
	return &server.ProxySignIn{
		UserHeader: config.ProxyUserHeader, NameHeader: config.ProxyNameHeader, MailHeader: config.ProxyMailHeader,
		GroupsHeader: config.ProxyGroupsHeader, Create: config.ProxyCreate, AdminGroup: config.ProxyAdminGroup,
	}
}
