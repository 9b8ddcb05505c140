// Package frontend holds the browser front end: TypeScript in client, editor
// and app, and its build, embedded into the binary from dist/ui. It knows
// nothing of HTTP; server serves what it embeds.
package frontend

import (
	"embed"
	"io/fs"
)

// dist holds the build and a README that keeps the folder alive, so that the
// program compiles on a clone where nothing was built.
//
//go:embed all:dist
var dist embed.FS

// UI returns the built front end (index.html and assets/, each text file with
// .gz and .br beside it); ok is false if the program was compiled without one.
func UI() (ui fs.FS, ok bool) {
	ui, err := fs.Sub(dist, "dist/ui")
	if err != nil {
		return nil, false
	}
	if _, err := fs.Stat(ui, "index.html"); err != nil {
		return nil, false
	}
	return ui, true
}
