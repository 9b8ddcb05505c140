package storetest

import (
	"testing"

	"github.com/coscribe/coscribe/persistence"
)

func TestMemory(t *testing.T) {
	Run(t, func(*testing.T) persistence.Store { return persistence.NewMemory() })
}
