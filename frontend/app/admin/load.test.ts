import { expect, test } from "vitest"
import { auditSearch } from "./api"
import { size } from "./load"

test.each([
	[undefined, "-"],
	[0, "0 B"],
	[999, "999 B"],
	[1_000, "1.0 kB"],
	[12_345, "12 kB"],
	[999_499, "999 kB"],
	[999_500, "1.0 MB"],
	[5_400_000_000, "5.4 GB"],
])("%s bytes are %s", (bytes, words) => {
	expect(size(bytes)).toBe(words)
})

test("the last day of a filter is included, also where the clocks change", () => {
	const search = auditSearch({ action: "grant.", outcome: "denied", from: "2026-10-25", to: "2026-10-25" })
	const [from, to] = [search.get("from"), search.get("to")].map((at) => new Date(at ?? ""))
	expect(from).toEqual(new Date(2026, 9, 25))
	expect(to).toEqual(new Date(2026, 9, 26))
	expect(search.get("action")).toBe("grant.")
	expect(search.get("outcome")).toBe("denied")
})

test("an empty filter asks for everything", () => {
	expect(auditSearch({ action: "", outcome: "", from: "", to: "" }).toString()).toBe("")
})
