package persistence

import (
	"strings"
	"unicode"
)

// FoldTitle maps titles that differ only in case, in any script, to the same
// text (Unicode simple case folding), for a search that ignores case.
func FoldTitle(title string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII {
			if 'A' <= r && r <= 'Z' {
				return r + ('a' - 'A')
			}
			return r
		}
		// The letters that fold together form a ring; its smallest stands for
		// all. A ring that reaches ASCII (k and the Kelvin sign) is named by
		// its small letter.
		smallest := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			smallest = min(smallest, next)
		}
		if 'A' <= smallest && smallest <= 'Z' {
			smallest += 'a' - 'A'
		}
		return smallest
	}, title)
}
