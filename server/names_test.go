package server

import (
	"os"
	"strings"
	"testing"
)

func TestNewGuestsHaveColoursThatThePageOffers(t *testing.T) {
	page, err := os.ReadFile("../frontend/app/profile/colors.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, color := range palette {
		if !strings.Contains(string(page), `"`+color+`"`) {
			t.Errorf("%s is not offered by the page", color)
		}
	}
}
