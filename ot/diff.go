package ot

// Diff returns a change that turns document a into document b.
func Diff(a, b Delta) (Delta, error) {
	var out Builder
	for _, o := range b {
		out.push(o)
	}
	out.push(Delete(a.Len()))
	return out.Delta(), nil
}
