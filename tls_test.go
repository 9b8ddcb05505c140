package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/gorilla/websocket"
)

// writeCertificate makes a certificate for this machine, and returns who
// believes in it.
func writeCertificate(t *testing.T, cert, key string, serial int64) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(made)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return pool
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	config := testConfig(t)
	config.TLS.Cert, config.TLS.Key, config.TLS.RedirectListen = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), "127.0.0.1:0"
	believes := writeCertificate(t, config.TLS.Cert, config.TLS.Key, 1)
	program := start(t, config)
	b := browse(t, program)
	b.http.Transport = &hearing{t, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: believes}, ForceAttemptHTTP2: true}}

	t.Run("[ASVS 12.2.1][ASVS 3.4.1] everything is served by HTTPS, and browsers are told to keep to it", func(t *testing.T) {
		if !strings.HasPrefix(program.URL(), "https://") {
			t.Fatalf("it serves at %s", program.URL())
		}
		a := b.send("GET", "/api/me", nil)
		if a.status != http.StatusOK || a.header.Get("Strict-Transport-Security") != "max-age=31536000" {
			t.Errorf("%d, %v", a.status, a.header)
		}
		if cookie := a.header.Get("Set-Cookie"); !strings.HasPrefix(cookie, "__Host-") || !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "; HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || strings.Contains(cookie, "Domain=") {
			t.Errorf("the cookie is %q", cookie)
		}
	})
	t.Run("[ASVS 4.4.1] sockets are encrypted too", func(t *testing.T) {
		document := b.create("One", "over TLS")
		dialer := websocket.Dialer{Subprotocols: []string{protocol.Subprotocol}, TLSClientConfig: &tls.Config{RootCAs: believes}}
		conn, _, err := dialer.DialContext(t.Context(), strings.Replace(program.URL(), "https", "wss", 1)+"/api/documents/"+document.ID+"/socket", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if err := conn.WriteMessage(websocket.TextMessage, protocol.AppendClient(nil, protocol.Hello{Protocol: 1})); err != nil {
			t.Fatal(err)
		}
		messages, err := receive(conn)
		if err != nil {
			t.Fatal(err)
		}
		if welcome, ok := messages[0].(protocol.Welcome); !ok || welcome.Document.Title != "One" {
			t.Errorf("the first message is %+v", messages[0])
		}
	})
	t.Run("[ASVS 12.1.1] old versions of TLS are refused", func(t *testing.T) {
		for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
			conn, err := tls.Dial("tcp", program.listener.Addr().String(), &tls.Config{RootCAs: believes, MinVersion: version, MaxVersion: version})
			if err == nil {
				_ = conn.Close()
				t.Errorf("version %#x was taken", version)
			}
		}
	})
	t.Run("[ASVS 4.1.2] plain HTTP is sent on, with nothing taken", func(t *testing.T) {
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		plain := "http://" + program.plainAt.Addr().String()
		response, err := client.Get(plain + "/d/x?y=1")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if at := response.Header.Get("Location"); response.StatusCode != http.StatusPermanentRedirect || at != program.URL()+"/d/x?y=1" {
			t.Errorf("%d to %s", response.StatusCode, at)
		}
		response, err = client.Post(plain+"/api/signin", "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("a sign-in without encryption: %d", response.StatusCode)
		}
		// Nor is the HTTPS port one for plain HTTP.
		if response, err := client.Get(strings.Replace(program.URL(), "https", "http", 1) + "/healthz"); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				t.Error("the port of HTTPS serves plain HTTP")
			}
		}
	})
	t.Run("the health check needs no name in the certificate", func(t *testing.T) {
		if err := (&healthcheckCommand{URL: program.URL()}).Run(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestCertificateIsRenewed(t *testing.T) {
	dir := t.TempDir()
	c := &certificate{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), logger: slog.New(slog.DiscardHandler)}
	clock := time.Now()
	c.now = func() time.Time { return clock }
	writeCertificate(t, c.cert, c.key, 1)
	if err := c.read(); err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		t.Helper()
		clock = clock.Add(certificateRead)
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.SerialNumber.Int64()
	}
	stamp := func(at time.Time) {
		t.Helper()
		if err := errors.Join(os.Chtimes(c.cert, at, at), os.Chtimes(c.key, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if serial() != 1 {
		t.Error("it is not the first")
	}
	writeCertificate(t, c.cert, c.key, 2)
	stamp(clock.Add(time.Minute))
	if serial() != 2 {
		t.Error("it was not renewed")
	}
	// Half written: the one before stays, and a look later finds the rest.
	other := filepath.Join(dir, "other.pem")
	writeCertificate(t, c.cert, other, 3)
	stamp(clock.Add(2 * time.Minute))
	if serial() != 2 {
		t.Error("a pair that does not fit was taken")
	}
	if err := os.Rename(other, c.key); err != nil {
		t.Fatal(err)
	}
	if serial() != 3 {
		t.Error("the whole pair was not found")
	}
}

func TestPlainHTTP(t *testing.T) {
	t.Run("[ASVS 12.2.1] a network is not served without encryption, unless somebody said so", func(t *testing.T) {
		for _, c := range []struct {
			tls     TLS
			listen  string
			proxied bool
			says    string // "" is taken
		}{
			{TLS{}, "127.0.0.1:8080", false, ""}, {TLS{}, "[::1]:8080", false, ""}, {TLS{}, "localhost:8080", false, ""}, {TLS{}, "", false, ""},
			{TLS{}, "0.0.0.0:8080", false, "--allow-plain-http"}, {TLS{}, ":8080", false, "--tls-cert"}, {TLS{}, "[::]:8080", false, "--acme-host"},
			{TLS{}, "192.0.2.1:8080", false, "--trusted-proxy"}, {TLS{}, "docs.example.org:8080", false, "without encryption"}, {TLS{}, "127.0.0.1.evil.example:80", false, "without encryption"},
			{TLS{}, "0.0.0.0:8080", true, ""}, {TLS{AllowPlainHTTP: true}, "0.0.0.0:8080", false, ""}, {TLS{Cert: "c", Key: "k"}, "0.0.0.0:443", false, ""}, {TLS{ACMEHost: []string{"x"}}, "0.0.0.0:443", false, ""},
			{TLS{Cert: "c"}, "0.0.0.0:443", false, "both"}, {TLS{Key: "k"}, "127.0.0.1:1", false, "both"}, {TLS{Cert: "c", Key: "k", ACMEHost: []string{"x"}}, "0.0.0.0:443", false, "choose one"},
			{TLS{RedirectListen: ":80"}, "127.0.0.1:1", false, "--redirect-listen"},
		} {
			err := c.tls.check(c.listen, c.proxied)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v on %q, behind a proxy %v: %v", c.tls, c.listen, c.proxied, err)
			}
		}
	})
	t.Run("an ACME authority is asked for the names that were given, and for no other", func(t *testing.T) {
		options := TLS{ACMEHost: []string{"docs.example.org"}}
		config, answer, err := options.config(t.TempDir(), slog.New(slog.DiscardHandler))
		if err != nil || answer == nil || config.MinVersion != tls.VersionTLS12 {
			t.Fatalf("%+v, %v", config, err)
		}
		if _, err := config.GetCertificate(&tls.ClientHelloInfo{ServerName: "evil.example.org"}); err == nil || !strings.Contains(err.Error(), "not configured") {
			t.Errorf("another name: %v", err)
		}
	})
}
