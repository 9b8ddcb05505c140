package ot

import (
	"slices"
	"unsafe"
)

// setBytes is what an attribute set takes beside its names and values, and an
// embed beside its own; bytes.
const setBytes = int(unsafe.Sizeof(attributeSet{}))

// Memory returns about how many bytes of memory the document takes by itself. It
// looks at every node and attribute, but not at the text.
func (doc *Document) Memory() int {
	var last *attributeSet // neighbours often share theirs
	return doc.root.memory(&last)
}

func (n *node) memory(last **attributeSet) int {
	bytes := int(unsafe.Sizeof(*n)) + cap(n.text) + cap(n.runs)*int(unsafe.Sizeof(run{})) + cap(n.kids)*int(unsafe.Sizeof(kid{}))
	for i := range n.kids {
		bytes += n.kids[i].memory(last)
	}
	for i := range n.runs {
		r := &n.runs[i]
		if r.embed != nil {
			bytes += setBytes + len(r.embed.Key) + len(r.embed.Value)
		}
		if set := r.attrs.set; set != nil && set != *last && !slices.Contains(common, set) {
			*last = set
			bytes += setBytes
			for _, a := range set.pairs {
				bytes += int(unsafe.Sizeof(a)) + len(a.key) + len(a.value)
			}
		}
	}
	return bytes
}
