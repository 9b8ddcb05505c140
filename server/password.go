package server

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Bounds of passwords in characters (ASVS 5.0, 6.2.1 and 6.2.9: at least 8,
// and 64 and more allowed). No rule says which characters (6.2.5).
const (
	minPassword = 12
	maxPassword = 256
)

// Cost of a hash: OWASP's lowest recommendation for argon2id, about 30 ms on a
// small server. hashesAtOnce bounds what all of them need together to 38 MiB;
// hashesWaiting is how many more may wait for their turn.
const (
	hashMemory    = 19 << 10 // KiB
	hashRounds    = 2
	hashThreads   = 1
	hashBytes     = 32
	saltBytes     = 16
	hashesAtOnce  = 2
	hashesWaiting = 64
)

// errBusy: too many passwords wait to be checked.
var errBusy = errors.New("too many passwords wait to be checked")

// passwords hashes and checks passwords, a few at a time. Any goroutine.
type passwords struct {
	turn    chan struct{} // full: hashesAtOnce are at work
	waiting chan struct{}
	// nobody is a hash that no password has: it is checked for accounts that
	// there are not, so that an answer takes as long.
	nobody string
}

// newPasswords makes it ready.
func newPasswords() *passwords {
	p := &passwords{turn: make(chan struct{}, hashesAtOnce), waiting: make(chan struct{}, hashesWaiting)}
	p.nobody = phc(make([]byte, saltBytes), make([]byte, hashBytes))
	return p
}

// enter waits for a turn; the caller must leave.
func (p *passwords) enter(ctx context.Context) error {
	select {
	case p.waiting <- struct{}{}:
		defer func() { <-p.waiting }()
	default:
		return errBusy
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *passwords) leave() { <-p.turn }

// Hash makes the salted hash of a password, in PHC form.
func (p *passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.enter(ctx); err != nil {
		return "", err
	}
	defer p.leave()
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails since Go 1.24
	return phc(salt, derive(password, salt, hashMemory, hashRounds, hashThreads, hashBytes)), nil
}

func derive(password string, salt []byte, memory, rounds uint32, threads uint8, length uint32) []byte {
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, rounds, memory, threads, length)
}

func phc(salt, hash []byte) string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashRounds, hashThreads, encode(salt), encode(hash))
}

// Check compares a password with a hash; "" is the hash of nobody, which takes
// as long and never fits. stale says that the hash was made at another cost,
// and is to be made anew.
func (p *passwords) Check(ctx context.Context, hash, password string) (good, stale bool, err error) {
	known := hash != ""
	if !known {
		hash = p.nobody
	}
	if utf8.RuneCountInString(password) > maxPassword {
		return false, false, nil
	}
	var version int
	var memory, rounds uint32
	var threads uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, false, errors.New("a password's hash is in no form that is known")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &rounds, &threads); err != nil || version != argon2.Version || rounds == 0 || threads == 0 || memory > 1<<20 {
		return false, false, errors.New("a password's hash is in no form that is known")
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, false, err
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) == 0 {
		return false, false, errors.New("a password's hash is in no form that is known")
	}
	if err := p.enter(ctx); err != nil {
		return false, false, err
	}
	defer p.leave()
	got := derive(password, salt, memory, rounds, threads, uint32(len(want)))
	good = subtle.ConstantTimeCompare(got, want) == 1 && known
	return good, good && (memory != hashMemory || rounds != hashRounds || threads != hashThreads), nil
}

//go:embed common.txt
var commonText string

// common are the words that common passwords are made of (ASVS 5.0, 6.2.4).
var common = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(commonText) {
		words[word] = true
	}
	return words
})

// invalidPassword says what is wrong with a new password, or nil. about are
// words that it must not be made of: the person's own name and mail.
func invalidPassword(password string, about ...string) error {
	refuse := func(format string, args ...any) error {
		return newProblem(http.StatusBadRequest, "invalid_password", format, args...)
	}
	if !utf8.ValidString(password) {
		return refuse("The password is not text; choose another.")
	}
	switch length := utf8.RuneCountInString(password); {
	case length < minPassword:
		return refuse("A password has at least %d characters; a few words that you remember will do.", minPassword)
	case length > maxPassword:
		return refuse("A password has at most %d characters.", maxPassword)
	}
	own := map[string]bool{}
	for _, text := range append(about, "coscribe") {
		for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(word) >= shortestWord {
				own[plain(word)] = true
			}
		}
	}
	if guessable(password, own) {
		return refuse("This password is among the first that are tried: it is common, or repeats, or is your name. Choose another, such as four words at random.")
	}
	return nil
}

// plain undoes what people do to a word to make a password of it.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '0':
			return 'o'
		case '1', '!':
			return 'i'
		case '3':
			return 'e'
		case '4', '@':
			return 'a'
		case '5', '$':
			return 's'
		case '7':
			return 't'
		}
		return unicode.ToLower(r)
	}, text)
}

const (
	// leastLeft is how many characters must be left of a password once common
	// words, sequences and repetitions were taken out of it.
	leastLeft = 5
	// Lengths of words that are looked for.
	shortestWord, longestWord = 3, 30
)

// guessable says whether hardly anything is left of a password when what
// everybody uses is taken away: common words and own ones, neighbours on the
// keyboard or in the alphabet, and what was there before. Beside a common word
// only letters count: what people add to it are digits and signs.
func guessable(password string, own map[string]bool) bool {
	typed, runes := []rune(password), []rune(plain(password)) // of one length
	letters, others, word := 0, 0, false
	seen := map[string]bool{}
	for i := 0; i < len(runes); {
		if n := commonAt(runes[i:], own); n > 0 {
			i += n
			word = true
			continue
		}
		n := 1
		for i+n < len(runes) && follows(runes[i+n-1], runes[i+n]) {
			n++
		}
		if n < 3 {
			n = 1
		}
		if pair := string(runes[i:min(i+2, len(runes))]); !seen[pair] {
			seen[pair] = true
			if unicode.IsLetter(typed[i]) || unicode.IsMark(typed[i]) {
				letters++
			} else {
				others++
			}
		}
		i += n
	}
	if !word {
		letters += others
	}
	return letters < leastLeft
}

// commonAt is the length of the longest common or own word that text begins
// with.
func commonAt(text []rune, own map[string]bool) int {
	for n := min(len(text), longestWord); n >= shortestWord; n-- {
		if word := string(text[:n]); common()[word] || own[word] {
			return n
		}
	}
	return 0
}

// rows are keys side by side, as plain leaves them.
var rows = []string{"qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop", "abcdefghijklmnopqrstuvwxyz", "oizeasg89o", "i2eas6t89o"}

// follows says whether two characters are the same or stand side by side.
func follows(a, b rune) bool {
	if a == b {
		return true
	}
	for _, row := range rows {
		if strings.Contains(row, string([]rune{a, b})) || strings.Contains(row, string([]rune{b, a})) {
			return true
		}
	}
	return false
}
