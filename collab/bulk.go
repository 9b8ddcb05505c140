package collab

import "github.com/coscribe/coscribe/ot"

// within says whether a change that was moved over what others did still fits
// the given bytes of JSON (law D5). Text of theirs within what it formats parts
// that, and each part says the attributes again: of a hundred thousand such
// texts one change of six kilobytes would make a log row, and a frame to
// everybody, of six hundred million. A change that only deletes always fits.
func within(d ot.Delta, most int) bool {
	size, deletes := len("[]"), true
	var op []byte
	for i := range d {
		op = d[i].AppendJSON(op[:0])
		size += len(op) + len(",")
		deletes = deletes && d[i].Kind() != ot.KindInsert && d[i].Attributes().Len() == 0
		if !deletes && size > most+len(",") {
			return false
		}
	}
	return true
}

// bulk bounds a document's JSON (law D5), which snapshots, joins and exports
// write: its length in units says nothing of its formatting, and one link given
// to a million pieces of text is said a million times.
//
// It counts what changes may add, at most, and measures the document anew when
// that has used up the room there was: once in some thousand changes.
type bulk struct {
	room   int // bytes that may still be added, at least; zero at first, so that it is measured
	widest int // bytes that the attributes of one insert take, at most
	walked int // pieces that were looked at for the change
}

const (
	// leastDocumentBytes is what any document's JSON may take; bytes. Plain text
	// takes up to three for a unit, and Limits.DocumentLength may be raised.
	leastDocumentBytes = 64 << 20
	bytesPerUnit       = 4
	// insertBytes is what an insert takes beside its text and attributes:
	// {"attributes":,"insert":""},
	insertBytes = 28
	// widestBytes is the most that attributes take by ot.RichText: a link of
	// three bytes a unit, and an image's text; bytes.
	widestBytes = 8 << 10
)

func (l *Limits) documentBytes() int { return max(leastDocumentBytes, bytesPerUnit*l.DocumentLength) }

// take counts a change, unless it would make the document's JSON longer than
// most.
func (b *bulk) take(document *ot.Document, d ot.Delta, most int) bool {
	b.walked = 0
	grows := b.growth(document, d)
	if grows > 0 && grows > b.room {
		bytes, widest := document.JSONLen()
		b.walked += bytes / insertBytes
		b.room, b.widest = most-bytes, widest
		grows = b.growth(document, d)
	}
	if grows > 0 && grows > b.room {
		return false
	}
	b.room -= grows
	return true
}

// growth is what a change adds to the JSON of the document that it is about to be
// applied to, at most; bytes. Whatever parts an insert says its attributes again.
func (b *bulk) growth(document *ot.Document, d ot.Delta) (n int) {
	widest := 0
	for i := range d {
		widest = max(widest, attributeBytes(&d[i]))
	}
	b.widest = min(widestBytes, b.widest+widest)
	at, again := 0, insertBytes+b.widest
	for i := range d {
		switch o := &d[i]; o.Kind() {
		case ot.KindInsert:
			n += 2*again + 2*len(o.Text()) // a quote, a backslash, a line's end take two
			if o.IsEmbed() {
				n += len(`{"":}`) + len(o.Embed().Key) + len(o.Embed().Value)
			}
		case ot.KindDelete:
			at += o.Len()
		case ot.KindRetain:
			if o.Attributes().Len() > 0 {
				n += 2*again + attributeBytes(o)*b.pieces(document, at, o.Len())
			}
			at += o.Len()
		}
	}
	return n
}

// fewPieces is a stretch in which every unit is counted as a piece; units.
const fewPieces = 64

func (b *bulk) pieces(document *ot.Document, at, n int) int {
	if n > fewPieces {
		n = document.Pieces(at, at+n)
	}
	b.walked += n
	return n
}

// attributeBytes is what the attributes that an op gives take in JSON, about, and
// never less. What it removes adds nothing.
func attributeBytes(o *ot.Op) (n int) {
	for key, value := range o.Attributes().All() {
		if value != ot.Null {
			n += len(key) + len(value) + len(`"":,{}`)
		}
	}
	return n
}
