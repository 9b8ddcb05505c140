// @vitest-environment jsdom
import { render } from "preact"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { chooseLetters } from "../letters"
import { Toaster, toast } from "../ui/Toast"
import { HomePage } from "./HomePage"
import { createAndOpen, known, live, loading } from "./library"
import { NO_DOCUMENTS } from "./list"

vi.mock("./library", async (original) => ({
	...(await original<typeof import("./library")>()),
	followEvents: () => () => {},
	createAndOpen: vi.fn(),
}))
vi.mock("../pages", () => ({ prefetchDocumentPage: () => {} }))

beforeEach(() => {
	vi.useFakeTimers()
	known.value = NO_DOCUMENTS
	live.value = false
	loading.value = "first"
	vi.mocked(createAndOpen).mockClear()
	render(
		<>
			<HomePage trash={false} />
			<Toaster />
		</>,
		document.body,
	)
})
afterEach(() => {
	render(null, document.body)
	chooseLetters(true)
	vi.useRealTimers()
})

const press = (key: string, modifiers: KeyboardEventInit = {}) =>
	document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...modifiers }))

test("a server that does not answer is said, not only hinted at by grey lines", async () => {
	await vi.advanceTimersByTimeAsync(1_000)
	expect(document.body.textContent).not.toContain("does not answer")
	await vi.advanceTimersByTimeAsync(3_000)
	expect(document.querySelector(".list-stale")?.textContent).toContain("The server does not answer yet.")
	live.value = true
	await vi.advanceTimersByTimeAsync(50)
	expect(document.querySelector(".list-stale")).toBeNull()
})

test("single letters are shortcuts unless they are turned off", async () => {
	await vi.advanceTimersByTimeAsync(50)
	chooseLetters(false)
	press("n")
	press("/")
	expect(createAndOpen).not.toHaveBeenCalled()
	expect(document.activeElement).toBe(document.body)
	chooseLetters(true)
	press("n")
	press("/")
	expect(createAndOpen).toHaveBeenCalledOnce()
	expect(document.activeElement?.getAttribute("type")).toBe("search")
})

test("Ctrl+Z takes what the notice offers, once", async () => {
	await vi.advanceTimersByTimeAsync(50)
	const run = vi.fn()
	toast("“Plan” is in the trash", { label: "Undo", run })
	await vi.advanceTimersByTimeAsync(50)
	expect(press("z", { ctrlKey: true })).toBe(false)
	await vi.advanceTimersByTimeAsync(50)
	expect(run).toHaveBeenCalledOnce()
	expect(document.querySelector(".toast")).toBeNull()
	expect(press("z", { ctrlKey: true })).toBe(true)
	expect(run).toHaveBeenCalledOnce()
})
