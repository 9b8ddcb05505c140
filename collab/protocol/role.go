package protocol

import "fmt"

var roleNames = [...]string{
	RoleNone:      "none",
	RoleViewer:    "viewer",
	RoleCommenter: "commenter",
	RoleEditor:    "editor",
	RoleOwner:     "owner",
}

// String returns the role's word on the wire: "viewer", "commenter", "editor",
// "owner", or "none".
func (r Role) String() string {
	if int(r) >= len(roleNames) {
		return fmt.Sprintf("role(%d)", uint8(r))
	}
	return roleNames[r]
}

// ParseRole is the inverse of String.
func ParseRole(word string) (Role, error) {
	for r, name := range roleNames {
		if name == word {
			return Role(r), nil
		}
	}
	return RoleNone, fmt.Errorf("unknown role %q", word)
}

// MarshalText writes the role as a JSON string.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRole(string(text))
	return err
}
