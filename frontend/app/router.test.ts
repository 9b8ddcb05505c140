import { describe, expect, test } from "vitest"
import { parseRoute, type Route, routePath } from "./router"

const id = "0190a000-0000-7000-8000-00000000abcd"

describe("router", () => {
	test.each<[string, string, Route]>([
		["/", "", { page: "home" }],
		["/", "?view=trash", { page: "trash" }],
		["/", "?view=other", { page: "home" }],
		[`/d/${id}`, "", { page: "document", id }],
		[`/d/${id}/`, "", { page: "document", id }],
		[`/d/${id.toUpperCase()}`, "", { page: "document", id }],
		["/d/", "", { page: "missing" }],
		["/d/not-an-id", "", { page: "missing" }],
		[`/d/${id}/more`, "", { page: "missing" }],
		["/elsewhere", "", { page: "missing" }],
	])("reads %s%s", (path, search, route) => {
		expect(parseRoute(path, search)).toEqual(route)
	})

	test.each<[string, Route]>([
		["/invite", { page: "invite", secret: "abc_-9" }],
		["/setup", { page: "setup", secret: "abc_-9" }],
		["/reset/", { page: "reset", secret: "abc_-9" }],
		["/s", { page: "s", secret: "abc_-9" }],
		["/invite/more", { page: "missing" }],
	])("reads %s with a secret after it", (path, route) => {
		expect(parseRoute(path, "", "#abc_-9")).toEqual(route)
	})

	test("no address holds a secret", () => {
		expect(routePath({ page: "invite", secret: "abc" })).toBe("/invite")
	})

	test.each<Route>([
		{ page: "home" },
		{ page: "trash" },
		{ page: "document", id },
		{ page: "signin" },
		{ page: "profile" },
		{ page: "admin" },
		{ page: "admin", view: "audit" },
	])("an address reads back: %o", (route) => {
		const [path = "", search = ""] = routePath(route).split("?")
		expect(parseRoute(path, search)).toEqual(route)
	})
})
