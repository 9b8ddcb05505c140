// @vitest-environment jsdom
import { signal } from "@preact/signals"
import { render } from "preact"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import type { PeerView } from "../../client/index.js"
import type { Editor } from "../../editor/types.ts"
import { announce } from "../announce"
import type { LiveDocument } from "./live"
import { People } from "./People"

vi.mock("../announce", () => ({ announce: vi.fn() }))

beforeEach(() => {
	vi.useFakeTimers()
	vi.mocked(announce).mockClear()
	vi.stubGlobal("visualViewport", null)
	vi.stubGlobal("matchMedia", () => ({ matches: false }))
	HTMLElement.prototype.showPopover = () => {}
	const matches = Element.prototype.matches
	vi.spyOn(Element.prototype, "matches").mockImplementation(function (this: Element, selector) {
		return selector === ":popover-open" ? false : matches.call(this, selector)
	})
})
afterEach(async () => {
	render(null, document.body)
	await drawn() // what is left to be drawn would hold up the next test's
	vi.useRealTimers()
	vi.restoreAllMocks()
	vi.unstubAllGlobals()
})

const peer = (name: string, reading = false) =>
	({
		peer: name,
		user: { id: name, name, color: "#2563eb" },
		selection: reading ? null : { index: 0, length: 0 },
	}) as unknown as PeerView

/** Who else is in a document of Ada's. */
async function show(...names: string[]) {
	const peers = signal<readonly PeerView[]>(names.map((name) => peer(name)))
	const live = { peers, document: { user: { id: "ada", name: "Ada", color: "#c2410c" } } } as unknown as LiveDocument
	const editor = { scrollToPeer: vi.fn(() => true), follow: vi.fn(), view: { dom: document.createElement("div") } }
	render(<People live={live} editor={editor as unknown as Editor} onSelf={() => {}} />, document.body)
	await drawn()
	return { peers, editor }
}
const drawn = () => vi.advanceTimersByTimeAsync(50)
const said = () => vi.mocked(announce).mock.lastCall?.[0]
const button = (name: string) => document.querySelector(`[aria-label="${name}"]`) as HTMLElement

test("those who have no room in the row are in a menu, and have their carets there", async () => {
	const { editor } = await show("Bo", "Cy", "Di", "Ed", "Flo")
	expect(button("Cy, go to their caret")).toBeTruthy()
	expect(button("Ed, go to their caret")).toBeNull()
	button("2 more people").click()
	await drawn()
	const lines = Array.from(document.querySelectorAll<HTMLElement>("[role=menuitem]"))
	expect(lines.map((line) => line.querySelector(".menu-label")?.textContent)).toEqual(["Ed", "Flo"])
	lines[1]?.click()
	expect(editor.scrollToPeer).toHaveBeenCalledWith("Flo")
})

test("a second press on a face follows, however late; a third ends it", async () => {
	const { editor } = await show("Bo")
	const face = () => button("Bo, go to their caret")
	face().click()
	await drawn()
	expect(editor.scrollToPeer).toHaveBeenCalledWith("Bo")
	expect(said()).toBe("At the caret of Bo. Press again to follow.")
	expect(editor.follow).not.toHaveBeenCalled()
	face().click()
	await drawn()
	expect(editor.follow).toHaveBeenLastCalledWith("Bo")
	face().click()
	expect(editor.follow).toHaveBeenLastCalledWith(null)
})

test("who comes is told once, and a crowd is not told", async () => {
	const { peers } = await show("Bo", "Cy")
	expect(said()).toBe("Here now: Bo, Cy")
	peers.value = []
	await drawn()
	peers.value = [peer("Bo"), peer("Cy"), peer("Di", true)]
	await drawn()
	expect(said()).toBe("Here now: Di")
	peers.value = Array.from("abcdefghijk", (name) => peer(name))
	await drawn()
	expect(said()).toBe("Here now: Di")
})
