package server

import (
	"math/rand/v2"
	"strings"
	"unicode"

	"github.com/coscribe/coscribe/collab/protocol"
	"github.com/coscribe/coscribe/persistence"
)

// Bounds of names, in characters for people and UTF-16 units for titles.
const (
	maxName     = 80
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
		Color: palette[rand.IntN(len(palette))],
	}
}

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
