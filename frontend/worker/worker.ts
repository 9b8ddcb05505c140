/**
 * The service worker: the page itself opens offline (law C3). It keeps the
 * files of one build; everything under /api/ goes past it, and a page that the
 * server gives in time is always taken from there.
 *
 * A new build waits until no tab runs the old one, so that a tab can still
 * fetch what it was built with. Tabs that load the new page meanwhile find its
 * files in the new build's cache.
 */

/** A name for this build, and the files of it that a document needs; put here by frontend/vite.config.ts. */
declare const __BUILD__: string
declare const __FILES__: readonly string[]

const worker = globalThis as unknown as ServiceWorkerGlobalScope

const OURS = "coscribe build "
const CACHE = OURS + __BUILD__
/** Every address of the page is answered with the same file. */
const PAGE = "/"
/** The server has so long to give the page before the kept one is shown, ms. */
const PATIENCE = 4_000
/** A proxy's words for a server that is not there. */
const NOBODY = [502, 503, 504]

worker.addEventListener("install", (event) => event.waitUntil(keep()))

worker.addEventListener("activate", (event) => event.waitUntil(begin()))

worker.addEventListener("fetch", (event) => {
	const { request } = event
	const { origin, pathname } = new URL(request.url)
	if (request.method !== "GET" || origin !== worker.location.origin) return
	if (request.mode === "navigate") {
		const ours = pathname === PAGE || pathname.startsWith("/d/")
		event.respondWith(ours ? page(event) : ask(event))
	} else if (pathname.startsWith("/assets/")) event.respondWith(asset(request))
})

async function keep(): Promise<void> {
	const cache = await caches.open(CACHE)
	// The page is asked for anew: what a cache on the way holds may belong to another build.
	await cache.addAll([new Request(PAGE, { cache: "reload" }), ...__FILES__])
}

async function begin(): Promise<void> {
	// The browser asks the server while this worker is still starting.
	await worker.registration.navigationPreload?.enable()
	for (const name of await caches.keys()) if (name.startsWith(OURS) && name !== CACHE) await caches.delete(name)
	await worker.clients.claim()
}

async function page(event: FetchEvent): Promise<Response> {
	const kept = () => caches.match(PAGE, { cacheName: CACHE, ignoreVary: true })
	const network = ask(event)
	event.waitUntil(network.catch(() => {}))
	const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE))
	try {
		const answer = await Promise.race([network, late])
		// Where the browser asks, in Firefox a server that is not there answers with an error.
		if (answer && answer.type !== "error" && !NOBODY.includes(answer.status)) return answer
		return (await kept()) ?? (await network)
	} catch {
		return (await kept()) ?? Response.error()
	}
}

async function ask(event: FetchEvent): Promise<Response> {
	return (await event.preloadResponse) ?? fetch(event.request)
}

async function asset(request: Request): Promise<Response> {
	return (await caches.match(request, { ignoreVary: true })) ?? fetch(request)
}
