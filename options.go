package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coscribe/coscribe/server"
)

// Config is everything an operator can choose; each field is a flag, an
// environment variable COSCRIBE_… and a line of help.
type Config struct {
	Listen        string   `default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Address to serve on (${default}); 0.0.0.0:8080 serves the network, port 0 takes a free one."`
	Data          string   `default:"./data" type:"path" placeholder:"DIR" help:"Data directory (${default}, made if absent)."`
	MetricsListen string   `default:"127.0.0.1:9090" placeholder:"ADDRESS" help:"Address of Prometheus metrics (${default}), or off. If it is taken the server runs without."`
	Access        string   `default:"link" enum:"open,link,members" help:"Who comes in: members and guests by share link (link), members only (members), or everybody who reaches the server, to edit everything (open), for a trusted network (${default})."`
	PublicURL     string   `placeholder:"URL" help:"Where people reach the server, such as https://docs.example.org: for links that are handed over or sent."`
	AllowedOrigin []string `placeholder:"ORIGIN" help:"Other web origins that may embed documents, such as https://wiki.example.org. Repeat the option, or part them by commas."`
	AllowedHost   []string `placeholder:"NAME" help:"Other names by which an open server may be reached without encryption, beside its address, names of this machine and network, and that of --public-url."`
	TrustedProxy  []string `placeholder:"ADDRESS" help:"Reverse proxies that are believed when they say for whom they ask, and the only ones from which the network is served without encryption: addresses or networks, such as 10.0.0.7 or 10.0.0.0/8."`
	ProxyHeaders  string   `default:"x-forwarded" enum:"x-forwarded,forwarded" help:"Which headers the trusted proxies write: X-Forwarded-For and X-Forwarded-Proto (x-forwarded), or the standard Forwarded of RFC 7239 (forwarded). The others are not read (${default})."`
	LogLevel      string   `default:"info" enum:"debug,info,warn,error" help:"debug, info, warn or error (${default})."`
	LogFormat     string   `default:"text" enum:"text,json" help:"text or json (${default})."`
	Limits        Limits   `embed:"" prefix:"limit-" group:"Limits, for those who need others (see docs/operations.md)"`
	TLS           TLS      `embed:"" group:"Encryption"`
	EmbedKeys     []string `type:"path" placeholder:"FILE" help:"Keys of an application that embeds documents by signed tokens; see docs/embedding.md. Repeat the option for more of them."`

	OIDCIssuer           string   `name:"oidc-issuer" env:"COSCRIBE_OIDC_ISSUER" placeholder:"URL" help:"Sign-in provider (OpenID Connect), such as https://id.example.org/realms/team; needs --public-url and --oidc-client-id."`
	OIDCClientID         string   `name:"oidc-client-id" env:"COSCRIBE_OIDC_CLIENT_ID" placeholder:"ID" help:"This server's name at the provider, where /api/signin/oidc/callback is to be registered."`
	OIDCClientSecretFile string   `name:"oidc-client-secret-file" env:"COSCRIBE_OIDC_CLIENT_SECRET_FILE" type:"path" placeholder:"FILE" help:"File with this server's secret at the provider, else COSCRIBE_OIDC_CLIENT_SECRET; none for a public client."`
	OIDCName             string   `name:"oidc-name" env:"COSCRIBE_OIDC_NAME" placeholder:"NAME" help:"What the sign-in page calls the provider (its host)."`
	OIDCScopes           []string `name:"oidc-scopes" env:"COSCRIBE_OIDC_SCOPES" default:"openid,profile,email" placeholder:"SCOPE" help:"What the provider is asked for (${default})."`
	OIDCCreate           bool     `name:"oidc-create" env:"COSCRIBE_OIDC_CREATE" default:"true" negatable:"" help:"Somebody who comes from the provider for the first time gets an account (${default})."`
	OIDCGroupsClaim      string   `name:"oidc-groups-claim" env:"COSCRIBE_OIDC_GROUPS_CLAIM" default:"groups" placeholder:"CLAIM" help:"Where the provider says somebody's groups: membership of groups with an external name follows it (${default})."`
	OIDCAdminGroup       string   `name:"oidc-admin-group" env:"COSCRIBE_OIDC_ADMIN_GROUP" placeholder:"GROUP" help:"The provider's group of administrators: who is one follows it, but for owners."`

	ProxyUserHeader   string `placeholder:"HEADER" help:"Header in which a trusted proxy says who somebody is, such as Remote-User: they are signed in by it. The proxy must remove it from what clients send; needs --trusted-proxy."`
	ProxyNameHeader   string `placeholder:"HEADER" help:"Header with their name, such as Remote-Name."`
	ProxyMailHeader   string `placeholder:"HEADER" help:"Header with their mail address, such as Remote-Email."`
	ProxyGroupsHeader string `placeholder:"HEADER" help:"Header with their groups, parted by commas, such as Remote-Groups: membership of groups with an external name follows it at each sign-in."`
	ProxyAdminGroup   string `placeholder:"GROUP" help:"The proxy's group of administrators: who is one follows it, but for owners."`
	ProxyCreate       bool   `default:"true" negatable:"" help:"Somebody whom the proxy names for the first time gets an account (${default})."`

	LoginIdle     time.Duration `default:"336h" placeholder:"TIME" help:"A login ends when it was not used for so long (${default})."`
	LoginAbsolute time.Duration `default:"2160h" placeholder:"TIME" help:"A login ends after so long in any case (${default})."`
	AuditKeep     time.Duration `default:"8760h" placeholder:"TIME" help:"Lines of the audit log are deleted after so long; 0 keeps them (${default})."`

	OwnerMail         string `placeholder:"MAIL" help:"Of the first owner, for an installation without a person; made at the first start, with the password of --owner-password-file or COSCRIBE_OWNER_PASSWORD."`
	OwnerName         string `default:"Owner" placeholder:"NAME" help:"The first owner's name (${default})."`
	OwnerPasswordFile string `type:"path" placeholder:"FILE" help:"File with the first owner's password."`

	SMTPAddress      string `name:"smtp-address" env:"COSCRIBE_SMTP_ADDRESS" placeholder:"HOST:PORT" help:"Mail server for invitations and forgotten passwords; needs --public-url. Without it their links are handed over by hand."`
	SMTPFrom         string `name:"smtp-from" env:"COSCRIBE_SMTP_FROM" placeholder:"MAIL" help:"Sender, such as Coscribe <coscribe@example.org>."`
	SMTPUser         string `name:"smtp-user" env:"COSCRIBE_SMTP_USER" placeholder:"NAME" help:"Name at the mail server, with the password of --smtp-password-file or COSCRIBE_SMTP_PASSWORD."`
	SMTPPasswordFile string `name:"smtp-password-file" env:"COSCRIBE_SMTP_PASSWORD_FILE" type:"path" placeholder:"FILE" help:"File with the password at the mail server."`
	SMTPTLS          string `name:"smtp-tls" env:"COSCRIBE_SMTP_TLS" default:"starttls" enum:"starttls,tls,none" help:"Encryption to the mail server: starttls, tls or none (${default})."`

	// Log is where the log goes; nil is standard error.
	Log io.Writer `kong:"-"`

	// Settings says which value each option has and where it came from; nil in
	// tests.
	Settings []server.Setting `kong:"-"`
	// Minute is how often a program does what it does every minute; zero: every
	// minute. Tests are in a hurry.
	Minute time.Duration `kong:"-"`
}

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
