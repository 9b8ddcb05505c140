package persistence

// RetainSnapshots says which of a document's snapshot revisions, given in
// ascending order, a store keeps: the newest two, and of the older ones so
// many that the gap between neighbours grows with their distance from the
// newest. That leaves about 2·log2(revisions) snapshots, and a revision is
// replayed from a snapshot at most about as far away as it is old. The result
// reuses the argument's array.
func RetainSnapshots(revisions []int64) []int64 {
	for i := len(revisions) - 3; i > 0; i-- {
		newest, newer, older := revisions[len(revisions)-1], revisions[i+1], revisions[i-1]
		if newer-older <= newest-newer {
			revisions = append(revisions[:i], revisions[i+1:]...)
		}
	}
	return revisions
}
