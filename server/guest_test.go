package server

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/collab/transport"
	"github.com/coscribe/coscribe/persistence"
)

func testGuests(t *testing.T) (*Guests, *persistence.Memory) {
	t.Helper()
	store := persistence.NewMemory()
	guests, err := NewGuests(t.Context(), NewKeys(store), store)
	if err != nil {
		t.Fatal(err)
	}
	return guests, store
}

// testAccess is the access of a server on a store in memory.
func testAccess(t *testing.T, mode Mode) (*Accounts, *persistence.Memory) {
	t.Helper()
	guests, store := testGuests(t)
	return NewAccounts(AccessConfig{Mode: mode, People: store, Documents: store, Guests: guests}), store
}

func TestCredentialExpires(t *testing.T) {
	guests, _ := testGuests(t)
	user := newGuest()
	token, err := guests.credential(user)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := guests.read(token); err != nil || read.User != user {
		t.Fatalf("%+v, %v", read, err)
	}
	guests.now = func() time.Time { return time.Now().Add(guestLife + time.Hour) }
	if _, err := guests.read(token); err != transport.ErrTokenExpired {
		t.Errorf("after a year: %v", err)
	}
}

func TestResumeContinuesTheGuest(t *testing.T) {
	guests, store := testGuests(t)
	user := protocol.User{ID: persistence.NewID().String(), Name: "Ada", Color: "#1565c0"}
	document, client, epoch := persistence.NewID(), persistence.NewID(), persistence.NewID()
	now := persistence.Micro(time.Now())
	author := authorOf(user)
	err := store.Create(t.Context(), persistence.Document{ID: document, Title: "x", Head: persistence.Head{Epoch: epoch}, CreatedAt: now, CreatedBy: author}, nil)
	if err != nil {
		t.Fatal(err)
	}
	change := persistence.Change{Revision: 1, Client: client, Seq: 1, Author: author, At: now, Delta: []byte(`[{"insert":"x"}]`)}
	head := persistence.Head{Epoch: epoch, Hash: persistence.ChainStart(document, epoch)}
	change.Hash = persistence.ChainHash(head.Hash, document, epoch, &change)
	done := make(chan error, 1)
	store.Append(persistence.Batch{Document: document, Base: head, Changes: []persistence.Change{change},
		Clients: []persistence.ClientRow{{Client: client, User: author.ID, Seq: 1, Revision: 1, SeenAt: now}}}, func(err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	again, token, err := guests.welcome(t.Context(), document, &protocol.Resume{Client: client.String()})
	if err != nil || again.User != user || token == "" {
		t.Errorf("%+v, %v", again, err)
	}
	for name, resume := range map[string]*protocol.Resume{"unknown client": {Client: persistence.NewID().String()}, "no id": {Client: "x"}, "none": nil} {
		if other, _, err := guests.welcome(t.Context(), document, resume); err != nil || other.User.ID == user.ID || other.User.Name == "" {
			t.Errorf("%s: %+v, %v", name, other, err)
		}
	}
}

func TestNames(t *testing.T) {
	for range 100 {
		guest := newGuest()
		if n := utf8.RuneCountInString(guest.Name); n < 3 || n > maxName {
			t.Errorf("the name %q", guest.Name)
		}
	}
	for text, want := range map[string]string{" a b ": "a b", "é👩‍💻": "é👩‍💻", "a\tb": "", "a\u0000": "", "a\u202eb": "", "a\u2028b": "", "a\x9fb": ""} {
		if got, ok := tidy(text); ok != (want != "") || got != want {
			t.Errorf("tidy(%q) = %q, %v", text, got, ok)
		}
	}
}

func TestPeoplesNames(t *testing.T) {
	for text, want := range map[string]string{
		" Ada   Lovelace ": "Ada Lovelace", "Ada\u200bLovelace": "AdaLovelace", "A\u00add\ufeffa\u2060": "Ada", "e\u0301": "é", "Ada\u3164": "Ada",
		"👩\u200d💻": "👩\u200d💻", "❤\ufe0f": "❤\ufe0f", "می\u200cخواهم": "می\u200cخواهم", "क\u094d\u200dष": "क\u094d\u200dष",
		"A\u200dda": "Ada", "Ada\u200d": "Ada", "\u2800Ada": "Ada", "Ada\ufe0f": "Ada", "A\U000e0041da": "Ada",
		"": "", "\u200b": "", "a\u202eb": "", "a\u2066b": "", strings.Repeat("x", 81): "",
	} {
		if got, err := cleanName(text); (err != nil) != (want == "") || got != want {
			t.Errorf("%q is %q (%v), want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		" Ada@Example.ORG ": "ada@example.org", "a.b+c@example.org": "a.b+c@example.org", "ädä@example.org": "ädä@example.org",
		"": "", "ada": "", "ada@": "", "Ada <ada@example.org>": "", "a b@example.org": "", "ada@example.org, bo@example.org": "",
		"ada\u200b@example.org": "", "ada@example.org\r\nBcc: x@example.org": "", strings.Repeat("x", 250) + "@example.org": "",
	} {
		if got, ok := tidyMail(text); ok != (want != "") || got != want {
			t.Errorf("%q is %q (%v), want %q", text, got, ok, want)
		}
	}
}

func TestPaletteIsReadable(t *testing.T) {
	for _, color := range palette {
		// Contrast with white, WCAG 2.2, 1.4.3.
		var channel [3]float64
		for i := range channel {
			n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			if v := float64(n) / 255; v <= 0.04045 {
				channel[i] = v / 12.92
			} else {
				channel[i] = math.Pow((v+0.055)/1.055, 2.4)
			}
		}
		luminance := 0.2126*channel[0] + 0.7152*channel[1] + 0.0722*channel[2]
		if contrast := 1.05 / (luminance + 0.05); contrast < 4.5 {
			t.Errorf("%s has %.2f:1 against white, less than 4.5:1", color, contrast)
		}
	}
}
