import { describe, expect, test } from "vitest"
import { exactTime, localeOf, relativeTime } from "./time"

const now = new Date(2026, 10, 23, 15, 0, 0).getTime() // a Monday, local time
const minutes = (count: number) => new Date(now - count * 60_000)

test("a language that is none does not take the list with it", () => {
	expect(["de-CH", "C", ""].map(localeOf)).toEqual(["de-CH", "en", "en"])
	expect(() => new Date(now).toLocaleString(localeOf("C"))).not.toThrow()
})

describe("relative time", () => {
	test.each([
		["a server clock ahead of ours", minutes(-2), "just now"],
		["seconds", minutes(0.5), "just now"],
		["a minute", minutes(1), "1 min ago"],
		["under an hour", minutes(59.9), "59 min ago"],
		["an hour", minutes(60), "an hour ago"],
		["hours", minutes(150), "2 hours ago"],
		["last night, though 20 hours are less than a day", minutes(20 * 60), "yesterday"],
		["the day before yesterday", new Date(2026, 10, 21, 23, 59), "2 days ago"],
		["six days", new Date(2026, 10, 17, 1, 0), "6 days ago"],
	])("%s", (_, at, words) => {
		expect(relativeTime(at, now)).toBe(words)
	})

	test("older moments are dates, with the year only when it is another one", () => {
		expect(relativeTime(new Date(2026, 2, 4), now)).not.toMatch(/2026|ago/)
		expect(relativeTime(new Date(2025, 2, 4), now)).toMatch(/2025/)
	})

	test("nonsense is silent", () => {
		expect(relativeTime("never", now)).toBe("")
		expect(exactTime("never")).toBe("")
	})
})
