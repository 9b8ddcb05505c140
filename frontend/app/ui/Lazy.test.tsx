// @vitest-environment jsdom
import { render } from "preact"
import { expect, test, vi } from "vitest"
import { Lazy } from "./Lazy"

test("a chunk that takes another's place is shown once it is here", async () => {
	const root = document.createElement("div")
	const show = (load: () => Promise<{ word: string }>) =>
		render(<Lazy load={load}>{({ word }) => <p>{word}</p>}</Lazy>, root)
	show(async () => ({ word: "signing in" }))
	await vi.waitFor(() => expect(root.textContent).toBe("signing in"))
	show(async () => ({ word: "a document" }))
	await vi.waitFor(() => expect(root.textContent).toBe("a document"))
})

test("what did not come is asked for again on demand", async () => {
	const root = document.createElement("div")
	let reachable = false
	const load = async () => {
		if (!reachable) throw new TypeError("failed to fetch")
		return { word: "here" }
	}
	const failed = (again: () => void) => (
		<button type="button" onClick={again}>
			again
		</button>
	)
	render(
		<Lazy load={load} failed={failed}>
			{({ word }) => <p>{word}</p>}
		</Lazy>,
		root,
	)
	await vi.waitFor(() => expect(root.textContent).toBe("again"))
	reachable = true
	root.querySelector("button")?.click()
	await vi.waitFor(() => expect(root.textContent).toBe("here"))
})
