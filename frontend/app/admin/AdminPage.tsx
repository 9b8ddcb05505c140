import type { ComponentChildren } from "preact"
import { isAdministrator } from "../me"
import { follow, navigate } from "../router"
import { Button } from "../ui/Button"
import { Sheet } from "../ui/Sheet"
import { Audit } from "./Audit"
import { getOverview } from "./api"
import { Connections } from "./Connections"
import { Documents } from "./Documents"
import { Groups } from "./Groups"
import { Invitations } from "./Invitations"
import { size, useFetched } from "./load"
import { People } from "./People"
import { Settings } from "./Settings"
import "./admin.css"

const VIEWS: readonly (readonly [string, string, () => ComponentChildren])[] = [
	["people", "People", () => <People />],
	["invitations", "Invitations", () => <Invitations />],
	["groups", "Groups", () => <Groups />],
	["documents", "Documents", () => <Documents />],
	["connections", "Connections", () => <Connections />],
	["audit", "Audit log", () => <Audit />],
	["settings", "Settings", () => <Settings />],
]

/** The server's people, documents and settings, for its administrators and owners. */
export function AdminPage({ view = "people" }: { view?: string | undefined }) {
	if (!isAdministrator())
		return (
			<main class="notice">
				<h1>For administrators</h1>
				<p>This page is for those who look after the server. Ask one of its owners to make you an administrator.</p>
				<Button look="primary" onClick={() => navigate({ page: "home" }, true)}>
					All documents
				</Button>
			</main>
		)
	const shown = VIEWS.find(([name]) => name === view) ?? VIEWS[0]
	return (
		<Sheet title="Administration" wide>
			<Figures />
			<nav class="tabs" aria-label="Parts of the administration">
				{VIEWS.map(([name, words]) => (
					<a
						key={name}
						class="tab"
						href={`/admin?view=${name}`}
						aria-current={name === shown?.[0] ? "page" : undefined}
						onClick={(event) => follow(event, { page: "admin", view: name })}
					>
						{words}
					</a>
				))}
			</nav>
			<section class="admin-view" aria-label={shown?.[1]} key={shown?.[0]}>
				{shown?.[2]()}
			</section>
		</Sheet>
	)
}

/** The server in one line. */
function Figures() {
	const { value } = useFetched(getOverview, "")
	if (!value) return <p class="figures"> </p>
	const { people, documents, connections, bytes, version } = value
	const parts = [
		people !== undefined && `${people} ${people === 1 ? "person" : "people"}`,
		documents !== undefined && `${documents} ${documents === 1 ? "document" : "documents"}`,
		connections !== undefined && `${connections} connected now`,
		bytes !== undefined && `${size(bytes)} on disk`,
		version && `version ${version}`,
	]
	return <p class="figures">{parts.filter(Boolean).join(" · ")}</p>
}
