import { signal } from "@preact/signals"

/** Places that are one page each, by the first part of their address. */
const PLAIN = ["signin", "profile", "admin"] as const
/** Places that a link with a secret leads to: `/invite#secret`. */
const LINKED = ["setup", "invite", "reset", "s"] as const

/** A place in the page. Every address has exactly one. */
export type Route =
	| { readonly page: "home" }
	| { readonly page: "trash" }
	| { readonly page: "document"; readonly id: string }
	/** `view` is a part of the page. */
	| { readonly page: (typeof PLAIN)[number]; readonly view?: string }
	/** `secret` is known to the page only: it is taken out of the address before anything else happens. */
	| { readonly page: (typeof LINKED)[number]; readonly secret: string }
	| { readonly page: "missing" }

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const among = <T extends string>(names: readonly T[], name: string | undefined) => names.find((known) => known === name)

/** Reads an address. The trash is a view of the home page, as the parts of the administration are of theirs. */
export function parseRoute(path: string, search = "", hash = ""): Route {
	const [first, id, more] = path.split("/").filter(Boolean)
	const view = new URLSearchParams(search).get("view")
	if (!first) return view === "trash" ? { page: "trash" } : { page: "home" }
	if (first === "d" && id && !more && UUID.test(id)) return { page: "document", id: id.toLowerCase() }
	const plain = among(PLAIN, first)
	if (plain && !id) return view ? { page: plain, view } : { page: plain }
	const linked = among(LINKED, first)
	if (linked && !id) return { page: linked, secret: hash.slice(1) }
	return { page: "missing" }
}

/** The address of a route, the inverse of parseRoute but for secrets, which are in no address. */
export function routePath(route: Route): string {
	switch (route.page) {
		case "document":
			return `/d/${route.id}`
		case "trash":
			return "/?view=trash"
		case "home":
		case "missing":
			return "/"
		default:
			return `/${route.page}${"view" in route ? `?view=${route.view}` : ""}`
	}
}

const current = signal<Route>({ page: "home" })

/** Where the person is now. Read it in a component to follow it. */
export const route = current

/** Starts following the address bar; call once. */
export function startRouter(): void {
	const read = () => {
		const to = parseRoute(location.pathname, location.search, location.hash)
		if ("secret" in to && to.secret) history.replaceState(null, "", location.pathname)
		current.value = to
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
