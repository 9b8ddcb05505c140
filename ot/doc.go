// Package ot is the algebra of rich text and the document it works on. It is
// promised as a library: it depends on the standard library alone.
//
// # What it owns
//
//   - Op, Attributes, Delta: a change, or a document, in Quill's form.
//   - Compose, Transform, Invert, Diff, TransformIndex: the algebra.
//   - Document: a rich text in a persistent tree, changed in O(log n).
//   - ParseDelta and AppendJSON: the one strict codec; Document.Hash.
//   - Schema: the allowlist at the door.
//
// It knows nothing of clients, revisions, connections, storage or time, and
// starts no goroutine.
//
// # Units
//
// Every length and position counts UTF-16 code units (law A1), as browsers do:
// "é" is 1, "😀" is 2, an embed is 1. Text itself is held as UTF-8. A position
// inside a surrogate pair is no place to edit at: Document.Apply and
// Schema.CheckAt refuse it (law D2). Runes and bytes never leave this package
// as lengths.
//
// # Laws
//
// Compose is associative and stands for applying one change after the other
// (A3); Invert undoes (A3). Two concurrent changes meet by Transform, whoever
// goes first (A2, TP1):
//
//	doc·a·Transform(a, b, true) = doc·b·Transform(b, a, false)
//
// The one sequenced earlier keeps the left place of a tie and wins a
// contested attribute (A7). TP2 does not hold (A9): have one sequencer for each
// document. Never transform over a composition where the list was meant (A5).
// Every answer is in the canonical form of law A4, on which equality is
// structural, and equals that of quill-delta 5.1 in canonical form (A10;
// npm run oracle). Values are immutable (A6).
//
// # Failure modes
//
// Input from outside fails with an *Error that names the op and holds no
// content: ParseDelta, Delta.CheckCanonical, Schema.Check, Schema.CheckAt,
// Document.Apply, which then has changed nothing, FromDelta and Diff. Compose,
// Transform and Invert cannot fail; given changes that do not fit their base
// they answer as quill-delta does, so check lengths first (law D1). Text given
// to InsertText must be valid UTF-8, and a Value canonical JSON, or results are
// undefined; ParseDelta and MakeValue see to that.
package ot
