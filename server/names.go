package server

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
	"golang.org/x/text/unicode/norm"
)

// Bounds of names, in characters for people and UTF-16 units for titles.
const (
	maxName     = 80
	maxMail     = 254 // bytes; RFC 5321, 4.5.3.1.3
	maxTitle    = 200
	titleOfNone = "Untitled"
)

// manners and animals make the names of new guests. They are short, kind, and
// easy to say in a call.
var (
	manners = []string{"Quiet", "Brave", "Bright", "Calm", "Clever", "Curious", "Eager", "Early", "Gentle", "Golden", "Happy", "Honest",
		"Jolly", "Keen", "Kind", "Lively", "Lucky", "Merry", "Mellow", "Nimble", "Patient", "Proud", "Quick", "Ready", "Silver", "Steady",
		"Sunny", "Swift", "Tidy", "Warm", "Wise", "Witty"}
	animals = []string{"Heron", "Badger", "Beaver", "Bison", "Crane", "Dolphin", "Eagle", "Falcon", "Ferret", "Finch", "Fox", "Gecko",
		"Hare", "Hedgehog", "Ibis", "Jay", "Kestrel", "Koala", "Lark", "Lemur", "Lynx", "Marten", "Newt", "Otter", "Owl", "Panda", "Puffin",
		"Raven", "Robin", "Seal", "Sparrow", "Swan", "Tern", "Walrus", "Wren", "Yak"}
)

// palette are the colours of new guests, those that the page offers to choose
// from (frontend/app/profile/colors.ts): told apart by most people, with at least 4.5:1
// against white, so that a white name is readable on them, and 3:1 against the
// ground of both themes, so that a caret shows.
var palette = []string{"#c2410c", "#b45309", "#4d7c0f", "#15803d", "#0f766e", "#0e7490", "#2563eb", "#6d5bd0", "#9333ea", "#c026a3", "#d0305f", "#64748b"}

// newGuest is somebody who was never here.
func newGuest() protocol.User {
	return protocol.User{
		ID:    persistence.NewID().String(),
		Name:  manners[rand.IntN(len(manners))] + " " + animals[rand.IntN(len(animals))],
		Color: anyColor(),
	}
}

func anyColor() string { return palette[rand.IntN(len(palette))] }

// tidy trims text to one line as people mean it; ok is false if it holds a
// control character or anything that hides or turns the text around it.
func tidy(text string) (string, bool) {
	text = strings.TrimSpace(text)
	for _, r := range text {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u2028' || r == '\u2029' {
			return "", false
		}
	}
	return text, true
}

// cleanName makes a person's name of what they typed: in one spelling (NFC),
// on one line, with nothing in it that cannot be seen, so that no two people
// look alike by what is invisible. Names that look alike by their letters are
// told apart by mail.
func cleanName(text string) (string, error) {
	name, ok := tidy(text)
	if ok {
		name = strings.Join(strings.Fields(norm.NFC.String(visible(name))), " ")
	}
	if length := utf8.RuneCountInString(name); !ok || length < 1 || length > maxName {
		return "", newProblem(http.StatusBadRequest, "invalid_name", "A name has 1 to %d characters and no control characters.", maxName)
	}
	return name, nil
}

// alike are alphabets with letters that look like those of another.
var alike = []*unicode.RangeTable{unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Cherokee, unicode.Coptic}

// mixed says whether a word of the text has letters of two alphabets that look
// alike, as whoever wants to pass for somebody else writes (UTS 39, 5.2). A word
// that is all of one alphabet is somebody's name, whatever it looks like.
func mixed(text string) bool {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		var first *unicode.RangeTable
		for _, r := range word {
			for _, alphabet := range alike {
				if !unicode.Is(alphabet, r) {
					continue
				}
				if first != nil && first != alphabet {
					return true
				}
				first = alphabet
			}
		}
	}
	return false
}

// chosenName is cleanName of a name that somebody chose here, and chosenMail
// cleanMail: letters that pass for others are refused, and written down. What a
// sign-in provider or an embedding application calls somebody is theirs to
// answer for.
func (s *Server) chosenName(ctx context.Context, text string) (string, error) {
	name, err := cleanName(text)
	if err == nil && mixed(name) {
		s.denied(ctx, persistence.AuditEntry{Action: "name.denied", Detail: "A name mixed alphabets in one word."})
		return "", newProblem(http.StatusBadRequest, "invalid_name", "The name mixes letters of different alphabets in one word, as if to look like another. Write each word in one alphabet.")
	}
	return name, err
}

func (s *Server) chosenMail(ctx context.Context, text string) (string, error) {
	address, err := cleanMail(text)
	if err == nil && mixed(address) {
		s.denied(ctx, persistence.AuditEntry{Action: "name.denied", Detail: "A mail address mixed alphabets in one word."})
		return "", newProblem(http.StatusBadRequest, "invalid_mail", "The mail address mixes letters of different alphabets in one word, as if to look like another. Check how it is written.")
	}
	return address, err
}

const (
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
	emojiStyle         = '\ufe0f' // variation selector 16
)

// visible drops what has no shape of its own. Joiners stay where they shape
// what stands around them: between emoji, and between letters of scripts that
// are written joined.
func visible(text string) string {
	runes := []rune(text)
	var kept []rune
	for i, r := range runes {
		before, after := rune(0), rune(0)
		if len(kept) > 0 {
			before = kept[len(kept)-1]
		}
		if i+1 < len(runes) {
			after = runes[i+1]
		}
		switch {
		case r == zeroWidthJoiner && (unicode.Is(unicode.So, before) || unicode.Is(unicode.Sk, before) || before == emojiStyle) && unicode.Is(unicode.So, after):
		case (r == zeroWidthJoiner || r == zeroWidthNonJoiner) && joined(before) && joined(after):
		case r == emojiStyle && (unicode.Is(unicode.So, before) || unicode.Is(unicode.Sm, before) || unicode.Is(unicode.Po, before)):
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.Is(unicode.Variation_Selector, r), r == '\u2800':
			continue
		}
		kept = append(kept, r)
	}
	return string(kept)
}

// joined says whether a letter or its mark is of a script in which joiners have
// a meaning.
func joined(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi,
		unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar)
}

// tidyMail is a mail address in the form it is compared by; ok is false if it
// is none.
func tidyMail(text string) (address string, ok bool) {
	text = strings.ToLower(norm.NFC.String(strings.TrimSpace(text)))
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || len(text) > maxMail || visible(text) != text || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return "", false
	}
	return text, true
}

func cleanMail(text string) (string, error) {
	address, ok := tidyMail(text)
	if !ok {
		return "", newProblem(http.StatusBadRequest, "invalid_mail", "Write the mail address as name@example.org.")
	}
	return address, nil
}

// standingWord is a standing in the API.
func standingWord(s persistence.Standing) string {
	return [...]string{"guest", "member", "admin", "owner"}[min(s, persistence.StandingOwner)]
}

// standingOf is its inverse, for accounts.
func standingOf(word string) (persistence.Standing, bool) {
	for s := persistence.StandingMember; s <= persistence.StandingOwner; s++ {
		if standingWord(s) == word {
			return s, true
		}
	}
	return persistence.StandingGuest, false
}

// plural says a count.
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
