package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// authority is an ACME authority (RFC 8555) that checks what it is told: one
// account, one order at a time. It looks at the server's own answer before it
// signs anything.
type authority struct {
	t         *testing.T
	url       string
	challenge string // tls-alpn-01 or http-01
	look      func(keyAuthorization string) error

	mu      sync.Mutex
	nonces  map[string]bool
	account *jose.JSONWebKey
	name    string // that the order is for
	proven  bool
	issued  [][]byte // of the order, leaf first
	orders  int
	root    *x509.Certificate
	key     *ecdsa.PrivateKey
}

const acmeToken = "a-token-of-the-authority"

func newAuthority(t *testing.T, challenge string) *authority {
	t.Helper()
	a := &authority{t: t, challenge: challenge, nonces: map[string]bool{}}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	made, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err == nil {
		a.root, err = x509.ParseCertificate(made)
	}
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// looks says how to look at the server's answer.
func (a *authority) looks(look func(keyAuthorization string) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.look = look
}

// ordered is how many certificates were asked for.
func (a *authority) ordered() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.orders
}

// ServeHTTP implements http.Handler.
func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	nonce := randomNonce()
	a.nonces[nonce] = true
	w.Header().Set("Replay-Nonce", nonce)
	w.Header().Set("Cache-Control", "no-store")
	answer := func(status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	switch r.URL.Path {
	case "/directory":
		answer(http.StatusOK, map[string]any{"newNonce": a.url + "/nonce", "newAccount": a.url + "/accounts", "newOrder": a.url + "/orders", "revokeCert": a.url + "/revoke", "keyChange": a.url + "/key"})
		return
	case "/nonce":
		return
	}
	payload, err := a.read(r)
	if err != nil {
		a.t.Errorf("%s: %v", r.URL.Path, err)
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]any{"type": "urn:ietf:params:acme:error:malformed", "detail": err.Error()})
		return
	}
	switch r.URL.Path {
	case "/accounts":
		w.Header().Set("Location", a.url+"/accounts/1")
		answer(http.StatusCreated, map[string]any{"status": "valid"})
	case "/orders":
		var wanted struct {
			Identifiers []struct{ Type, Value string }
		}
		if err := json.Unmarshal(payload, &wanted); err != nil || len(wanted.Identifiers) != 1 || wanted.Identifiers[0].Type != "dns" {
			a.t.Errorf("an order of %s", payload)
		}
		a.name, a.proven, a.issued = wanted.Identifiers[0].Value, false, nil
		a.orders++
		w.Header().Set("Location", a.url+"/order")
		answer(http.StatusCreated, a.order())
	case "/order":
		answer(http.StatusOK, a.order())
	case "/authorization":
		answer(http.StatusOK, map[string]any{"status": a.state("pending", "valid"), "identifier": map[string]string{"type": "dns", "value": a.name}, "challenges": []any{a.challenged()}})
	case "/challenge":
		thumbprint, err := a.account.Thumbprint(crypto.SHA256)
		if err == nil {
			err = a.look(acmeToken + "." + base64.RawURLEncoding.EncodeToString(thumbprint))
		}
		if err != nil {
			a.t.Errorf("the server does not prove that it is %s: %v", a.name, err)
		}
		a.proven = err == nil
		answer(http.StatusOK, a.challenged())
	case "/finalize":
		if err := a.sign(payload); err != nil {
			a.t.Error(err)
		}
		w.Header().Set("Location", a.url+"/order")
		answer(http.StatusOK, a.order())
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		for _, certificate := range a.issued {
			_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: certificate})
		}
	default:
		answer(http.StatusNotFound, map[string]any{"type": "urn:ietf:params:acme:error:malformed"})
	}
}

func randomNonce() string {
	text := make([]byte, 16)
	_, _ = rand.Read(text)
	return base64.RawURLEncoding.EncodeToString(text)
}

func (a *authority) state(before, after string) string {
	if a.proven {
		return after
	}
	return before
}

func (a *authority) order() map[string]any {
	order := map[string]any{
		"status": a.state("pending", "ready"), "identifiers": []any{map[string]string{"type": "dns", "value": a.name}},
		"authorizations": []string{a.url + "/authorization"}, "finalize": a.url + "/finalize",
	}
	if a.issued != nil {
		order["status"], order["certificate"] = "valid", a.url+"/certificate"
	}
	return order
}

func (a *authority) challenged() map[string]any {
	return map[string]any{"type": a.challenge, "url": a.url + "/challenge", "token": acmeToken, "status": a.state("pending", "valid")}
}

// read checks a request's signature (RFC 8555, 6.2) and gives its payload.
func (a *authority) read(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	signed, err := jose.ParseSignedJSON(string(body), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err
	}
	header := signed.Signatures[0].Protected
	if !a.nonces[header.Nonce] {
		return nil, errors.New("the nonce is not one of ours, or was used")
	}
	delete(a.nonces, header.Nonce)
	if url := header.ExtraHeaders["url"]; url != a.url+r.URL.Path {
		return nil, fmt.Errorf("it is signed for %v", url)
	}
	key := a.account
	if r.URL.Path == "/accounts" {
		key = header.JSONWebKey
		a.account = key
	} else if header.KeyID != a.url+"/accounts/1" {
		return nil, fmt.Errorf("it is signed by %q", header.KeyID)
	}
	if key == nil {
		return nil, errors.New("nobody signed it")
	}
	return signed.Verify(key)
}

