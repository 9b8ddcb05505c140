import { signal } from "@preact/signals"

/** A place in the page. Every address has exactly one. */
export type Route =
	| { readonly page: "home" }
	| { readonly page: "trash" }
	| { readonly page: "document"; readonly id: string }
	| { readonly page: "missing" }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Reads an address. The trash is a view of the home page, because the server knows only `/` and `/d/{id}`. */
export function parseRoute(path: string, search = ""): Route {
	const parts = path.split("/").filter(Boolean)
	if (parts.length === 0)
		return new URLSearchParams(search).get("view") === "trash" ? { page: "trash" } : { page: "home" }
	const [first, id] = parts
	if (parts.length === 2 && first === "d" && id && UUID.test(id)) return { page: "document", id: id.toLowerCase() }
	return { page: "missing" }
}

/** The address of a route, the inverse of parseRoute. */
export function routePath(route: Route): string {
	switch (route.page) {
		case "document":
			return `/d/${route.id}`
		case "trash":
			return "/?view=trash"
		default:
			return "/"
	}
}

const current = signal<Route>({ page: "home" })

/** Where the person is now. Read it in a component to follow it. */
export const route = current

/** Starts following the address bar; call once. */
export function startRouter(): void {
	const read = () => {
		current.value = parseRoute(location.pathname, location.search)
	}
	addEventListener("popstate", read)
	read()
}

/** Goes to a route, as a new step in the browser's history unless `replace`. */
export function navigate(to: Route, replace = false): void {
	const path = routePath(to)
	if (replace) history.replaceState(null, "", path)
	else if (path !== location.pathname + location.search) history.pushState(null, "", path)
	current.value = to
	scrollTo(0, 0)
}

/** Turns a plain click on a link into navigate and leaves new tabs, windows and downloads to the browser. */
export function follow(event: MouseEvent, to: Route): void {
	if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
		return
	event.preventDefault()
	navigate(to)
}
