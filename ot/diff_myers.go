package ot

import "slices"

// match says that x[a:a+n] and y[b:b+n] are equal.
type match struct{ a, b, n int }

// maxDistance bounds the number of edits matches looks for, and with it the
// memory, about 2 bytes times its square.
const maxDistance = 1000

// matches returns equal stretches of x and y in order: a longest common
// subsequence where at most maxDistance edits lie between x and y, otherwise
// only what they start and end with.
func matches(x, y []symbol) []match {
	start := 0
	for start < len(x) && start < len(y) && x[start] == y[start] {
		start++
	}
	end := 0
	for end < len(x)-start && end < len(y)-start && x[len(x)-1-end] == y[len(y)-1-end] {
		end++
	}
	var out []match
	if start > 0 {
		out = append(out, match{0, 0, start})
	}
	for _, m := range shortest(x[start:len(x)-end], y[start:len(y)-end]) {
		out = append(out, match{m.a + start, m.b + start, m.n})
	}
	if end > 0 {
		out = append(out, match{len(x) - end, len(y) - end, end})
	}
	return out
}

// shortest is the greedy algorithm of E. Myers, "An O(ND) difference algorithm
// and its variations" (1986), with all its states kept to walk back on. Each
// state is the row of furthest places in x on the diagonals -d, -d+2, … d.
func shortest(x, y []symbol) []match {
	if len(x) == 0 || len(y) == 0 {
		return nil
	}
	var states [][]int32
	for d := 0; d <= maxDistance; d++ {
		state := make([]int32, d+1)
		for i := range state {
			k := 2*i - d
			a := reach(states, d, i)
			for a < len(x) && a-k < len(y) && x[a] == y[a-k] {
				a++
			}
			state[i] = int32(a)
			if a >= len(x) && a-k >= len(y) {
				return walkBack(append(states, state), i)
			}
		}
		states = append(states, state)
	}
	return nil
}

// reach returns the furthest place in x that edit d leads to on its i-th
// diagonal, before equal symbols are followed.
func reach(states [][]int32, d, i int) int {
	if d == 0 {
		return 0
	}
	before := states[d-1]
	if down(before, i) {
		return int(before[i])
	}
	return int(before[i-1]) + 1
}

// down tells whether diagonal i is reached by taking a symbol of y, from the
// diagonal above, rather than by leaving out one of x.
func down(before []int32, i int) bool {
	return i == 0 || i < len(before) && before[i-1] < before[i]
}

// walkBack returns the matches on the way to the i-th diagonal of the last state.
func walkBack(states [][]int32, i int) (out []match) {
	for d := len(states) - 1; d >= 0; d-- {
		end, start := int(states[d][i]), reach(states, d, i)
		if end > start {
			out = append(out, match{start, start - (2*i - d), end - start})
		}
		if d > 0 && !down(states[d-1], i) {
			i--
		}
	}
	slices.Reverse(out)
	return out
}
