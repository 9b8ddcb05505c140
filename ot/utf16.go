package ot

// unitsOf maps the high four bits of a byte of valid UTF-8 to the UTF-16 units
// it starts: none for a continuation byte, two for a four-byte sequence.
var unitsOf = [16]int{1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 2}

// sizeOf maps the high four bits of the first byte of a valid UTF-8 sequence
// to the sequence's length in bytes.
var sizeOf = [16]int{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4}

// units counts the UTF-16 code units of valid UTF-8 text.
func units(s string) int { return countUnits(s) }

func countUnits[T string | []byte](s T) int {
	n, i := 0, 0
	// Four bytes at a time while they are ASCII: the usual text is.
	for ; i+4 <= len(s) && (s[i]|s[i+1]|s[i+2]|s[i+3]) < 0x80; i += 4 {
	}
	n = i
	for ; i < len(s); i++ {
		n += unitsOf[s[i]>>4]
	}
	return n
}

// byteOffset turns an offset in UTF-16 units into one in bytes. An offset in
// the middle of a surrogate pair gives the offset before the pair and split
// true.
func byteOffset[T string | []byte](s T, n int) (offset int, split bool) {
	i := 0
	for n > 0 {
		if n >= 4 && i+4 <= len(s) && (s[i]|s[i+1]|s[i+2]|s[i+3]) < 0x80 {
			i += 4
			n -= 4
			continue
		}
		c := s[i] >> 4
		u := unitsOf[c]
		if u > n {
			return i, true
		}
		n -= u
		i += sizeOf[c]
	}
	return i, false
}

// compareUTF16 orders strings by UTF-16 code units, as RFC 8785 (3.2.3) sorts
// keys. It differs from byte order only where U+E000-U+FFFF meets a
// supplementary character.
func compareUTF16(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] == b[i] {
			continue
		}
		x, y := a[i], b[i]
		// A lead byte of four-byte sequences (F0-F4) stands for a surrogate
		// D800-DBFF, which sorts before EE and EF, the leads of U+E000-U+FFFF.
		if x >= 0xEE && y >= 0xEE && (x < 0xF0) != (y < 0xF0) {
			x, y = y, x
		}
		if x < y {
			return -1
		}
		return 1
	}
	return len(a) - len(b)
}
