package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coscribe/coscribe/persistence"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/oauth2-proxy/mockoidc"
)

// idProvider is a real provider in this process, which can lie.
type idProvider struct {
	*mockoidc.MockOIDC
	t   *testing.T
	mu  sync.Mutex
	lie func(claims map[string]any) any // changes the ID token's claims, and returns the key to sign with
}

// startProvider serves a provider whose users are in groups.
func startProvider(t *testing.T) *idProvider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mockoidc.NewServer(key)
	if err != nil {
		t.Fatal(err)
	}
	p := &idProvider{MockOIDC: m, t: t}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(m.AddMiddleware(p.falsify), m.Start(listener, nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Shutdown() })
	return p
}

// falsify changes the ID token of an answer.
func (p *idProvider) falsify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		lie := p.lie
		p.mu.Unlock()
		if lie == nil || !strings.HasSuffix(r.URL.Path, "/token") {
			next.ServeHTTP(w, r)
			return
		}
		kept := httptest.NewRecorder()
		next.ServeHTTP(kept, r)
		var answer map[string]any
		if json.Unmarshal(kept.Body.Bytes(), &answer) == nil && answer["id_token"] != nil {
			parsed, err := jwt.ParseSigned(answer["id_token"].(string), []jose.SignatureAlgorithm{jose.RS256})
			claims := map[string]any{}
			if err = errors.Join(err, parsed.UnsafeClaimsWithoutVerification(&claims)); err != nil {
				p.t.Error(err)
			}
			key := lie(claims)
			if key == nil {
				key = p.Keypair.PrivateKey
			}
			id, _ := p.Keypair.KeyID()
			algorithm := jose.RS256
			if _, secret := key.([]byte); secret {
				algorithm = jose.HS256
			}
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", id))
			if err != nil {
				p.t.Error(err)
				return
			}
			answer["id_token"], _ = jwt.Signed(signer).Claims(claims).Serialize()
			changed, _ := json.Marshal(answer)
			kept.Body = bytes.NewBuffer(changed)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	})
}

func (p *idProvider) lies(lie func(claims map[string]any) any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lie = lie
}

func (p *idProvider) person(subject, mail string, groups ...string) {
	p.QueueUser(&mockoidc.MockUser{Subject: subject, Email: mail, EmailVerified: true, PreferredUsername: "Name of " + subject, Groups: groups})
}

// federated is a server that signs in by the provider.
func federated(t *testing.T, p *idProvider, change func(*Config)) (*Program, *browser) {
	t.Helper()
	address := freeAddress(t) // to know it first
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(p.ClientSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return owned(t, func(c *Config) {
		c.Listen, c.PublicURL = address, "http://"+address
		c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecretFile = p.Issuer(), p.ClientID, secret
		c.OIDCCreate, c.OIDCGroupsClaim, c.OIDCScopes = true, "groups", []string{"openid", "profile", "email", "groups"}
		if change != nil {
			change(c)
		}
	})
}

// federate signs in by the provider and returns where that ended.
func (b *browser) federate(query string) *url.URL { return b.federateFrom("same-origin", query) }

func (b *browser) federateFrom(site, query string) *url.URL {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), "GET", b.url+"/api/signin/oidc"+query, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", site)
	response, err := b.http.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		b.t.Fatal(err)
	}
	return response.Request.URL
}

type meAnswer struct{ ID, Name, Mail, Standing string }

// me is who the browser is; nobody has no id.
func (b *browser) me() (me meAnswer) {
	b.t.Helper()
	a := b.send("GET", "/api/me", nil)
	if a.status == http.StatusOK {
		b.want(http.StatusOK, a, &me)
	}
	return me
}

