package convert

import (
	"fmt"
	"strconv"
	"strings"
)

// Color reads a colour as CSS writes it - #rgb, #rrggbb, rgb(…), rgba(…) or
// one of the basic names - and returns it in the one spelling documents use,
// "#rrggbb" in lower case. ok is false for anything else, and for colours that
// are mostly transparent.
func Color(text string) (color string, ok bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	if named, found := namedColors[text]; found {
		return named, true
	}
	if digits, found := strings.CutPrefix(text, "#"); found {
		return hexColor(digits)
	}
	if body, found := strings.CutPrefix(text, "rgb"); found {
		return functionColor(strings.TrimPrefix(body, "a"))
	}
	return "", false
}

func hexColor(digits string) (string, bool) {
	if len(digits) == 3 {
		digits = string([]byte{digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]})
	}
	if len(digits) != 6 {
		return "", false
	}
	for _, c := range []byte(digits) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return "", false
		}
	}
	return "#" + digits, true
}

// functionColor reads the "(r, g, b)" or "(r g b / a)" of an rgb function.
func functionColor(body string) (string, bool) {
	if len(body) < 2 || body[0] != '(' || body[len(body)-1] != ')' {
		return "", false
	}
	parts := strings.FieldsFunc(body[1:len(body)-1], func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
	if len(parts) == 4 {
		alpha, err := strconv.ParseFloat(parts[3], 64)
		if err != nil || alpha < 0.5 {
			return "", false
		}
		parts = parts[:3]
	}
	if len(parts) != 3 {
		return "", false
	}
	var rgb [3]uint8
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || n > 255 {
			return "", false
		}
		rgb[i] = uint8(n)
	}
	return fmt.Sprintf("#%02x%02x%02x", rgb[0], rgb[1], rgb[2]), true
}

// namedColors are the basic colour keywords of CSS Color 4, section 6.1, and
// the few others that word processors write.
var namedColors = map[string]string{
	"black": "#000000", "silver": "#c0c0c0", "gray": "#808080", "grey": "#808080", "white": "#ffffff",
	"maroon": "#800000", "red": "#ff0000", "purple": "#800080", "fuchsia": "#ff00ff", "magenta": "#ff00ff",
	"green": "#008000", "lime": "#00ff00", "olive": "#808000", "yellow": "#ffff00", "orange": "#ffa500",
	"navy": "#000080", "blue": "#0000ff", "teal": "#008080", "aqua": "#00ffff", "cyan": "#00ffff",
}
