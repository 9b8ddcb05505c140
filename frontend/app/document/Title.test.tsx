// @vitest-environment jsdom
import { signal } from "@preact/signals"
import { render } from "preact"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { renameDocument } from "../api"
import type { LiveDocument } from "./live"
import { Title } from "./Title"

vi.mock("../api", () => ({ renameDocument: vi.fn(async () => ({})) }))

beforeEach(() => {
	vi.useFakeTimers()
	vi.mocked(renameDocument).mockClear()
})
afterEach(() => {
	render(null, document.body)
	vi.useRealTimers()
})

/** The field of a document called "Plan", and the title as the server tells it. */
async function show() {
	const title = signal("Plan")
	const live = { title, role: signal("editor"), document: { id: "d" } } as unknown as LiveDocument
	render(<Title live={live} onDone={() => field().blur()} />, document.body)
	await drawn()
	const type = async (value: string) => {
		field().value = value
		field().dispatchEvent(new Event("input", { bubbles: true }))
		await drawn()
	}
	const press = (key: string, more: KeyboardEventInit = {}) =>
		field().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }))
	return { title, type, press }
}
const field = () => document.querySelector("input") as HTMLInputElement
const drawn = () => vi.advanceTimersByTimeAsync(50)

test("who only looks into the field takes nobody's new title back", async () => {
	const { title } = await show()
	field().focus()
	await drawn()
	title.value = "Better plan"
	await drawn()
	expect(field().value).toBe("Better plan")
	field().blur()
	await vi.runAllTimersAsync()
	expect(renameDocument).not.toHaveBeenCalled()
	expect(title.value).toBe("Better plan")
})

test("what was saved while one stays in the field is not saved over what came after", async () => {
	const { title, type } = await show()
	field().focus()
	await type("Mine")
	await vi.runAllTimersAsync()
	expect(renameDocument).toHaveBeenCalledExactlyOnceWith("d", "Mine")
	title.value = "Theirs"
	field().blur()
	await vi.runAllTimersAsync()
	expect(renameDocument).toHaveBeenCalledOnce()
	expect(field().value).toBe("Theirs")
})

test.each([
	["while it composes", { isComposing: true }],
	["in Safari, right after it", { keyCode: 229 }],
])("Enter that chooses an input method's word stays in the field: %s", async (_, more) => {
	const { press } = await show()
	field().focus()
	press("Enter", more)
	await drawn()
	expect(document.activeElement).toBe(field())
	press("Enter")
	await drawn()
	expect(document.activeElement).not.toBe(field())
})

test("Escape drops what was typed and nobody has seen", async () => {
	const { title, type, press } = await show()
	field().focus()
	await type("Oops")
	press("Escape")
	await vi.runAllTimersAsync()
	expect(renameDocument).not.toHaveBeenCalled()
	expect(field().value).toBe("Plan")
	expect(title.value).toBe("Plan")
})

test("Enter and leaving save at once, and once", async () => {
	const { type, press } = await show()
	field().focus()
	await type("By Enter")
	press("Enter")
	expect(renameDocument).toHaveBeenCalledExactlyOnceWith("d", "By Enter")
	await vi.runAllTimersAsync()
	expect(renameDocument).toHaveBeenCalledOnce()
})

test.each([
	["the tab is closed", () => window.dispatchEvent(new Event("pagehide"))],
	["a phone puts the tab away", () => document.dispatchEvent(new Event("visibilitychange"))],
])("a title that was just typed is sent when %s", async (_, leave) => {
	const { type } = await show()
	field().focus()
	await type("Last word")
	leave()
	expect(renameDocument).toHaveBeenCalledExactlyOnceWith("d", "Last word")
	await vi.runAllTimersAsync()
	expect(renameDocument).toHaveBeenCalledOnce()
})