// sign makes the certificate that a request of the order asks for.
func (a *authority) sign(payload []byte) error {
	var wanted struct{ CSR string }
	if err := json.Unmarshal(payload, &wanted); err != nil {
		return err
	}
	text, err := base64.RawURLEncoding.DecodeString(wanted.CSR)
	if err != nil {
		return err
	}
	request, err := x509.ParseCertificateRequest(text)
	if err == nil {
		err = request.CheckSignature()
	}
	if err != nil {
		return err
	}
	if !a.proven || len(request.DNSNames) != 1 || request.DNSNames[0] != a.name {
		return fmt.Errorf("a certificate for %v was not ordered, or not proven", request.DNSNames)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(int64(a.orders) + 1), Subject: pkix.Name{CommonName: a.name}, DNSNames: []string{a.name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	made, err := x509.CreateCertificate(rand.Reader, template, a.root, request.PublicKey, a.key)
	a.issued = [][]byte{made, a.root.Raw}
	return err
}

// acmeIdentifier is the extension in which a server's answer to tls-alpn-01
// stands (RFC 8737, 3).
var acmeIdentifier = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}

// byTLS looks at the answer to tls-alpn-01.
func byTLS(address, name string) func(string) error {
	return func(keyAuthorization string) error {
		// What it shows is made by itself, and proves nothing but the name.
		conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		state := conn.ConnectionState()
		if state.NegotiatedProtocol != "acme-tls/1" || len(state.PeerCertificates) == 0 {
			return fmt.Errorf("it speaks %q", state.NegotiatedProtocol)
		}
		digest := sha256.Sum256([]byte(keyAuthorization))
		want, err := asn1.Marshal(digest[:])
		for _, extension := range state.PeerCertificates[0].Extensions {
			if extension.Id.Equal(acmeIdentifier) && extension.Critical && bytes.Equal(extension.Value, want) {
				return err
			}
		}
		return errors.Join(err, errors.New("the certificate does not have the authorization"))
	}
}

// byHTTP looks at the answer to http-01.
func byHTTP(address, name string) func(string) error {
	return func(keyAuthorization string) error {
		request, err := http.NewRequest("GET", "http://"+address+"/.well-known/acme-challenge/"+acmeToken, nil)
		if err != nil {
			return err
		}
		request.Host = name
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if string(body) != keyAuthorization {
			err = errors.Join(err, fmt.Errorf("the answer is %d %s", response.StatusCode, body))
		}
		return err
	}
}

func TestACME(t *testing.T) {
	const name = "docs.example.org"
	for _, challenge := range []string{"tls-alpn-01", "http-01"} {
		t.Run("[ASVS 12.2.2] a certificate is ordered, proven, issued, served and kept: "+challenge, func(t *testing.T) {
			a := newAuthority(t, challenge)
			config := testConfig(t)
			config.TLS = TLS{ACMEHost: []string{name}, ACMEMail: "operator@example.org", ACMEDirectory: a.url + "/directory"}
			if challenge == "http-01" {
				config.TLS.RedirectListen = "127.0.0.1:0"
			}
			visit := func(program *Program, name string) (*http.Response, error) {
				dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, program.listener.Addr().String())
				}
				client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: a.pool()}}}
				response, err := client.Get("https://" + name + "/healthz")
				if err == nil {
					_ = response.Body.Close()
				}
				return response, err
			}
			program, err := Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			stop := sync.OnceValue(program.Close)
			defer func() { _ = stop() }()
			if challenge == "http-01" {
				a.looks(byHTTP(program.plainAt.Addr().String(), name))
			} else {
				a.looks(byTLS(program.listener.Addr().String(), name))
			}
			response, err := visit(program, name)
			if err != nil || response.StatusCode != http.StatusOK || response.TLS.PeerCertificates[0].Issuer.CommonName != "authority" {
				t.Fatalf("%v, %v", response, err)
			}
			if response.Header.Get("Strict-Transport-Security") == "" {
				t.Error("browsers are not told to keep to HTTPS")
			}
			if _, err := visit(program, "evil.example.org"); err == nil {
				t.Error("a name that is not ours is served")
			}
			if n := a.ordered(); n != 1 {
				t.Errorf("%d certificates were ordered", n)
			}
			serial := response.TLS.PeerCertificates[0].SerialNumber
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			kept, err := filepath.Glob(filepath.Join(config.Data, "acme", name+"*"))
			if err != nil || len(kept) == 0 {
				t.Fatalf("nothing is kept: %v", err)
			}
			for _, file := range kept {
				if seen, err := os.Stat(file); err != nil || seen.Mode().Perm()&0o077 != 0 {
					t.Errorf("others can read %s: %v", filepath.Base(file), err)
				}
			}
			again := start(t, config)
			response, err = visit(again, name)
			if err != nil || response.TLS.PeerCertificates[0].SerialNumber.Cmp(serial) != 0 || a.ordered() != 1 {
				t.Errorf("after a restart: %v, %v; %d orders", response, err, a.ordered())
			}
		})
	}
}
