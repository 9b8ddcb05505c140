import { describe, expect, test } from "vitest"
import type { PeerView } from "../../client/index.js"
import { PERSON_COLORS } from "../profile/colors"
import { contrast, initials, inkOn } from "../ui/color"
import { entryScript } from "../version"
import { readImage, readLink } from "./address"
import { fileName } from "./filename"
import { writeKeys } from "./keys"
import { presentPeople } from "./people"
import { fitting, type SuggestionChoice } from "./suggest"

describe("addresses as people type them", () => {
	test.each([
		["example.org", "https://example.org"],
		["  https://example.org/a?b#c ", "https://example.org/a?b#c"],
		["http://localhost:8080/x", "http://localhost:8080/x"],
		["localhost:8080", "https://localhost:8080"],
		["ada@example.org", "mailto:ada@example.org"],
		["mailto:ada@example.org", "mailto:ada@example.org"],
		["javascript:alert(1)", null],
		["data:text/html,x", null],
		["two words.org", null],
		["nothing", null],
		["", null],
	])("%o", (typed, address) => {
		expect(readLink(typed)).toBe(address)
	})

	test("an image must be on the web", () => {
		expect(readImage("example.org/a.png")).toBe("https://example.org/a.png")
		expect(readImage("ada@example.org")).toBeNull()
	})
})

describe("people", () => {
	const peer = (name: string, user: string, caret: boolean): PeerView => ({
		peer: name,
		user: { id: user, name: user, color: "#2563eb" },
		selection: caret ? { anchor: 0, head: 0 } : null,
		self: user === "me",
	})
	const self = { id: "me", name: "me", color: "#2563eb" }

	test("a person in two tabs is one person, and the tab with the caret is the one to go to", () => {
		const people = presentPeople([peer("1", "ada", false), peer("2", "ada", true), peer("3", "lin", true)], self)
		expect(people.map((person) => person.user.id)).toEqual(["ada", "lin", "me"])
		expect(people[0]?.peers[0]?.peer).toBe("2")
	})

	test("oneself in another tab is still oneself", () => {
		const people = presentPeople([peer("1", "me", true)], self)
		expect(people).toHaveLength(1)
		expect(people[0]?.self).toBe(true)
	})

	test("initials keep letters whole", () => {
		expect(initials("Ada Byron")).toBe("AB")
		expect(initials("zoë")).toBe("Z")
		expect(initials("👩‍🚀 Crew")).toBe("👩‍🚀C")
		expect(initials("  ")).toBe("?")
	})

	test("each offered colour carries its ink and stands out on both themes", () => {
		for (const { color } of PERSON_COLORS) {
			expect(contrast(color, inkOn(color))).toBeGreaterThanOrEqual(4.5)
			expect(contrast(color, "#ffffff")).toBeGreaterThanOrEqual(3)
			expect(contrast(color, "#191918")).toBeGreaterThanOrEqual(3)
		}
	})
})

describe("small words", () => {
	test("keys are written as the platform does", () => {
		expect(writeKeys("Mod-Shift-7", false)).toBe("Ctrl+Shift+7")
		expect(writeKeys("Mod-Shift-7", true)).toBe("⌘⇧7")
	})

	test("file names are safe everywhere", () => {
		expect(fileName('a/b\\c:"d"', "md")).toBe("a b c d.md")
		expect(fileName("  ", "txt")).toBe("Untitled.txt")
	})

	test("the running build is known by its entry script", () => {
		expect(entryScript('<script type="module" crossorigin src="/assets/index-abc.js"></script>')).toBe(
			"/assets/index-abc.js",
		)
		expect(entryScript("<p>no</p>")).toBeNull()
	})
})

describe("suggestions", () => {
	const choice = (label: string, also = ""): SuggestionChoice => ({ label, also, icon: null, accept: () => {} })
	const all = [
		choice("Text"),
		choice("Heading 1", "title h1"),
		choice("Bullet list", "points"),
		choice("Check list", "todo"),
	]

	test.each([
		["", ["Text", "Heading 1", "Bullet list", "Check list"]],
		["hea", ["Heading 1"]],
		["todo", ["Check list"]],
		["list", ["Bullet list", "Check list"]],
		["zzz", []],
	])("%o", (query, labels) => {
		expect(fitting(all, query).map((each) => each.label)).toEqual(labels)
	})
})
