package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/coscribe/coscribe/collab"
	"github.com/coscribe/coscribe/persistence"
)

// ProxySignIn signs in whom a reverse proxy names in a header. The header counts
// only in requests that come from a trusted proxy's own address; anybody can
// write it elsewhere.
type ProxySignIn struct {
	UserHeader   string // who it is, never given to anybody else; required
	NameHeader   string // optional, as the others
	MailHeader   string
	GroupsHeader string // parted by commas
	Create       bool
	AdminGroup   string
}

// proxyIssuer is the issuer of identities by the proxy.
const proxyIssuer = "proxy"

func (p *ProxySignIn) voucher() voucher {
	return voucher{issuer: proxyIssuer, method: "proxy", create: p.Create, groups: p.GroupsHeader != "", adminGroup: p.AdminGroup}
}

// stranger is whom the proxy vouches for in a request; nil if it does not, or no
// proxy of ours sent it. A header that comes twice is nobody: one of the two may
// be the client's.
func (p *ProxySignIn) stranger(peers *Peers, r *http.Request) *stranger {
	if p == nil || !peers.Proxied(r) || len(r.Header.Values(p.UserHeader)) != 1 {
		return nil
	}
	who := &stranger{Subject: strings.TrimSpace(r.Header.Get(p.UserHeader))}
	if who.Subject == "" {
		return nil
	}
	who.Name = who.Subject
	if name := r.Header.Get(p.NameHeader); p.NameHeader != "" && name != "" {
		who.Name = name
	}
	if p.MailHeader != "" {
		who.Mail, _ = tidyMail(r.Header.Get(p.MailHeader))
	}
	if p.GroupsHeader != "" {
		for group := range strings.SplitSeq(strings.Join(r.Header.Values(p.GroupsHeader), ","), ",") {
			if group = strings.TrimSpace(group); group != "" {
				who.Groups = append(who.Groups, group)
			}
		}
	}
	return who
}

// byProxy signs in, as it comes by, a browser for which the proxy vouches: where
// it opens a page, and where that asks who it is. From then on it has a login as
// by any other way, which can be seen and ended.
func (s *Server) byProxy(next http.Handler) http.Handler {
	if s.config.Proxy == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := r.Method == http.MethodGet && (r.URL.Path == "/api/me" || !strings.HasPrefix(r.URL.Path, "/api/") && strings.Contains(r.Header.Get("Accept"), "text/html"))
		// A page may say why somebody did not come in.
		who := s.config.Proxy.stranger(s.config.Access.Peers, r)
		if !page || who == nil || r.URL.Path == "/signin" || r.Header.Get("Authorization") != "" {
			next.ServeHTTP(w, r)
			return
		}
		entered, err := s.enterByProxy(w, r, who)
		switch refused, ok := errors.AsType[*refusal](err); {
		case ok && r.URL.Path != "/api/me":
			s.failSignIn(w, r, refused.problem, refused.detail)
			return
		case ok:
			entered = r // nobody then
		case err != nil:
			s.writeProblem(w, r, err)
			return
		}
		next.ServeHTTP(w, entered)
	})
}

// enterByProxy makes a login for whom the proxy vouches, unless the browser has
// one of theirs. It returns the request as it is with that login.
func (s *Server) enterByProxy(w http.ResponseWriter, r *http.Request, who *stranger) (*http.Request, error) {
	by := s.config.Proxy.voucher()
	caller, err := s.identify(r)
	if err != nil {
		return nil, err
	}
	if caller.who.Kind == collab.KindUser {
		if user, err := s.config.People.UserByIdentity(r.Context(), by.issuer, who.Subject); err == nil && user.ID.String() == caller.who.User.ID {
			return r, nil
		}
	}
	ctx := context.WithValue(context.WithValue(r.Context(), requestKey{}, r), callerKey{}, caller)
	out, err := s.enterVouched(ctx, by, persistence.ID{}, who)
	if err != nil {
		return nil, err
	}
	entered := r.Clone(r.Context())
	entered.Header.Del("Cookie")
	for _, cookie := range out.SetCookie {
		http.SetCookie(w, cookie)
		entered.AddCookie(cookie)
	}
	for _, cookie := range r.Cookies() {
		if _, err := entered.Cookie(cookie.Name); err != nil {
			entered.AddCookie(cookie)
		}
	}
	return entered, nil
}
