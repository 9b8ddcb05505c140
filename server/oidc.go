package server

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coscribe/coscribe/persistence"
	"golang.org/x/oauth2"
)

const (
	// roundTripLife is how long somebody may take at the sign-in provider.
	roundTripLife = 10 * time.Minute
	// providerWait bounds each request to the provider.
	providerWait = 10 * time.Second
	// providerRetry is how long after a failure the provider is asked anew.
	providerRetry = 3 * time.Second
	// maxReturned bounds the states that are remembered as used.
	maxReturned = 10_000
	// roundTripCookie binds a sign-in under way to the browser that began it.
	roundTripCookie = "coscribe_oidc"
)

// OIDCConfig says by which provider people sign in. Issuer, ClientID and the
// scope openid are required.
type OIDCConfig struct {
	Issuer       string // its address, https
	ClientID     string
	ClientSecret string // "" for a public client
	Name         string // as the page calls it; "" is the issuer's host
	Scopes       []string
	// Create lets somebody who signs in for the first time have an account.
	Create bool
	// GroupsClaim is where an ID token says in which of the provider's groups
	// somebody is; AdminGroup, unless "", is that of administrators.
	GroupsClaim string
	AdminGroup  string
}

// OIDC signs people in by OpenID Connect: authorization code with PKCE (RFC
// 9700), the provider's description read when it is first needed, so that a
// provider that is down stops nobody else. Any goroutine.
type OIDC struct {
	OIDCConfig
	client *http.Client
	now    func() time.Time

	mu       sync.Mutex // not held while the provider is asked
	provider *oidc.Provider
	failed   time.Time // of the last attempt
	asking   chan struct{}
	returned map[string]time.Time // states that came back
}

// NewOIDC checks the options. It asks the provider nothing yet.
func NewOIDC(config OIDCConfig) (*OIDC, error) {
	issuer, err := url.Parse(config.Issuer)
	if err != nil || issuer.Host == "" || issuer.RawQuery != "" || issuer.Fragment != "" || issuer.User != nil || issuer.Scheme != "https" && (issuer.Scheme != "http" || !isLoopback(issuer.Hostname())) {
		return nil, fmt.Errorf("%q is no issuer: write its https address, such as https://id.example.org/realms/team", config.Issuer)
	}
	if config.ClientID == "" {
		return nil, errors.New("give --oidc-client-id too, the name under which the provider knows this server")
	}
	if config.Name == "" {
		config.Name = issuer.Hostname()
	}
	if !slices.Contains(config.Scopes, oidc.ScopeOpenID) {
		return nil, errors.New("give openid among --oidc-scopes: without it a provider does not say who signed in")
	}
	return &OIDC{OIDCConfig: config, client: &http.Client{Timeout: providerWait}, now: time.Now, asking: make(chan struct{}, 1), returned: map[string]time.Time{}}, nil
}

func isLoopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

var errProviderDown = errors.New("the sign-in provider does not answer")

// discovered is the provider's description, read at the first need and then
// kept. One request at a time asks for it, and not right after a failure.
func (o *OIDC) discovered(ctx context.Context) (*oidc.Provider, error) {
	select {
	case o.asking <- struct{}{}:
		defer func() { <-o.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	o.mu.Lock()
	provider, failed := o.provider, o.failed
	o.mu.Unlock()
	if provider != nil {
		return provider, nil
	}
	if since := o.now().Sub(failed); since >= 0 && since < providerRetry {
		return nil, errProviderDown
	}
	// The provider keeps the context for reading keys later.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.Background(), o.client), o.Issuer)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.failed = o.now()
		return nil, fmt.Errorf("%w: %w", errProviderDown, err)
	}
	o.provider = provider
	return provider, nil
}

// roundTrip is what a browser carries to the provider and back, signed.
type roundTrip struct {
	State    string         `json:"state"`
	Nonce    string         `json:"nonce"`
	Verifier string         `json:"verifier"` // of PKCE
	Back     string         `json:"back"`
	Link     persistence.ID `json:"link"` // the account to link to; zero: none
	Until    int64          `json:"until"`
}

func randomText() string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(secret)
}

// seal signs a round trip for its cookie.
func (trip *roundTrip) seal(ring *Keyring) string {
	content, _ := json.Marshal(trip) // strings, numbers and an id
	text := base64.RawURLEncoding.EncodeToString(content)
	return text + "." + base64.RawURLEncoding.EncodeToString(ring.Sign("oidc "+text))
}