func TestOIDC(t *testing.T) {
	p := startProvider(t)
	program, ada := federated(t, p, func(c *Config) { c.OIDCAdminGroup = "admins" })
	var subjects int
	fresh := func() string { subjects++; return strings.Repeat("s", subjects) }

	t.Run("a first sign-in makes an account, a second finds it, whatever its mail is called by then", func(t *testing.T) {
		ben := browse(t, program)
		subject := fresh()
		p.person(subject, "ben@example.org")
		if at := ben.federate("?back=/d/somewhere%3Fx=1"); at.Path != "/d/somewhere" || at.RawQuery != "x=1" {
			t.Errorf("it ended at %s", at)
		}
		first := ben.me()
		if first.Mail != "ben@example.org" || first.Standing != "member" || first.Name != "Name of "+subject {
			t.Errorf("they are %+v", first)
		}
		p.person(subject, "benjamin@example.org")
		again := browse(t, program)
		again.federate("")
		if again.me().ID != first.ID {
			t.Error("the second sign-in made another account")
		}
	})
	t.Run("[ASVS 10.5.2] a mail address alone does not give an account away", func(t *testing.T) {
		thief := browse(t, program)
		p.person(fresh(), "ada@example.org") // the owner's
		if at := thief.federate(""); at.Query().Get("problem") != "identity_taken" {
			t.Errorf("it ended at %s", at)
		}
		if me := thief.me(); me.ID != "" {
			t.Errorf("they are %+v", me)
		}
	})
	t.Run("an identity is linked to the account that is signed in, and then signs in to it", func(t *testing.T) {
		subject := fresh()
		for _, site := range []string{"cross-site", "same-site", "none", ""} {
			if at := ada.federateFrom(site, "?link=1&back=/"); at.Query().Get("problem") != "oidc_refused" {
				t.Errorf("[ASVS 10.2.1] another site (%q) began to link an identity: %s", site, at)
			}
		}
		p.person(subject, "ada.elsewhere@example.org")
		ada.federate("?link=1&back=/")
		owner := ada.me()
		if owner.Standing != "owner" {
			t.Fatalf("the owner is %+v", owner)
		}
		elsewhere := browse(t, program)
		p.person(subject, "ada.elsewhere@example.org")
		elsewhere.federate("")
		if elsewhere.me().ID != owner.ID {
			t.Error("it signs in to another account")
		}
		ben := browse(t, program)
		p.person(fresh(), "b@example.org")
		ben.federate("")
		p.person(subject, "x@example.org")
		if at := ben.federate("?link=1"); at.Query().Get("problem") != "identity_taken" {
			t.Errorf("somebody else's identity was linked: %s", at)
		}
	})
	t.Run("groups and standing follow the provider at each sign-in", func(t *testing.T) {
		group := persistence.Group{ID: persistence.NewID(), Name: "Writers", External: "cn=writers", CreatedAt: time.Now()}
		if err := program.Store.EditPeople(t.Context(), func(e persistence.PeopleEdit) error { return e.PutGroup(group) }); err != nil {
			t.Fatal(err)
		}
		subject := fresh()
		for _, step := range []struct {
			groups   []string
			standing string
			member   bool
		}{{[]string{"cn=writers", "admins"}, "admin", true}, {[]string{"cn=writers"}, "member", true}, {nil, "member", false}} {
			cleo := browse(t, program)
			p.person(subject, "cleo@example.org", step.groups...)
			cleo.federate("")
			me := cleo.me()
			members, err := program.Store.Members(t.Context(), group.ID)
			in := slices.ContainsFunc(members, func(u persistence.User) bool { return u.ID.String() == me.ID })
			if err != nil || me.Standing != step.standing || in != step.member {
				t.Errorf("in %v: %s, member of the group %v, %v", step.groups, me.Standing, in, err)
			}
		}
	})
	t.Run("a suspended account stays out", func(t *testing.T) {
		subject := fresh()
		dan := browse(t, program)
		p.person(subject, "dan@example.org")
		dan.federate("")
		ada.want(http.StatusOK, ada.send("PATCH", "/api/users/"+dan.me().ID, map[string]any{"suspended": true}), nil)
		p.person(subject, "dan@example.org")
		if at := dan.federate(""); at.Query().Get("problem") != "account_suspended" || dan.me().ID != "" {
			t.Errorf("it ended at %s", at)
		}
	})
	t.Run("[ASVS 3.7.2] one comes back to this server only", func(t *testing.T) {
		for _, back := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "/%09/evil.example\t", "", "d/x"} {
			b := browse(t, program)
			p.person(fresh(), "")
			if at := b.federate("?back=" + url.QueryEscape(back)); at.Host != strings.TrimPrefix(program.URL(), "http://") || at.Path != "/" && at.Path != "/%09/evil.example\t" {
				t.Errorf("back to %q ended at %s", back, at)
			}
		}
	})

	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, lie := range map[string]func(claims map[string]any) any{
		"[ASVS 10.5.1] another nonce":       func(c map[string]any) any { c["nonce"] = "x"; return nil },
		"[ASVS 10.5.1] no nonce":            func(c map[string]any) any { delete(c, "nonce"); return nil },
		"[ASVS 10.5.4] another audience":    func(c map[string]any) any { c["aud"] = "somebody-else"; return nil },
		"[ASVS 10.5.4] several audiences":   func(c map[string]any) any { c["aud"] = []string{p.ClientID, "somebody-else"}; return nil },
		"[ASVS 10.5.4] another party":       func(c map[string]any) any { c["azp"] = "somebody-else"; return nil },
		"[ASVS 10.5.3] another issuer":      func(c map[string]any) any { c["iss"] = "https://evil.example"; return nil },
		"[ASVS 9.2.1] expired":              func(c map[string]any) any { c["exp"] = time.Now().Add(-time.Hour).Unix(); return nil },
		"[ASVS 9.2.1] not yet good":         func(c map[string]any) any { c["nbf"] = time.Now().Add(time.Hour).Unix(); return nil },
		"[ASVS 6.8.2] signed by a stranger": func(map[string]any) any { return stranger },
		"[ASVS 9.1.2] signed by our secret": func(map[string]any) any { return []byte(p.ClientSecret + strings.Repeat("x", 32)) },
		"[ASVS 10.5.2] no subject":          func(c map[string]any) any { delete(c, "sub"); return nil },
		"another access token":              func(c map[string]any) any { c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"; return nil },
	} {
		t.Run("a provider that lies is refused: "+name, func(t *testing.T) {
			p.lies(lie)
			defer p.lies(nil)
			b := browse(t, program)
			p.person(fresh(), "")
			if at := b.federate(""); at.Query().Get("problem") != "oidc_refused" {
				t.Errorf("it ended at %s", at)
			}
			if me := b.me(); me.ID != "" {
				t.Errorf("they are %+v", me)
			}
		})
	}

	// callback goes to the provider, and returns where it sends the browser.
	callback := func(b *browser) string {
		t.Helper()
		stops := *b.http
		stops.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.Path, "/api/signin/oidc/callback") {
				return http.ErrUseLastResponse
			}
			return nil
		}
		response, err := stops.Get(b.url + "/api/signin/oidc")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.Header.Get("Location")
	}
	follow := func(b *browser, address string) *url.URL {
		t.Helper()
		response, err := b.http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.Request.URL
	}
	t.Run("[ASVS 10.1.2] a sign-in that another browser began is refused", func(t *testing.T) {
		evil, victim := browse(t, program), browse(t, program)
		p.person(fresh(), "")
		if at := follow(victim, callback(evil)); at.Query().Get("problem") != "oidc_refused" || victim.me().ID != "" {
			t.Errorf("it ended at %s", at)
		}
		// Nor does it help that the victim has one of their own under way.
		p.person(fresh(), "")
		callback(victim)
		p.person(fresh(), "")
		if at := follow(victim, callback(evil)); at.Query().Get("problem") != "oidc_refused" || victim.me().ID != "" {
			t.Errorf("it ended at %s", at)
		}
	})
	t.Run("[ASVS 10.1.2] a code or state that comes a second time is refused", func(t *testing.T) {
		b := browse(t, program)
		p.person(fresh(), "")
		address := callback(b)
		cookies := b.http.Jar.Cookies(must(t, b.url))
		if at := follow(b, address); at.Path != "/" || b.me().ID == "" {
			t.Fatalf("the first time it ended at %s", at)
		}
		if at := follow(b, address); at.Query().Get("problem") != "oidc_refused" {
			t.Errorf("the second time it ended at %s", at)
		}
		thief := browse(t, program)
		thief.http.Jar.SetCookies(must(t, b.url), cookies) // with the cookie of the first time
		if at := follow(thief, address); at.Query().Get("problem") != "oidc_refused" || thief.me().ID != "" {
			t.Errorf("with the old cookie it ended at %s", at)
		}
	})
	t.Run("a refusal of the provider, and a callback out of nowhere, end at the sign-in page", func(t *testing.T) {
		b := browse(t, program)
		for _, query := range []string{"", "?code=x&state=y", "?error=access_denied&state=y"} {
			if at := follow(b, b.url+"/api/signin/oidc/callback"+query); at.Path != "/signin" || at.Query().Get("problem") != "oidc_refused" {
				t.Errorf("%q ended at %s", query, at)
			}
		}
	})
	t.Run("[S8] signing in ends nothing of a browser that was signed in already, but gives it a new login", func(t *testing.T) {
		b := browse(t, program)
		subject := fresh()
		p.person(subject, "")
		b.federate("")
		before := b.http.Jar.Cookies(must(t, b.url))
		p.person(subject, "")
		b.federate("")
		old := browse(t, program)
		old.http.Jar.SetCookies(must(t, b.url), before)
		if old.me().ID != "" || b.me().ID == "" {
			t.Error("the login before is still good")
		}
	})
}

func must(t *testing.T, text string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestOIDCWithoutProvider(t *testing.T) {
	p := startProvider(t)
	issuer := p.Issuer()
	if err := p.Shutdown(); err != nil {
		t.Fatal(err)
	}
	program, ada := federated(t, p, func(c *Config) { c.OIDCCreate = false; c.OIDCIssuer = issuer })
	b := browse(t, program)
	t.Run("a provider that is down at the start stops nobody else", func(t *testing.T) {
		lines := ada.refusals(func() {
			if at := b.federate(""); at.Query().Get("problem") != "oidc_unavailable" {
				t.Errorf("it ended at %s", at)
			}
		})
		if len(lines) != 1 || lines[0].Action != "login.denied" || !strings.Contains(lines[0].Detail, "does not answer") {
			t.Errorf("[S8] the audit log has %+v", lines)
		}
		var methods struct {
			Password bool
			OIDC     *struct{ Name string }
		}
		b.want(http.StatusOK, b.send("GET", "/api/signin/methods", nil), &methods)
		if !methods.Password || methods.OIDC == nil || methods.OIDC.Name != "127.0.0.1" {
			t.Errorf("the methods are %+v", methods)
		}
	})
}
