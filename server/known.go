package server

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/coscribe/coscribe/persistence"
)

// knownLife is how long a browser stays known after it signed in.
const knownLife = 365 * 24 * time.Hour

// knownBrowser is what the caller's browser shows of having signed in to an
// account before; "" if it has not. Its failures are counted apart, so that
// somebody who guesses an account's password from elsewhere cannot hold up the
// person whose it is.
func (s *Server) knownBrowser(r *http.Request, user persistence.ID) string {
	value := s.config.Access.read(r, KnownCookie)
	text, mac, _ := strings.Cut(value, ".")
	sum, err := base64.RawURLEncoding.DecodeString(mac)
	if err != nil || len(sum) == 0 || len(text) != 2*len(user.String()) || text[:len(user.String())] != user.String() || !s.browsers.Verify(text, sum) {
		return ""
	}
	return text
}

// knownCookie marks the browser as known to an account: its id and one of the
// browser's own, signed.
func (s *Server) knownCookie(r *http.Request, user persistence.ID) *http.Cookie {
	text := user.String() + persistence.NewID().String()
	return s.config.Access.cookie(r, KnownCookie, text+"."+base64.RawURLEncoding.EncodeToString(s.browsers.Sign(text)), knownLife)
}