// unseal reads what seal has written, if it is not too old.
func unseal(ring *Keyring, sealed string, now time.Time) (*roundTrip, bool) {
	text, mac, _ := strings.Cut(sealed, ".")
	signed, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || !ring.Verify("oidc "+text, signed) {
		return nil, false
	}
	content, err := base64.RawURLEncoding.DecodeString(text)
	trip := new(roundTrip)
	if err != nil || json.Unmarshal(content, trip) != nil || now.Unix() >= trip.Until {
		return nil, false
	}
	return trip, true
}

// localPath is where to go after signing in: a path on this server, whatever
// was asked for.
func localPath(back string) string {
	parsed, err := url.Parse(back)
	if err != nil || !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || parsed.Host != "" || parsed.Scheme != "" ||
		strings.ContainsFunc(back, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }) {
		return "/"
	}
	return back
}

// once says whether a state comes back for the first time.
func (o *OIDC) once(state string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	if len(o.returned) >= maxReturned {
		for known, until := range o.returned {
			if now.After(until) {
				delete(o.returned, known)
			}
		}
	}
	if _, used := o.returned[state]; used {
		return false
	}
	// Somebody who fills it up must not keep others out: the provider takes each
	// code once, too.
	for known := range o.returned {
		if len(o.returned) < maxReturned {
			break
		}
		delete(o.returned, known)
	}
	o.returned[state] = now.Add(roundTripLife)
	return true
}

func (o *OIDC) voucher() voucher {
	return voucher{issuer: o.Issuer, method: "oidc", create: o.Create, groups: o.GroupsClaim != "", adminGroup: o.AdminGroup}
}

// oauth is the client's part of the protocol.
func (o *OIDC) oauth(provider *oidc.Provider, callback string) *oauth2.Config {
	return &oauth2.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, Endpoint: provider.Endpoint(), RedirectURL: callback, Scopes: o.Scopes}
}

// redeem changes the code for an ID token and reads that: signed by the
// provider, for this server and this sign-in, and not expired.
func (o *OIDC) redeem(ctx context.Context, trip *roundTrip, code, callback string) (*stranger, error) {
	provider, err := o.discovered(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, o.client), providerWait)
	defer cancel()
	answer, err := o.oauth(provider, callback).Exchange(ctx, code, oauth2.VerifierOption(trip.Verifier))
	if err != nil {
		return nil, fmt.Errorf("changing the code: %w", err)
	}
	raw, ok := answer.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("the answer has no ID token")
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: o.ClientID, Now: o.now}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("the ID token: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(trip.Nonce)) != 1 {
		return nil, errors.New("the ID token is of another sign-in: its nonce differs")
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(answer.AccessToken); err != nil {
			return nil, fmt.Errorf("the access token: %w", err)
		}
	}
	return o.read(token)
}

func (o *OIDC) read(token *oidc.IDToken) (*stranger, error) {
	var claims struct {
		AuthorizedParty string `json:"azp"`
		Name            string `json:"name"`
		Nickname        string `json:"preferred_username"`
		Mail            string `json:"email"`
		MailVerified    any    `json:"email_verified"` // some providers send text
	}
	var all map[string]any
	if err := errors.Join(token.Claims(&claims), token.Claims(&all)); err != nil {
		return nil, fmt.Errorf("the ID token's claims: %w", err)
	}
	if claims.AuthorizedParty != "" && claims.AuthorizedParty != o.ClientID || len(token.Audience) > 1 && claims.AuthorizedParty == "" {
		return nil, errors.New("the ID token was given to another client")
	}
	if token.Subject == "" {
		return nil, errors.New("the ID token has no subject")
	}
	who := &stranger{Subject: token.Subject, Name: claims.Name}
	if who.Name == "" {
		who.Name = claims.Nickname
	}
	if claims.MailVerified == true || claims.MailVerified == "true" {
		who.Mail, _ = tidyMail(claims.Mail)
	}
	if o.GroupsClaim != "" {
		switch groups := all[o.GroupsClaim].(type) {
		case string:
			who.Groups = []string{groups}
		case []any:
			for _, group := range groups {
				if name, ok := group.(string); ok {
					who.Groups = append(who.Groups, name)
				}
			}
		}
	}
	return who, nil
}
