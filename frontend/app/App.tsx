import { useEffect, useState } from "preact/hooks"
import { Announcer } from "./announce"
import type { DocumentPage } from "./document/DocumentPage"
import { HomePage } from "./home/HomePage"
import { loadDocumentPage } from "./pages"
import { navigate, route } from "./router"
import { Button } from "./ui/Button"
import { Toaster } from "./ui/Toast"

/** The whole page: the place the address names, the toast and the live region. */
export function App() {
	const place = route.value
	return (
		<>
			{(place.page === "home" || place.page === "trash") && <HomePage trash={place.page === "trash"} />}
			{place.page === "document" && <LazyDocument key={place.id} id={place.id} />}
			{place.page === "missing" && <Missing />}
			<Toaster />
			<Announcer />
		</>
	)
}

/** The document page once its chunk is here. */
function LazyDocument({ id }: { id: string }) {
	const [page, setPage] = useState<{ Page: typeof DocumentPage } | "failed" | null>(loaded)
	const [attempt, setAttempt] = useState(0)
	// A new attempt is the occasion to load again.
	useEffect(() => {
		if (loaded) return
		loadDocumentPage().then(
			(module) => {
				loaded = { Page: module.DocumentPage }
				setPage(loaded)
			},
			() => setPage("failed"),
		)
	}, [attempt])
	if (page === "failed")
		return (
			<main class="notice">
				<h1>The editor did not load</h1>
				<p>The server cannot be reached, or was just updated.</p>
				<Button look="primary" onClick={() => (attempt === 0 ? setAttempt(1) : location.reload())}>
					Try again
				</Button>
			</main>
		)
	return page ? <page.Page id={id} /> : null
}
let loaded: { Page: typeof DocumentPage } | null = null

function Missing() {
	return (
		<main class="notice">
			<h1>There is nothing here</h1>
			<p>The address may be incomplete.</p>
			<Button look="primary" onClick={() => navigate({ page: "home" }, true)}>
				All documents
			</Button>
		</main>
	)
}
