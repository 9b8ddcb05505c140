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
