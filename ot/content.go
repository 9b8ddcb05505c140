package ot

// contentWriter writes the runs of a document as canonical JSON, joining runs
// alike where a leaf ends.
type contentWriter struct {
	dst       []byte
	canonical bool         // RFC 8785: attributes before insert
	full      func([]byte) // takes what was written so far, if it is set
	last      run
	open      bool // an op is open; if it is text, so is its string
	any       bool
}

func (w *contentWriter) write(r leafRun) bool {
	if w.open && w.last.alike(&r.run) {
		w.dst = appendEscaped(w.dst, r.text)
	} else {
		w.begin(r)
	}
	if w.full != nil && len(w.dst) > 4096 {
		w.full(w.dst)
		w.dst = w.dst[:0]
	}
	return true
}

func (w *contentWriter) begin(r leafRun) {
	w.close()
	if w.any {
		w.dst = append(w.dst, ',')
	}
	w.any, w.open, w.last = true, true, r.run
	w.dst = append(w.dst, '{')
	if w.canonical && r.attrs.Len() > 0 {
		w.dst = append(r.attrs.appendJSON(append(w.dst, `"attributes":`...)), ',')
	}
	w.dst = append(w.dst, `"insert":`...)
	if r.embed != nil {
		w.dst = r.embed.appendJSON(w.dst)
		return
	}
	w.dst = appendEscaped(append(w.dst, '"'), r.text)
}

func (w *contentWriter) close() {
	if !w.open {
		return
	}
	if w.last.embed == nil {
		w.dst = append(w.dst, '"')
	}
	if !w.canonical && w.last.attrs.Len() > 0 {
		w.dst = w.last.attrs.appendJSON(append(w.dst, `,"attributes":`...))
	}
	w.dst = append(w.dst, '}')
	w.open = false
}

// end closes the last op and returns what was not yet taken.
func (w *contentWriter) end() []byte {
	w.close()
	return w.dst
}
