package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/server"
)

// checkConfig says what is wrong with options before anything is opened.
func checkConfig(config *Config) error {
	if err := server.CheckOrigins(config.AllowedOrigin); err != nil {
		return fmt.Errorf("--allowed-origin: %w", err)
	}
	if _, err := newPeers(config); err != nil {
		return err
	}
	if err := server.CheckHosts(config.AllowedHost); err != nil {
		return fmt.Errorf("--allowed-host: %w", err)
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
		return nil, fmt.Errorf("--trusted-proxy: %w", err)
	}
	return peers, nil
}

// secretOf reads a secret: from a file, else from an environment variable. It
// is never an option's value, which every user of the machine can read.
func secretOf(file, variable string) (string, error) {
	if file == "" {
		return os.Getenv(variable), nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// newMailer makes what sends mail; nil if none is configured.
func newMailer(config *Config) (server.Mailer, error) {
	if config.SMTPAddress == "" {
		return nil, nil
	}
	if config.PublicURL == "" {
		return nil, errors.New("--smtp-address: mails have links in them; say with --public-url where they lead")
	}
	password, err := secretOf(config.SMTPPasswordFile, "COSCRIBE_SMTP_PASSWORD")
	if err != nil {
		return nil, err
	}
	mailer := &server.SMTP{Address: config.SMTPAddress, From: config.SMTPFrom, User: config.SMTPUser, Password: password, TLS: config.SMTPTLS}
	if err := mailer.Check(); err != nil {
		return nil, fmt.Errorf("--smtp-address: %w", err)
	}
	return mailer, nil
}

// firstOwner makes the owner that the options name, if nobody owns the server.
func (p *Program) firstOwner(ctx context.Context) error {
	if p.Config.OwnerMail == "" {
		return nil
	}
	password, err := secretOf(p.Config.OwnerPasswordFile, "COSCRIBE_OWNER_PASSWORD")
	if err != nil {
		return err
	}
	if err := p.Server.FirstOwner(ctx, p.Config.OwnerName, p.Config.OwnerMail, password); err != nil {
		return fmt.Errorf("--owner-mail: %w", err)
	}
	return nil
}

// SetupLink is where the first owner comes in; "" when somebody owns the server,
// or everybody may come in anyway.
func (p *Program) SetupLink(ctx context.Context) (string, error) {
	base := p.Config.PublicURL
	if base == "" {
		base = p.URL()
	}
	return p.Server.SetupLink(ctx, base)
}

// minute is done every minute: rights that were lost unheard - an expired link,
// another mode, a database that was edited - end on open connections too.
func (p *Program) minute(ctx context.Context) {
	p.tidy(ctx)
	p.endLinks(ctx)
	if err := p.Hub.Recheck(ctx, p.access.Role); err != nil && !errors.Is(err, collab.ErrStopped) {
		p.logger.Warn("not everybody's rights were looked at again", "error", err)
	}
}

func (p *Program) endLinks(ctx context.Context) {
	if err := p.Server.EndLinks(ctx); err != nil && ctx.Err() == nil {
		p.logger.Warn("links that end soon were not looked for", "error", err)
	}
}

// between is the time between two looks: a minute, and less where a login that
// is not used ends sooner than that.
func (p *Program) between() time.Duration {
	if p.Config.Minute > 0 {
		return p.Config.Minute
	}
	if idle := p.Config.LoginIdle; idle > 0 {
		return min(time.Minute, max(idle/2, time.Second))
	}
	return time.Minute
}

// tidy writes down which logins were used, and deletes what expired.
func (p *Program) tidy(ctx context.Context) {
	var before time.Time
	if p.Config.AuditKeep > 0 {
		before = time.Now().Add(-p.Config.AuditKeep)
	}
	if err := errors.Join(p.access.Tidy(ctx, before), p.tokens.Tidy(ctx)); err != nil && ctx.Err() == nil {
		p.logger.Warn("what expired was not deleted", "error", err)
	}
}

// minutes calls a task every minute, or more often, and another one at the end.
type minutes struct {
	stop   chan struct{}
	done   chan struct{}
	ctx    context.Context // of the tasks; ends with giveUp
	giveUp context.CancelFunc
}

func every(between time.Duration, task, last func(ctx context.Context)) *minutes {
	m := &minutes{stop: make(chan struct{}), done: make(chan struct{})}
	m.ctx, m.giveUp = context.WithCancel(context.Background())
	go func() {
		defer close(m.done)
		tick := time.NewTicker(between)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				m.forMinute(task)
			case <-m.stop:
				m.forMinute(last)
				return
			}
		}
	}()
	return m
}

// forMinute calls a task that has a minute from now.
func (m *minutes) forMinute(task func(ctx context.Context)) {
	ctx, cancel := context.WithTimeout(m.ctx, time.Minute)
	defer cancel()
	task(ctx)
}

// end waits for what is being done and for the last task. When ctx ends first,
// they are cancelled: a disk that hangs holds no stop up.
func (m *minutes) end(ctx context.Context) {
	close(m.stop)
	defer context.AfterFunc(ctx, m.giveUp)()
	<-m.done
	m.giveUp()
}
