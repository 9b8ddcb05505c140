package server

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/coscribe/coscribe/persistence"
)

// Cookies. Where the browser's connection is encrypted their names begin with
// __Host-, so that no other site of the domain and no plain page can set them.
const (
	LoginCookie = "coscribe"       // a login's secret
	GuestCookie = "coscribe_guest" // a guest's credential
	KnownCookie = "coscribe_known" // the mark of a browser that has signed in before
	hostPrefix  = "__Host-"
)

const (
	// maxLogins is how many of a user's logins are kept; the least used go.
	maxLogins = 50
	// maxAgent is how much of what a browser calls itself is kept, in bytes.
	maxAgent = 200
)

// cookie makes a cookie that scripts cannot read. life 0 removes it.
func (a *Accounts) cookie(r *http.Request, name, value string, life time.Duration) *http.Cookie {
	secure := a.Peers.Secure(r)
	if secure {
		name = hostPrefix + name
	}
	c := &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(life / time.Second), HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure}
	if life == 0 {
		c.MaxAge = -1
	}
	return c
}

// read is a cookie's value, "" if there is none. On an encrypted connection
// only the name counts that nobody else can set.
func (a *Accounts) read(r *http.Request, name string) string {
	if a.Peers.Secure(r) {
		name = hostPrefix + name
	}
	c, err := r.Cookie(name)
	if err != nil || len(c.Value) > 2048 {
		return ""
	}
	return c.Value
}

// newLogin makes a login of a user in a transaction: a new id and secret each
// time, whatever the browser had before.
func (a *Accounts) newLogin(edit persistence.PeopleEdit, r *http.Request, user persistence.ID, method string) (login persistence.Login, secret string, err error) {
	now := persistence.Micro(a.Now())
	secret, digest := newSecret()
	login = persistence.Login{
		ID: persistence.NewID(), User: user, Digest: digest, Method: method, Agent: agentOf(r), Address: addressText(a.Peers.Address(r)),
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(a.Absolute),
	}
	if err := edit.PutLogin(login); err != nil {
		return login, "", err
	}
	logins, err := edit.Logins(r.Context(), user)
	if err != nil {
		return login, "", err
	}
	for i := maxLogins; i < len(logins); i++ {
		if logins[i].ID == login.ID {
			continue
		}
		if err := edit.DeleteLogin(logins[i].ID); err != nil {
			return login, "", err
		}
	}
	return login, secret, nil
}

// agentOf is what a browser calls itself, shortened and harmless.
func agentOf(r *http.Request) string {
	agent := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == utf8.RuneError {
			return -1
		}
		return c
	}, r.UserAgent())
	for len(agent) > maxAgent {
		_, size := utf8.DecodeLastRuneInString(agent)
		agent = agent[:len(agent)-size]
	}
	return agent
}
