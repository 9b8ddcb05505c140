package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// While strangers send slowly, in part, too deep, too much and with offers that
// nobody takes, somebody writes as if nothing were: each of their changes is
// committed, and nothing else is (laws R5, R6, P2).
func TestStrangersCostLittle(t *testing.T) {
	program := start(t, testConfig(t))
	writer := browse(t, program)
	d := writer.create("Calm", "")
	address := program.listener.Addr().String()
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	say := func(conn net.Conn, format string, args ...any) {
		t.Helper()
		if _, err := fmt.Fprintf(conn, format, args...); err != nil {
			t.Fatal(err)
		}
	}
	upgrade := "GET /api/documents/" + d.ID + "/socket HTTP/1.1\r\nHost: " + address + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: coscribe.v1\r\n"
	for range 40 {
		say(dial(), "GET /api/me HTTP/1.1\r\nHost: x\r\nX-Slow: ")                                                                                                // headers that do not end
		say(dial(), "POST /api/documents/%s/changes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"delta\":[", d.ID)     // a body that does not
		say(dial(), "POST /api/signin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"mai\r\n")                // in pieces
		say(dial(), "POST /api/documents/%s/poll HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"connection\":null", d.ID) // a poll
		_ = dial()                                                                                                                                                // nothing at all
	}
	for range 20 {
		conn := dial()
		say(conn, "%sSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame\r\n\r\n", upgrade)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Sec-WebSocket-Extensions") != "" {
			t.Errorf("[ASVS 15.2.2] %d, and the extensions %q are taken", response.StatusCode, response.Header.Get("Sec-WebSocket-Extensions"))
		}
		// The frame's first bit says compressed; it is no hello, whatever is in it.
		say(conn, "\xc1\x85\x00\x00\x00\x00hello")
	}
	if program.http.ReadHeaderTimeout <= 0 || program.http.ReadHeaderTimeout > headerWait || program.http.MaxHeaderBytes != headerBytes {
		t.Errorf("[P2] headers may take %s and %d bytes", program.http.ReadHeaderTimeout, program.http.MaxHeaderBytes)
	}

	bombs := map[string]string{
		"deep lists":      `{"delta":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		"deep objects":    `{"delta":[{"insert":` + strings.Repeat(`{"image":`, 50_000) + `1` + strings.Repeat("}", 50_000) + `}]}`,
		"10,001 ops":      `{"delta":[` + strings.Repeat(`{"insert":"a"},{"retain":1},`, 5_000) + `{"insert":"a"}]}`,
		"an op of 1 MiB":  `{"delta":[{"insert":"` + strings.Repeat("x", 1<<20) + `"}]}`,
		"twice a key":     `{"delta":[{"insert":"a","insert":"b"}]}`,
		"twice a mark":    `{"delta":[{"insert":"a","attributes":{"bold":true,"bold":null}}]}`,
		"a prototype":     `{"delta":[{"insert":"a","attributes":{"__proto__":true}}]}`,
		"a huge number":   `{"delta":[{"retain":1e400}]}`,
		"far beyond":      `{"delta":[{"retain":9007199254740993},{"insert":"x"}]}`,
		"nothing":         `{"delta":[]}`,
		"no list":         `{"delta":"` + strings.Repeat("x", 1000) + `"}`,
		"many attributes": `{"delta":[{"insert":"a","attributes":{` + strings.TrimSuffix(strings.Repeat(`"x":1,`, 10_000), ",") + `}}]}`,
	}
	stranger := browse(t, program)
	calm := int64(0)
	for name, body := range bombs {
		a := stranger.send("POST", "/api/documents/"+d.ID+"/changes", body)
		if a.status < 400 || a.status > 499 || len(a.body) > 2000 {
			t.Errorf("[D1][R5] %s: %d %.200s", name, a.status, a.body)
		}
		calm++
		if revision := writer.insert(d.ID, "calm "); revision != calm {
			t.Errorf("[R6] after %s the document stands at %d, want %d", name, revision, calm)
		}
	}
	if c := writer.content(d.ID, ""); c.Revision != calm || strings.Count(string(c.Content), "calm ") != int(calm) {
		t.Errorf("[R6] the document is %s", c.Content)
	}
}
