import { useEffect, useState } from "preact/hooks"
import { Announcer } from "./announce"
import { HomePage } from "./home/HomePage"
import { isOpen, me, signedOut } from "./me"
import { loadAdminPage, loadDocumentPage, loadEntrance, loadProfilePage } from "./pages"
import { navigate, type Route, route } from "./router"
import { Button } from "./ui/Button"
import { Lazy } from "./ui/Lazy"
import { Toaster } from "./ui/Toast"

/** A server that does not say so soon who this is holds nothing up, ms. */
const UNKNOWN_FOR = 1_500

/** The whole page: the place the address names, the toast and the live region. */
export function App() {
	return (
		<>
			<Place place={route.value} />
			<Toaster />
			<Announcer />
		</>
	)
}

function Place({ place }: { place: Route }) {
	const [patient, setPatient] = useState(true)
	useEffect(() => {
		const wait = setTimeout(() => setPatient(false), UNKNOWN_FOR)
		return () => clearTimeout(wait)
	}, [])
	const self = me.value
	switch (place.page) {
		case "document":
			return (
				<Lazy load={loadDocumentPage} failed={Unloaded}>
					{({ DocumentPage }) => <DocumentPage key={place.id} id={place.id} />}
				</Lazy>
			)
		case "missing":
			return <Missing />
		case "setup":
		case "invite":
		case "reset":
		case "s":
		case "signin":
			return (
				<Lazy load={loadEntrance} failed={Unloaded}>
					{({ Entrance }) => <Entrance place={place} />}
				</Lazy>
			)
	}
	// What belongs to members waits until it is known who this is.
	if (self === undefined && patient) return null
	// A guest who came by a share link has that document and no list.
	if (signedOut.value || (self?.standing === "guest" && !isOpen()))
		return (
			<Lazy load={loadEntrance} failed={Unloaded}>
				{({ Entrance }) => <Entrance place={place} />}
			</Lazy>
		)
	switch (place.page) {
		case "profile":
			return (
				<Lazy load={loadProfilePage} failed={Unloaded}>
					{({ ProfilePage }) => <ProfilePage />}
				</Lazy>
			)
		case "admin":
			return (
				<Lazy load={loadAdminPage} failed={Unloaded}>
					{({ AdminPage }) => <AdminPage view={place.view} />}
				</Lazy>
			)
		default:
			return <HomePage trash={place.page === "trash"} />
	}
}

/** In place of a page whose chunk did not come. */
function Unloaded(again: () => void) {
	return (
		<main class="notice">
			<h1>This page did not load</h1>
			<p>The server cannot be reached, or was just updated.</p>
			<Button look="primary" onClick={again}>
				Try again
			</Button>
		</main>
	)
}

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
