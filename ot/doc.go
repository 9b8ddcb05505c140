// Package ot is the algebra of rich text and the document it works on.
package ot
