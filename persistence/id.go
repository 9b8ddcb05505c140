package persistence

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
)

// ErrID: a text is not the spelling of an ID.
var ErrID = errors.New("not an id")

const idTextLen = 36 // 8-4-4-4-12 hexadecimal digits and four hyphens

// NewID returns a random (version 4) UUID from crypto/rand. Code that must
// replay from a seed is given its ids instead (law R4).
func NewID() ID {
	var id ID
	rand.Read(id[:]) // never fails since Go 1.24
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// ParseID reads the 36-character hyphenated form, in either case and of any
// UUID version. The error is ErrID.
func ParseID(text string) (ID, error) {
	var id ID
	err := id.UnmarshalText([]byte(text))
	return id, err
}

// IsZero says whether the ID is the zero value, "none".
func (id ID) IsZero() bool { return id == ID{} }

// String returns the lower-case hyphenated form of RFC 9562.
func (id ID) String() string {
	var text [idTextLen]byte
	return string(id.appendTo(text[:0]))
}

// AppendText appends String's form; it never fails (encoding.TextAppender).
func (id ID) AppendText(dst []byte) ([]byte, error) { return id.appendTo(dst), nil }

// MarshalText makes an ID a JSON string and a JSON object key.
func (id ID) MarshalText() ([]byte, error) {
	return id.appendTo(make([]byte, 0, idTextLen)), nil
}

// UnmarshalText is ParseID in place. On an error the ID is unchanged.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) != idTextLen || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return fmt.Errorf("%w: %d bytes", ErrID, len(text))
	}
	var digits [32]byte
	n := copy(digits[:], text[:8])
	n += copy(digits[n:], text[9:13])
	n += copy(digits[n:], text[14:18])
	n += copy(digits[n:], text[19:23])
	copy(digits[n:], text[24:])
	var parsed ID
	if _, err := hex.Decode(parsed[:], digits[:]); err != nil {
		return fmt.Errorf("%w: not hexadecimal", ErrID)
	}
	*id = parsed
	return nil
}

func (id ID) appendTo(dst []byte) []byte {
	dst = hex.AppendEncode(dst, id[:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:]} {
		dst = append(dst, '-')
		dst = hex.AppendEncode(dst, part)
	}
	return dst
}

// String returns the digest in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText is String's form, for JSON.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != 2*len(h) {
		return fmt.Errorf("not a hash: %d characters", len(text))
	}
	var parsed Hash
	if _, err := hex.Decode(parsed[:], text); err != nil {
		return fmt.Errorf("not a hash: %w", err)
	}
	*h = parsed
	return nil
}
