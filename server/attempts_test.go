package server

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestAttempts(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fresh := func() *attempts {
		a := newAttempts()
		a.now = func() time.Time { return now }
		return a
	}
	here, there := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	t.Run("[ASVS 6.3.1] tries become slow, and slower", func(t *testing.T) {
		a := fresh()
		passed, last := 0, time.Duration(0)
		for end := now.Add(time.Hour); now.Before(end); {
			wait, _ := a.begin(attemptKeys("signin", "ada@example.org", here, ""))
			if wait == 0 {
				passed++
				continue
			}
			if wait < last {
				t.Fatalf("the delay fell from %s to %s", last, wait)
			}
			last = wait
			now = now.Add(wait)
		}
		if passed > 20 || last != longestDelay {
			t.Errorf("%d tries in an hour, the last delay was %s", passed, last)
		}
	})
	t.Run("[ASVS 6.3.1] many addresses guess at one account", func(t *testing.T) {
		a := fresh()
		passed := 0
		for i := range 1000 {
			if wait, _ := a.begin(attemptKeys("signin", "ada@example.org", netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), "")); wait == 0 {
				passed++
			} else if wait > longestAccount {
				t.Fatalf("the account is locked for %s", wait)
			}
		}
		if passed > freeForAccount+1 {
			t.Errorf("%d tries passed", passed)
		}
		if wait, _ := a.begin(attemptKeys("signin", "ada@example.org", there, "her browser")); wait > 0 {
			t.Errorf("her own browser has to wait %s", wait)
		}
	})
	t.Run("one address makes guests", func(t *testing.T) {
		a := fresh()
		made := 0
		for end := now.Add(time.Hour); now.Before(end); {
			wait, _ := a.begin(guestKeys(here))
			if wait == 0 {
				made++
				continue
			}
			if wait > longestGuests {
				t.Fatalf("people behind the address wait %s", wait)
			}
			now = now.Add(wait)
		}
		if made < freeGuests || made > freeGuests+70 {
			t.Errorf("%d guests in an hour", made)
		}
		if wait, _ := a.begin(guestKeys(there)); wait > 0 {
			t.Errorf("another address has to wait %s", wait)
		}
	})
	t.Run("one address guesses at many accounts", func(t *testing.T) {
		a := fresh()
		passed := 0
		for i := range 1000 {
			address := netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 15: byte(i)})
			if wait, _ := a.begin(attemptKeys("signin", fmt.Sprint(i), address, "")); wait == 0 {
				passed++
			}
		}
		if passed > freeFromAddress+1 {
			t.Errorf("%d tries passed", passed)
		}
	})
	t.Run("whoever is right begins anew", func(t *testing.T) {
		a := fresh()
		for range 100 {
			for range freeAttempts {
				keys := attemptKeys("signin", "ada@example.org", here, "")
				if wait, _ := a.begin(keys); wait > 0 {
					t.Fatalf("has to wait %s", wait)
				}
				a.forgive(keys)
			}
		}
	})
	t.Run("it is told once that somebody has to wait", func(t *testing.T) {
		a := fresh()
		told := 0
		for range 50 {
			if _, first := a.begin(attemptKeys("signin", "ada@example.org", here, "")); first {
				told++
			}
		}
		if told != 1 {
			t.Errorf("told %d times", told)
		}
	})
	t.Run("[R5] what is remembered is bounded", func(t *testing.T) {
		a := fresh()
		for i := range maxAttemptKeys * 2 {
			a.begin(attemptKeys("signin", fmt.Sprint(i), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), ""))
		}
		if n := len(a.keys); n > maxAttemptKeys+3 {
			t.Errorf("%d keys", n)
		}
	})
}
